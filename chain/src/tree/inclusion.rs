//! One receipt is in a log.

use std::ops::Range;

use super::hash::NodeHash;
use super::reader::{BuildError, GROUP, TreeReader, leaves, root_of_leaves, subtree};
use super::{ProofError, split};

/// What leads from a leaf to the root of its tree (RFC 6962 §2.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The leaf's index, from 0.
    pub leaf_index: u64,
    /// The number of leaves of the tree.
    pub tree_size: u64,
    /// The siblings on the way, from the leaf up: at most 64.
    pub path: Vec<NodeHash>,
}

impl InclusionProof {
    /// Whether `leaf` lies under `root` at the index (RFC 9162 §2.1.3.2). The index counts: no other passes.
    ///
    /// # Errors
    ///
    /// [`ProofError`].
    pub fn verify(&self, leaf: NodeHash, root: &NodeHash) -> Result<(), ProofError> {
        let Self { leaf_index, tree_size, .. } = *self;
        if leaf_index >= tree_size {
            return Err(ProofError::OutOfRange { of: leaf_index, size: tree_size });
        }
        let (mut index, mut last, mut node) = (leaf_index, tree_size - 1, leaf);
        for sibling in &self.path {
            if last == 0 {
                return Err(ProofError::WrongLength);
            }
            if index & 1 == 1 || index == last {
                node = NodeHash::of_children(sibling, &node);
                // At the right edge, levels without a sibling are passed over.
                while index & 1 == 0 && index != 0 {
                    (index, last) = (index >> 1, last >> 1);
                }
            } else {
                node = NodeHash::of_children(&node, sibling);
            }
            (index, last) = (index >> 1, last >> 1);
        }
        if last != 0 {
            return Err(ProofError::WrongLength);
        }
        if node == *root { Ok(()) } else { Err(ProofError::WrongRoot) }
    }
}

/// Shows that leaf `leaf_index` is in the tree of the first `tree_size` leaves.
///
/// # Errors
///
/// [`BuildError::OutOfRange`], or as the reader fails.
pub fn prove_inclusion<R: TreeReader>(
    reader: &mut R,
    leaf_index: u64,
    tree_size: u64,
) -> Result<InclusionProof, BuildError<R::Error>> {
    if leaf_index >= tree_size {
        return Err(BuildError::OutOfRange { of: leaf_index, size: tree_size });
    }
    let mut path = Vec::new();
    let mut range = 0..tree_size;
    // From the root down to a part that is at hand as a whole; the other half of each split is a sibling.
    while range.end - range.start > GROUP {
        let middle = range.start + split(range.end - range.start);
        let (inside, outside) = halves(range, middle, leaf_index);
        path.push(subtree(reader, outside)?);
        range = inside;
    }
    let first = range.start;
    let leaves = leaves(reader, range.clone())?;
    while range.end - range.start > 1 {
        let middle = range.start + split(range.end - range.start);
        let (inside, outside) = halves(range, middle, leaf_index);
        let outside = offset(outside.start - first)..offset(outside.end - first);
        path.push(root_of_leaves(leaves.get(outside).unwrap_or_default()));
        range = inside;
    }
    path.reverse();
    Ok(InclusionProof { leaf_index, tree_size, path })
}

fn halves(range: Range<u64>, middle: u64, leaf: u64) -> (Range<u64>, Range<u64>) {
    let (left, right) = (range.start..middle, middle..range.end);
    if leaf < middle { (left, right) } else { (right, left) }
}

/// Within a group, so that it fits whatever a pointer holds.
fn offset(within: u64) -> usize {
    usize::try_from(within).unwrap_or(usize::MAX)
}
