//! The queue of checkpoints: the daemon's own table, which it fills durably and we only read.

mod store;

pub use store::StoreQueue;

use agent_receipts_chain::checkpoint::{Checkpoint, CheckpointError, HeadList, SignedNote};
use agent_receipts_chain::tree::NodeHash;
use agent_receipts_store::StoreError;

/// One checkpoint, as it is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The signed note.
    pub note: SignedNote,
    /// What the note says. Whether it was rightly signed is for whoever verifies the evidence.
    pub checkpoint: Checkpoint,
    /// The whole list of heads that the note commits to.
    pub heads: HeadList,
}

impl Entry {
    /// Reads what the queue holds.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] if the note is no checkpoint, or the heads are not those it was signed with.
    pub fn parse(note: &[u8], heads: &str) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let heads = HeadList::parse(heads)?;
        checkpoint.check_heads(&heads)?;
        Ok(Self { note, checkpoint, heads })
    }

    /// How many receipts it covers, by which checkpoints are ordered.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
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
