//! A checkpoint with its signatures.

use std::fmt;

use agent_receipts_core::{PublicKey, Signer};

use super::CheckpointError;
use super::body::Checkpoint;
use super::key::NoteKey;
use super::note::{NoteError, SignedNote};

/// A checkpoint and the note that it stands in. What was read is not believed before [`SignedCheckpoint::verify`].
///
/// ```
/// use agent_receipts_chain::checkpoint::SignedCheckpoint;
/// use agent_receipts_core::PublicKey;
///
/// fn size_of_log(note: &[u8], key: &PublicKey) -> Option<u64> {
///     let checkpoint = SignedCheckpoint::parse(note).ok()?;
///     checkpoint.verify(key).ok()?;
///     Some(checkpoint.checkpoint().size)
/// }
/// # assert_eq!(size_of_log(b"", &PublicKey::from_bytes([0; 32])), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: SignedNote,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Signs a checkpoint with the private half of `key`, in the name of its origin.
    ///
    /// # Errors
    ///
    /// The signer's.
    pub fn sign<S: Signer>(checkpoint: Checkpoint, key: &PublicKey, signer: &S) -> Result<Self, S::Error> {
        let checkpoint = Checkpoint { key: key.fingerprint(), unknown_lines: 0, ..checkpoint };
        let name = NoteKey { name: checkpoint.origin.clone(), key: *key };
        let note = SignedNote::sign(checkpoint.to_text(), &name, signer)?;
        Ok(Self { note, checkpoint })
    }

    /// Reads a note and the checkpoint in it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`].
    pub fn parse(note: &[u8]) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }

    /// Whether `key` is the one that the checkpoint names, and has signed it in the name of its origin.
    ///
    /// # Errors
    ///
    /// [`NoteError::NotSignedBy`] or [`NoteError::BadSignature`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), NoteError> {
        let name = self.checkpoint.origin.clone();
        if key.fingerprint() != self.checkpoint.key {
            return Err(NoteError::NotSignedBy { name });
        }
        self.note.verify(&NoteKey { name, key: *key })
    }

    /// The one of these keys that the checkpoint names.
    pub fn named_among<'a>(&self, keys: impl IntoIterator<Item = &'a PublicKey>) -> Option<&'a PublicKey> {
        keys.into_iter().find(|key| key.fingerprint() == self.checkpoint.key)
    }

    /// What it says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note.
    pub fn note(&self) -> &SignedNote {
        &self.note
    }

    /// The note, to add a witness's signature to.
    pub fn note_mut(&mut self) -> &mut SignedNote {
        &mut self.note
    }
}

/// The note as it is written.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)
    }
}
