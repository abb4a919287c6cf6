//! What proofs are made from.

use std::ops::Range;

use super::frontier::Frontier;
use super::hash::NodeHash;

/// The number of leaves in a full group, whose root a store keeps. With 256, the hashes that are kept take an eighth of a
/// byte a receipt, and a proof reads 256 receipts.
pub const GROUP: u64 = 1 << GROUP_LEVEL;
pub(super) const GROUP_LEVEL: u32 = 8;

/// Gives the parts of a stored tree. Whatever it gives is used and not believed.
pub trait TreeReader {
    /// Why something could not be read.
    type Error;

    /// The root of the full group `number`, from 0: leaves `number * GROUP` and on.
    ///
    /// # Errors
    ///
    /// The reader's own, also where there is no such group.
    fn group(&mut self, number: u64) -> Result<NodeHash, Self::Error>;

    /// The leaves of this range, which never crosses the end of a group and is never longer than [`GROUP`].
    ///
    /// # Errors
    ///
    /// The reader's own, also where leaves are missing.
    fn leaves(&mut self, range: Range<u64>) -> Result<Vec<NodeHash>, Self::Error>;
}

/// Why a proof could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError<E> {
    /// The leaf does not lie in the tree, or the first tree is larger than the second.
    #[error("{of} is not within a tree of {size} receipts")]
    OutOfRange {
        /// The leaf's index, or the size of the first tree.
        of: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The reader gave another number of leaves than it was asked for.
    #[error("{found} receipts where the tree has {wanted}, from number {first}")]
    Leaves {
        /// The first leaf that was asked for.
        first: u64,
        /// How many were asked for.
        wanted: u64,
        /// How many came.
        found: u64,
    },
    /// The reader failed.
    #[error(transparent)]
    Read(#[from] E),
}

/// The root hash of the first `size` leaves.
///
/// # Errors
///
/// [`BuildError`] as the reader fails.
pub fn root_of<R: TreeReader>(reader: &mut R, size: u64) -> Result<NodeHash, BuildError<R::Error>> {
    subtree(reader, 0..size)
}

/// The root of the leaves in a range that RFC 6962 splits off: it begins at a multiple of a power of two that is not less
/// than its length.
pub(super) fn subtree<R: TreeReader>(
    reader: &mut R,
    range: Range<u64>,
) -> Result<NodeHash, BuildError<R::Error>> {
    let mut tree = Frontier::default();
    let mut at = range.start;
    while range.end - at >= GROUP {
        let group = reader.group(at / GROUP)?;
        // Only groups are in the tree yet, so that none can be out of place.
        let _ = tree.push_group(group);
        at += GROUP;
    }
    for leaf in leaves(reader, at..range.end)? {
        tree.push(leaf);
    }
    Ok(tree.root())
}

/// The leaves of a range, as many as it is long.
pub(super) fn leaves<R: TreeReader>(
    reader: &mut R,
    range: Range<u64>,
) -> Result<Vec<NodeHash>, BuildError<R::Error>> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let (first, wanted) = (range.start, range.end - range.start);
    let leaves = reader.leaves(range)?;
    let found = leaves.len() as u64;
    if found == wanted { Ok(leaves) } else { Err(BuildError::Leaves { first, wanted, found }) }
}

/// The root of leaves at hand.
pub(super) fn root_of_leaves(leaves: &[NodeHash]) -> NodeHash {
    let mut tree = Frontier::default();
    for leaf in leaves {
        tree.push(*leaf);
    }
    tree.root()
}
