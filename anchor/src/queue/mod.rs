//! The queue of checkpoints: the daemon's own table, which it fills durably and we only read.

mod keys;
mod store;

pub use keys::{KeyFiles, KeysError};
pub use store::StoreQueue;

use agent_receipts_chain::checkpoint::{
    Checkpoint, CheckpointError, HeadList, NoteError, SignedCheckpoint, SignedNote,
};
use agent_receipts_chain::tree::NodeHash;
use agent_receipts_core::{Fingerprint, PublicKey};
use agent_receipts_store::StoreError;

/// One checkpoint, as it is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    signed: SignedCheckpoint,
    heads: HeadList,
    /// Those that may sign for this log; one of them has signed this.
    keys: Vec<PublicKey>,
}

impl Entry {
    /// Whether one of the keys that may sign for this log has signed a note over the same receipts: a daemon that starts anew may
    /// sign them anew.
    pub fn is_signed_anew_as(&self, note: &[u8]) -> bool {
        let Ok(other) = SignedCheckpoint::parse(note) else { return false };
        let (ours, theirs) = (self.checkpoint(), other.checkpoint());
        (&ours.origin, ours.size, ours.root) == (&theirs.origin, theirs.size, theirs.root)
            && other.named_among(&self.keys).is_some_and(|key| other.verify(key).is_ok())
    }

    /// The signed note.
    pub fn note(&self) -> &SignedNote {
        self.signed.note()
    }

    /// What the note says.
    pub fn checkpoint(&self) -> &Checkpoint {
        self.signed.checkpoint()
    }

    /// The whole list of heads that the note commits to.
    pub fn heads(&self) -> &HeadList {
        &self.heads
    }

    /// How many receipts it covers, by which checkpoints are ordered.
    pub fn size(&self) -> u64 {
        self.checkpoint().size
    }

    /// The names of its evidence begin with this, and ascend.
    pub fn stem(&self) -> String {
        format!("{:012}", self.size())
    }
}

/// Where checkpoints come from.
pub trait Queue {
    /// The checkpoint over exactly so many receipts.
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    fn at(&mut self, size: u64) -> Result<Option<Entry>, QueueError>;

    /// The first checkpoint over more receipts.
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    fn after(&mut self, size: u64) -> Result<Option<Entry>, QueueError>;

    /// The size of the newest checkpoint, 0 if there is none.
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    fn newest(&mut self) -> Result<u64, QueueError>;

    /// How many checkpoints there are over more receipts, as far as `limit`.
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    fn pending(&mut self, size: u64, limit: u64) -> Result<u64, QueueError>;

    /// The hashes that show the log of `second` receipts to begin with that of `first` (RFC 6962 §2.1.2).
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    fn consistency(&mut self, first: u64, second: u64) -> Result<Vec<NodeHash>, QueueError>;
}

/// Why the queue cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The database cannot be read now.
    #[error("cannot read the database: {0}")]
    Store(#[from] StoreError),
    /// A checkpoint in the database is damaged.
    #[error(
        "the checkpoint over {size} receipts in the database is damaged: {reason}; restore the database from a backup"
    )]
    Damaged {
        /// How many receipts it is said to cover.
        size: u64,
        /// What is wrong.
        reason: CheckpointError,
    },
    /// A checkpoint in the database is not the one that its place is for.
    #[error(
        "the checkpoint over {size} receipts in the database says {says}; restore the database from a backup"
    )]
    Misplaced {
        /// How many receipts it is said to cover.
        size: u64,
        /// How many it covers.
        says: u64,
    },
    /// The keys that may have signed cannot be read.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A checkpoint names a key that is not known here.
    #[error(
        "the checkpoint over {size} receipts names the key `{key}`, which is neither published nor archived beside it: it was planted, or `public_key` is another daemon's"
    )]
    UnknownKey {
        /// How many receipts it is said to cover.
        size: u64,
        /// The key's fingerprint.
        key: Fingerprint,
    },
    /// A checkpoint is not signed by the key that it names.
    #[error("the checkpoint over {size} receipts was planted or altered: {reason}")]
    BadSignature {
        /// How many receipts it is said to cover.
        size: u64,
        /// What is wrong.
        reason: NoteError,
    },
    /// The database does not lead from one checkpoint to another.
    #[error("the database does not lead from its receipt {first} to its receipt {second}: {reason}")]
    NoProof {
        /// The earlier size.
        first: u64,
        /// The later size.
        second: u64,
        /// What is wrong.
        reason: String,
    },
}
