//! What a sink is: one place out of the daemon's reach.

use std::io;
use std::path::{Path, PathBuf};

use crate::http::HttpError;
use crate::queue::{Entry, Queue, QueueError};
use crate::state::Cursor;

/// One place that checkpoints are delivered to.
pub trait Sink: Send {
    /// Delivers one checkpoint; `cursor` is what was durably noted before. After a crash, the one that was under way is delivered once more: to repeat must do no harm.
    ///
    /// # Errors
    ///
    /// [`SinkError`]; the checkpoint stays in the queue and is delivered later.
    fn deliver(
        &mut self,
        entry: &Entry,
        cursor: &Cursor,
        queue: &mut dyn Queue,
    ) -> Result<Outcome, SinkError>;
}

/// What became of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The sink has it.
    Delivered {
        /// What shows that, to be kept.
        evidence: Vec<Evidence>,
        /// How far a file reaches, in bytes; 0 for other kinds.
        reach: u64,
    },
    /// The sink has a later one, which vouches for this one, too.
    Superseded {
        /// How many receipts the later one covers.
        size: u64,
    },
}

/// One file of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The end of its name, with the dot.
    pub suffix: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Evidence {
    /// The evidence of a sink that signs nothing on its own: the checkpoint itself.
    pub(crate) fn checkpoint(entry: &Entry) -> Vec<Self> {
        Self::cosigned(entry, entry.note().to_string())
    }

    /// A note, and the list of heads beside it where the note holds only a part of them.
    pub(crate) fn cosigned(entry: &Entry, note: String) -> Vec<Self> {
        let mut evidence = Vec::new();
        if entry.heads().heads().len() > entry.checkpoint().newest.len() {
            evidence.push(Self { suffix: HEADS, bytes: entry.heads().to_text().into_bytes() });
        }
        // The note last: who finds it finds the heads, too.
        evidence.push(Self { suffix: NOTE, bytes: note.into_bytes() });
        evidence
    }
}

/// Why a checkpoint was not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The disk refused.
    #[error("cannot {what} `{}`: {error}", path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// There was no answer, or none of use.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The sink answered that it will not.
    #[error("refused with status {status}{}", shown(.reason))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The sink's words, shortened.
        reason: String,
    },
    /// The sink answered what it must not.
    #[error("{0}")]
    Wrong(String),
    /// There is no randomness for a nonce.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// The queue could not be read.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// What was delivered before is not as it was left, or the sink has seen another history. No retry mends this.
    #[error("ALARM: {0}")]
    Alarm(String),
}

impl SinkError {
    /// Whether a person must look, because somebody has changed what must not change.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::Alarm(_))
    }

    pub(crate) fn disk(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Disk { what, path: path.to_owned(), error }
    }

    /// A sink's own words are a stranger's: the first of them, on one line.
    pub(crate) fn refused(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body.get(..SHOWN).unwrap_or(body)).trim().to_owned();
        Self::Refused { status, reason: crate::surroundings::on_one_line(&text) }
    }
}

fn shown(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": `{reason}`") }
}

/// Bytes of a sink's own words.
const SHOWN: usize = 300;
pub(crate) const NOTE: &str = ".note";
pub(crate) const HEADS: &str = ".heads";
pub(crate) const TOKEN: &str = ".tsr";
