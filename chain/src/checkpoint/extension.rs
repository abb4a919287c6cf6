//! One checkpoint extends another, shown without the log.

use agent_receipts_core::json::{JsonError, Object, Rules, Value, canonical, parse};
use agent_receipts_core::{Fingerprint, PublicKey};

use super::key::KeyName;
use super::note::{MAX_NOTE, NoteError};
use super::path::{read_path, write_path};
use super::signed::SignedCheckpoint;
use super::{Checkpoint, CheckpointError};
use crate::tree::{ConsistencyProof, NodeHash, ProofError};

/// Two signed checkpoints of a log, and the hashes that show the later one to be over all that the earlier one is over, in the same
/// order, and then more. Written as JSON:
///
/// `{"earlier":"<note>","format":"agent-receipts-extension/1","later":"<note>","path":"<base64 of the hashes>"}`
///
/// Whoever checks it brings the keys that he trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionProof {
    earlier: SignedCheckpoint,
    later: SignedCheckpoint,
    path: Vec<NodeHash>,
}

/// What an extension shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extended {
    /// What the earlier checkpoint says.
    pub earlier: Checkpoint,
    /// The key that signed it.
    pub earlier_signed_by: Fingerprint,
    /// What the later checkpoint says, that a trusted key signed.
    pub later: Checkpoint,
    /// The key that signed it.
    pub later_signed_by: Fingerprint,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The smaller one.
    Earlier,
    /// The larger one.
    Later,
}

/// Why something is no proof of an extension, or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionProofError {
    /// The file is longer than any such proof.
    #[error("longer than {} bytes", ExtensionProof::MAX)]
    TooLong,
    /// It is not JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is not such a proof, or one of a later version.
    #[error("no proof of the format `{FORMAT}`")]
    Format,
    /// A member is missing, or is not what it should be.
    #[error("`{member}` is missing or malformed")]
    Member {
        /// The member.
        member: &'static str,
    },
    /// One of the checkpoints cannot be read.
    #[error("the {side} checkpoint: {error}")]
    Checkpoint {
        /// Which.
        side: Side,
        /// Why.
        error: CheckpointError,
    },
    /// The two are of different logs.
    #[error("the earlier checkpoint is of the log `{earlier}`, the later one of `{later}`")]
    OtherLog {
        /// The earlier one's.
        earlier: KeyName,
        /// The later one's.
        later: KeyName,
    },
    /// The earlier checkpoint is the larger one.
    #[error(
        "the earlier checkpoint is over {earlier} receipts, and the later one over {later} only: they are swapped, or of two histories"
    )]
    Shrinks {
        /// Receipts of the earlier one.
        earlier: u64,
        /// Receipts of the later one.
        later: u64,
    },
    /// No trusted key signed it.
    #[error("the {side} checkpoint is not signed by a key that is trusted here; it names {named}")]
    NotTrusted {
        /// Which.
        side: Side,
        /// The key that it names.
        named: Fingerprint,
    },
    /// The signature does not hold.
    #[error("the {side} checkpoint: {error}")]
    Signature {
        /// Which.
        side: Side,
        /// Why.
        error: NoteError,
    },
    /// The hashes do not lead from one root to the other.
    #[error("the later checkpoint is not shown to extend the earlier one: {0}")]
    Consistency(#[from] ProofError),
}

impl ExtensionProof {
    /// The longest proof that is read, in bytes: two notes as JSON may spell them, and the hashes.
    pub const MAX: usize = 4 * MAX_NOTE;

    /// Puts a proof together; `path` is that of a [`ConsistencyProof`] for the two sizes. Whether it holds, [`ExtensionProof::verify`]
    /// says.
    pub fn new(earlier: SignedCheckpoint, later: SignedCheckpoint, path: Vec<NodeHash>) -> Self {
        Self { earlier, later, path }
    }

    /// Reads a proof, believing nothing of it. Members that are not known are passed over.
    ///
    /// # Errors
    ///
    /// [`ExtensionProofError`]; [`ExtensionProofError::Format`] for JSON that is something else.
    pub fn parse(json: &[u8]) -> Result<Self, ExtensionProofError> {
        if json.len() > Self::MAX {
            return Err(ExtensionProofError::TooLong);
        }
        let proof = parse(json, Rules::Receipt)?;
        let proof = proof.as_object().ok_or(ExtensionProofError::Format)?;
        if text(proof, "format").ok() != Some(FORMAT) {
            return Err(ExtensionProofError::Format);
        }
        let note = |member, side| {
            SignedCheckpoint::parse(text(proof, member)?.as_bytes())
                .map_err(|error| ExtensionProofError::Checkpoint { side, error })
        };
        let path = read_path(text(proof, "path")?).ok_or(ExtensionProofError::Member { member: "path" })?;
        Ok(Self { earlier: note("earlier", Side::Earlier)?, later: note("later", Side::Later)?, path })
    }

    /// The proof as it is written: one line of JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let proof: Object = [
            ("format", Value::from(FORMAT)),
            ("earlier", Value::from(self.earlier.to_string())),
            ("later", Value::from(self.later.to_string())),
            ("path", Value::from(write_path(&self.path))),
        ]
        .into_iter()
        .collect();
        let mut json = canonical(&proof.into());
        json.push(b'\n');
        json
    }

    /// Checks everything: that both are of one log, that a trusted key signed the later checkpoint, and a trusted key, or one of
    /// `former`, the earlier one, and that the later root hash is over all that the earlier one is over. A former key need not be
    /// vouched for by anybody else: the later checkpoint vouches for every receipt that the earlier one counts.
    ///
    /// # Errors
    ///
    /// [`ExtensionProofError`].
    pub fn verify(
        &self,
        trusted: &[PublicKey],
        former: &[PublicKey],
    ) -> Result<Extended, ExtensionProofError> {
        let (earlier, later) = (self.earlier.checkpoint(), self.later.checkpoint());
        if earlier.origin != later.origin {
            let (earlier, later) = (earlier.origin.clone(), later.origin.clone());
            return Err(ExtensionProofError::OtherLog { earlier, later });
        }
        if earlier.size > later.size {
            return Err(ExtensionProofError::Shrinks { earlier: earlier.size, later: later.size });
        }
        let later_key = signer(&self.later, Side::Later, trusted)?;
        let earlier_key = signer(&self.earlier, Side::Earlier, trusted.iter().chain(former))?;
        let proof =
            ConsistencyProof { first_size: earlier.size, second_size: later.size, path: self.path.clone() };
        proof.verify(&earlier.root, &later.root)?;
        Ok(Extended {
            earlier: earlier.clone(),
            earlier_signed_by: earlier_key.fingerprint(),
            later: later.clone(),
            later_signed_by: later_key.fingerprint(),
        })
    }

    /// The smaller checkpoint.
    pub fn earlier(&self) -> &SignedCheckpoint {
        &self.earlier
    }

    /// The larger one.
    pub fn later(&self) -> &SignedCheckpoint {
        &self.later
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Earlier => "earlier",
            Self::Later => "later",
        })
    }
}

/// The key that the checkpoint names and that signed it.
fn signer<'a>(
    signed: &SignedCheckpoint,
    side: Side,
    keys: impl IntoIterator<Item = &'a PublicKey>,
) -> Result<&'a PublicKey, ExtensionProofError> {
    let named = signed.checkpoint().key;
    let key = signed.named_among(keys).ok_or(ExtensionProofError::NotTrusted { side, named })?;
    signed.verify(key).map_err(|error| ExtensionProofError::Signature { side, error })?;
    Ok(key)
}

fn text<'a>(object: &'a Object, member: &'static str) -> Result<&'a str, ExtensionProofError> {
    object.get(member).and_then(Value::as_str).ok_or(ExtensionProofError::Member { member })
}

const FORMAT: &str = "agent-receipts-extension/1";
