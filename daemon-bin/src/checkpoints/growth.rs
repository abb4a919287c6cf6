//! A tree as it grows since the last checkpoint.

use std::collections::HashMap;

use agent_receipts_chain::checkpoint::{Head, HeadList, MAX_HEADS};
use agent_receipts_chain::tree::{Frontier, GROUP, NodeHash};
use agent_receipts_core::ReceiptHash;
use agent_receipts_store::StoredGroup;

/// What is known of the tree, and what the last checkpoint does not know yet.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    tree: Frontier,
    /// Full groups that are not stored yet.
    groups: Vec<StoredGroup>,
    moved: HashMap<String, Moved>,
    /// The size of the last checkpoint's tree.
    signed: u64,
    last_rowid: i64,
}

#[derive(Debug)]
struct Moved {
    sequence: u64,
    tip: ReceiptHash,
    /// The number of leaves when it moved.
    size: u64,
}

/// The state of a tree at one moment, to be signed.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) size: u64,
    pub(crate) root: NodeHash,
    pub(crate) heads: HeadList,
    pub(crate) groups: Vec<StoredGroup>,
}

impl Growth {
    /// A tree of which the first groups are stored. They are as good as the checkpoint that they are held against.
    pub(crate) fn of_stored(groups: &[StoredGroup]) -> Self {
        let mut growth = Self::default();
        for group in groups {
            // Only groups are in the tree, so that none can be out of place.
            let _ = growth.tree.push_group(NodeHash::from_bytes(group.hash));
            growth.last_rowid = group.last_rowid;
        }
        growth
    }

    /// The next receipt.
    pub(crate) fn add(&mut self, chain_id: &str, sequence: u64, hash: ReceiptHash, rowid: i64) {
        let group = self.tree.push(NodeHash::of_receipt(&hash));
        let size = self.tree.size();
        self.last_rowid = rowid;
        if let Some(group) = group {
            let number = size / GROUP - 1;
            self.groups.push(StoredGroup { number, hash: *group.as_bytes(), last_rowid: rowid });
        }
        let moved = Moved { sequence, tip: hash, size };
        if let Some(head) = self.moved.get_mut(chain_id) {
            *head = moved;
        } else if self.moved.len() < MAX_HEADS {
            // Beyond that, which takes checkpoints that fail for long, the root hash alone stands for a chain.
            self.moved.insert(chain_id.to_owned(), moved);
        }
    }

    /// The number of receipts in the tree.
    pub(crate) fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root hash as of now.
    pub(crate) fn root(&self) -> NodeHash {
        self.tree.root()
    }

    /// The row number of the last receipt.
    pub(crate) fn last_rowid(&self) -> i64 {
        self.last_rowid
    }

    /// How many receipts came since the last checkpoint.
    pub(crate) fn since_signed(&self) -> u64 {
        self.tree.size() - self.signed
    }

    /// All that is to be signed and stored.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut moved: Vec<_> = self.moved.iter().collect();
        moved.sort_unstable_by_key(|(_, moved)| std::cmp::Reverse(moved.size));
        let head = |(chain_id, moved): (&String, &Moved)| Head {
            chain_id: chain_id.clone(),
            sequence: moved.sequence,
            tip: moved.tip,
        };
        Snapshot {
            size: self.tree.size(),
            root: self.tree.root(),
            heads: HeadList::new(moved.into_iter().map(head)),
            groups: self.groups.clone(),
        }
    }

    /// A checkpoint over the first `size` receipts is on disk.
    pub(crate) fn signed(&mut self, size: u64) {
        self.signed = size;
        self.moved.retain(|_, moved| moved.size > size);
    }

    /// The groups below a tree of `size` receipts are on disk.
    pub(crate) fn stored(&mut self, size: u64) {
        self.groups.retain(|group| group.number >= size / GROUP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grow(growth: &mut Growth, chain_id: &str, count: u64) {
        for sequence in 1..=count {
            let hash = ReceiptHash::of(format!("{chain_id} {sequence}").as_bytes());
            growth.add(chain_id, sequence, hash, growth.last_rowid() + 1);
        }
    }

    #[test]
    fn what_came_after_a_snapshot_is_kept_for_the_next_checkpoint() {
        let mut growth = Growth::default();
        grow(&mut growth, "a", 300);
        grow(&mut growth, "b", 5);
        let first = growth.snapshot();
        assert_eq!((first.size, first.groups.len()), (305, 1));
        let chains = |snapshot: &Snapshot| -> Vec<(String, u64)> {
            snapshot.heads.heads().iter().map(|head| (head.chain_id.clone(), head.sequence)).collect()
        };
        assert_eq!(chains(&first), [("b".to_owned(), 5), ("a".to_owned(), 300)]);

        grow(&mut growth, "b", 300);
        growth.signed(first.size);
        growth.stored(first.size);
        assert_eq!(growth.since_signed(), 300);
        let second = growth.snapshot();
        assert_eq!(chains(&second), [("b".to_owned(), 300)]);
        assert_eq!(
            second.groups.iter().map(|group| (group.number, group.last_rowid)).collect::<Vec<_>>(),
            [(1, 512)]
        );
    }

    #[test]
    fn a_tree_is_taken_up_from_its_groups() {
        let mut growth = Growth::default();
        grow(&mut growth, "a", 512);
        let mut again = Growth::of_stored(&growth.snapshot().groups);
        assert_eq!((again.size(), again.root(), again.last_rowid()), (512, growth.root(), 512));
        grow(&mut growth, "b", 1);
        grow(&mut again, "b", 1);
        assert_eq!(again.root(), growth.root());
    }

    #[test]
    fn the_heads_that_are_remembered_are_bounded() {
        let mut growth = Growth::default();
        for chain in 0..MAX_HEADS + 10 {
            growth.add(&chain.to_string(), 1, ReceiptHash::of(b""), 1);
        }
        assert_eq!(growth.snapshot().heads.heads().len(), MAX_HEADS);
        assert_eq!(growth.size(), MAX_HEADS as u64 + 10);
    }
}
