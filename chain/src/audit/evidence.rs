//! What was kept elsewhere.

use agent_receipts_core::Received;
use agent_receipts_core::json::{JsonError, Object, Rules, Value, canonical, parse};

use crate::checkpoint::{CheckpointError, HeadList, SignedCheckpoint};

/// One thing that somebody kept, and where it was found.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Where it was found, for people: a file and a line, say.
    pub source: String,
    /// What it says.
    pub statement: Statement,
}

/// What a piece of evidence says. Its signature is not checked yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Statement {
    /// A checkpoint, with the whole list of its heads where that was kept beside it.
    Checkpoint(Box<SignedCheckpoint>, Option<HeadList>),
    /// A rotation receipt.
    Rotation(Box<Received>),
    /// A record of a kind that is not known here.
    Unknown,
}

/// Why something is no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// It is no checkpoint, or its list of heads is another's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It is not JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A record has not the members of its kind.
    #[error("a record without a usable `{member}`")]
    Record {
        /// What is missing or of another kind.
        member: &'static str,
    },
}

impl Evidence {
    /// A bare note, as a witness or an object store keeps it, and the list of heads that was kept beside it.
    ///
    /// # Errors
    ///
    /// [`EvidenceError::Checkpoint`].
    pub fn of_note(
        source: impl Into<String>,
        note: &[u8],
        heads: Option<&str>,
    ) -> Result<Self, EvidenceError> {
        let checkpoint = SignedCheckpoint::parse(note)?;
        let heads = heads.map(HeadList::parse).transpose()?;
        if let Some(heads) = &heads {
            checkpoint.checkpoint().check_heads(heads)?;
        }
        Ok(Self { source: source.into(), statement: Statement::Checkpoint(Box::new(checkpoint), heads) })
    }

    /// One line of an anchor log: `{"anchored_at":…,"event_type":…,"payload":…}`.
    ///
    /// # Errors
    ///
    /// [`EvidenceError`].
    pub fn of_record(source: impl Into<String>, line: &[u8]) -> Result<Self, EvidenceError> {
        let wrong = |member| EvidenceError::Record { member };
        let record = parse(line, Rules::Receipt)?;
        let record = record.as_object().ok_or(wrong("event_type"))?;
        let payload = record.get("payload").ok_or(wrong("payload"))?;
        match text(record, "event_type").ok_or(wrong("event_type"))? {
            "checkpoint" => {
                let payload = payload.as_object().ok_or(wrong("payload"))?;
                let note = text(payload, "note").ok_or(wrong("note"))?;
                Self::of_note(source, note.as_bytes(), text(payload, "heads"))
            }
            "rotation" => {
                let receipt = Received::parse(&canonical(payload)).map_err(|_| wrong("payload"))?;
                if receipt.receipt().subject.key_rotation.is_none() {
                    return Err(wrong("payload"));
                }
                Ok(Self { source: source.into(), statement: Statement::Rotation(Box::new(receipt)) })
            }
            _ => Ok(Self { source: source.into(), statement: Statement::Unknown }),
        }
    }
}

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}
