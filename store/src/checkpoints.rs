//! Signed checkpoints, and the hashes from which the tree below them is taken up again.

use crate::StoreError;

/// The root of a full group of leaves of the tree over all rows, in the order of their row numbers. The store takes it at its
/// word; whoever reads it holds it against a signed root hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    /// The group, from 0.
    pub number: u64,
    /// Its root hash.
    pub hash: [u8; 32],
    /// The row number of its last leaf.
    pub last_rowid: i64,
}

/// A signed checkpoint as text, with the list of heads that it commits to. The store takes both at their word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many rows it is over; unique in the store.
    pub tree_size: u64,
    /// The signed note.
    pub note: String,
    /// The list of heads, one a line.
    pub heads: String,
}

/// Reading checkpoints. A store that has none, such as one that another implementation wrote, gives nothing.
pub trait CheckpointReader {
    /// The groups from number `first` on, in order, at most `limit` of them. Numbers may be missing where somebody altered
    /// the database.
    fn groups(&self, first: u64, limit: u64) -> Result<Vec<StoredGroup>, StoreError>;

    /// The checkpoints over more than `size` rows, smallest first, at most `limit` of them.
    fn checkpoints_after(&self, size: u64, limit: u64) -> Result<Vec<StoredCheckpoint>, StoreError>;

    /// The checkpoints over at most `size` rows, greatest first, at most `limit` of them.
    fn checkpoints_up_to(&self, size: u64, limit: u64) -> Result<Vec<StoredCheckpoint>, StoreError>;
}

/// Writing checkpoints.
pub trait CheckpointStore: CheckpointReader {
    /// Writes groups, and the checkpoint over them if there is one, in one transaction of its own: on disk on `Ok`, not there on
    /// `Err`. What stood under the same numbers is replaced.
    ///
    /// # Errors
    ///
    /// As for [`ReceiptStore::append`](crate::ReceiptStore::append).
    fn write_checkpoint(
        &mut self,
        groups: &[StoredGroup],
        checkpoint: Option<&StoredCheckpoint>,
    ) -> Result<(), StoreError>;
}
