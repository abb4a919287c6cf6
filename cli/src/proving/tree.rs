//! The tree of a database, as its tables have it.

use std::ops::{ControlFlow, Range};

use agent_receipts_chain::tree::{Frontier, GROUP, NodeHash, TreeReader, hash_of_text};
use agent_receipts_core::ReceiptHash;
use agent_receipts_store::{
    CheckpointReader as _, LeafContent, ReceiptReader as _, SqliteReader, StoreError, StoredGroup,
};

/// The groups of a tree, and the rows below them: those that are stored, and what is left of those that were moved to archives.
pub(crate) struct StoredTree<'a> {
    reader: &'a SqliteReader,
    groups: Vec<StoredGroup>,
}

impl<'a> StoredTree<'a> {
    /// With the groups that are stored.
    pub(crate) fn stored(reader: &'a SqliteReader) -> Result<Self, StoreError> {
        let mut groups = match reader.groups(0, u64::MAX) {
            // What cannot be read there was not written by a daemon.
            Err(StoreError::UnreadableRow { .. }) => Vec::new(),
            groups => groups?,
        };
        let fitting = groups.iter().enumerate().take_while(|(at, group)| group.number == *at as u64).count();
        groups.truncate(fitting);
        Ok(Self { reader, groups })
    }

    /// With groups from every receipt, believing nothing that stands beside them.
    pub(crate) fn computed(reader: &'a SqliteReader) -> Result<Self, StoreError> {
        let mut tree = Frontier::default();
        let mut groups = Vec::new();
        reader.leaves(i64::MIN, None, &mut |leaf| {
            if let Some(group) = tree.push(node(leaf.content)) {
                let number = tree.size() / GROUP - 1;
                groups.push(StoredGroup { number, hash: *group.as_bytes(), last_rowid: leaf.rowid });
            }
            ControlFlow::Continue(())
        })?;
        Ok(Self { reader, groups })
    }

    /// The index of the row in the tree; nothing if it is not where its group should be.
    pub(crate) fn index_of(&self, rowid: i64) -> Result<Option<u64>, StoreError> {
        let number = self.groups.partition_point(|group| group.last_rowid < rowid) as u64;
        let mut before = 0;
        let mut found = false;
        self.each_of_group(number, |at, _| {
            found = at == rowid;
            before += u64::from(!found);
            found
        })?;
        Ok(found.then_some(number * GROUP + before))
    }

    /// Gives the rows of a group, until there are no more or it is enough.
    fn each_of_group(
        &self,
        number: u64,
        mut enough: impl FnMut(i64, LeafContent<'_>) -> bool,
    ) -> Result<(), StoreError> {
        let before = number.checked_sub(1).and_then(|before| self.groups.get(usize::try_from(before).ok()?));
        let after = before.map_or(i64::MIN, |group| group.last_rowid);
        self.reader.leaves(after, Some(GROUP), &mut |leaf| match enough(leaf.rowid, leaf.content) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

impl TreeReader for StoredTree<'_> {
    type Error = StoreError;

    fn group(&mut self, number: u64) -> Result<NodeHash, StoreError> {
        let group = usize::try_from(number).ok().and_then(|number| self.groups.get(number));
        // A hash that leads to no root, where a group is missing: what is made from it does not hold.
        Ok(group.map_or_else(NodeHash::empty, |group| NodeHash::from_bytes(group.hash)))
    }

    fn leaves(&mut self, range: Range<u64>) -> Result<Vec<NodeHash>, StoreError> {
        let first = range.start % GROUP;
        let last = first + (range.end - range.start);
        let (mut at, mut leaves) = (0, Vec::new());
        self.each_of_group(range.start / GROUP, |_, content| {
            if at >= first && at < last {
                leaves.push(node(content));
            }
            at += 1;
            at >= last
        })?;
        Ok(leaves)
    }
}

fn node(content: LeafContent<'_>) -> NodeHash {
    NodeHash::of_receipt(&match content {
        LeafContent::Stored(text) => hash_of_text(text.as_bytes()),
        LeafContent::Moved(left) => ReceiptHash::from_bytes(*left),
    })
}
