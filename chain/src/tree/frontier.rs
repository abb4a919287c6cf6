//! A tree that grows, in a few hashes.

use super::hash::NodeHash;
use super::reader::{GROUP, GROUP_LEVEL};

/// The right edge of a growing tree: the roots of its full subtrees, at most 64 hashes however many leaves there are. A
/// leaf costs two hashes on average.
///
/// ```
/// use agent_receipts_chain::tree::{Frontier, NodeHash};
///
/// let mut tree = Frontier::default();
/// let leaf = NodeHash::of_leaf(b"first");
/// tree.push(leaf);
/// assert_eq!((tree.size(), tree.root()), (1, leaf));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// INVARIANT: one root for each bit that is set in `size`, the largest subtree first.
    peaks: Vec<NodeHash>,
}

/// A whole group can be added only where one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tree of {size} leaves does not end where a group does")]
pub struct NotAtGroup {
    /// The size of the tree.
    pub size: u64,
}

impl Frontier {
    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf. Gives the root of a group of [`GROUP`] leaves when the leaf is its last: the hash to be stored.
    pub fn push(&mut self, leaf: NodeHash) -> Option<NodeHash> {
        self.merge(leaf, 0)
    }

    /// Adds a whole group by its root.
    ///
    /// # Errors
    ///
    /// [`NotAtGroup`] where the last group is not full.
    pub fn push_group(&mut self, group: NodeHash) -> Result<(), NotAtGroup> {
        if !self.size.is_multiple_of(GROUP) {
            return Err(NotAtGroup { size: self.size });
        }
        self.merge(group, GROUP_LEVEL);
        Ok(())
    }

    /// The root hash of the tree as it is.
    pub fn root(&self) -> NodeHash {
        let mut from_the_right = self.peaks.iter().rev().copied();
        let last = from_the_right.next().unwrap_or_else(NodeHash::empty);
        from_the_right.fold(last, |right, left| NodeHash::of_children(&left, &right))
    }

    /// Adds the root of a full subtree of `1 << level` leaves, which takes in its equals to the left as long as there are.
    fn merge(&mut self, root: NodeHash, level: u32) -> Option<NodeHash> {
        let (mut root, mut at) = (root, level);
        let mut group = None;
        while self.size >> at & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            root = NodeHash::of_children(&left, &root);
            at += 1;
            if at == GROUP_LEVEL {
                group = Some(root);
            }
        }
        self.peaks.push(root);
        self.size += 1 << level;
        group
    }
}
