//! One log extends another.

use super::hash::NodeHash;
use super::reader::{BuildError, TreeReader, subtree};
use super::{ProofError, split};

/// What shows that the tree of the first `first_size` leaves is the beginning of a larger one (RFC 6962 §2.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The number of leaves of the earlier tree.
    pub first_size: u64,
    /// The number of leaves of the later tree.
    pub second_size: u64,
    /// The hashes: at most 65, and none where one of the trees is empty or both are of one size.
    pub path: Vec<NodeHash>,
}

impl ConsistencyProof {
    /// Whether the tree with root `second` begins with the one with root `first` (RFC 9162 §2.1.4.2).
    ///
    /// # Errors
    ///
    /// [`ProofError`].
    pub fn verify(&self, first: &NodeHash, second: &NodeHash) -> Result<(), ProofError> {
        let Self { first_size, second_size, .. } = *self;
        if first_size > second_size {
            return Err(ProofError::OutOfRange { of: first_size, size: second_size });
        }
        if first_size == 0 || first_size == second_size {
            let holds = if first_size == 0 { *first == NodeHash::empty() } else { first == second };
            return match (self.path.is_empty(), holds) {
                (false, _) => Err(ProofError::WrongLength),
                (true, false) => Err(ProofError::WrongRoot),
                (true, true) => Ok(()),
            };
        }
        // A first tree that is a full subtree of the second is its own first hash, and left out of the proof.
        let mut path = first_size.is_power_of_two().then_some(first).into_iter().chain(&self.path);
        let (mut index, mut last) = (first_size - 1, second_size - 1);
        while index & 1 == 1 {
            (index, last) = (index >> 1, last >> 1);
        }
        let start = *path.next().ok_or(ProofError::WrongLength)?;
        let (mut earlier, mut later) = (start, start);
        for node in path {
            if last == 0 {
                return Err(ProofError::WrongLength);
            }
            if index & 1 == 1 || index == last {
                earlier = NodeHash::of_children(node, &earlier);
                later = NodeHash::of_children(node, &later);
                while index & 1 == 0 && index != 0 {
                    (index, last) = (index >> 1, last >> 1);
                }
            } else {
                later = NodeHash::of_children(&later, node);
            }
            (index, last) = (index >> 1, last >> 1);
        }
        if last != 0 {
            return Err(ProofError::WrongLength);
        }
        if earlier == *first && later == *second { Ok(()) } else { Err(ProofError::WrongRoot) }
    }
}

/// Shows that the tree of `second_size` leaves begins with that of `first_size`.
///
/// # Errors
///
/// [`BuildError::OutOfRange`] if the first is larger, or as the reader fails.
pub fn prove_consistency<R: TreeReader>(
    reader: &mut R,
    first_size: u64,
    second_size: u64,
) -> Result<ConsistencyProof, BuildError<R::Error>> {
    if first_size > second_size {
        return Err(BuildError::OutOfRange { of: first_size, size: second_size });
    }
    let mut path = Vec::new();
    if first_size != 0 && first_size != second_size {
        let mut range = 0..second_size;
        // Whether the earlier tree is a full subtree on the way down: then its root is known and left out.
        let mut whole = true;
        while range.end != first_size {
            let middle = range.start + split(range.end - range.start);
            if first_size <= middle {
                path.push(subtree(reader, middle..range.end)?);
                range.end = middle;
            } else {
                path.push(subtree(reader, range.start..middle)?);
                range.start = middle;
                whole = false;
            }
        }
        if !whole {
            path.push(subtree(reader, range)?);
        }
        path.reverse();
    }
    Ok(ConsistencyProof { first_size, second_size, path })
}
