//! The tree of a database, as its tables have it.

use std::ops::{ControlFlow, Range};

use agent_receipts_chain::tree::{Frontier, GROUP, NodeHash, TreeReader, hash_of_text};
use agent_receipts_store::{
    CheckpointReader as _, Order, Query, ReceiptReader as _, SqliteReader, StoreError, StoredGroup,
};

/// The groups of a tree, and the rows below them.
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
        let all = Query { order: Order::Insertion, ..Query::default() };
        reader.stream(&all, &mut |stored| {
            let hash = hash_of_text(stored.row.receipt_json.as_bytes());
            if let Some(group) = tree.push(NodeHash::of_receipt(&hash)) {
                let number = tree.size() / GROUP - 1;
                groups.push(StoredGroup { number, hash: *group.as_bytes(), last_rowid: stored.rowid });
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
        mut enough: impl FnMut(i64, &str) -> bool,
    ) -> Result<(), StoreError> {
        let before = number.checked_sub(1).and_then(|before| self.groups.get(usize::try_from(before).ok()?));
        let query = Query {
            after_rowid: before.map(|group| group.last_rowid),
            order: Order::Insertion,
            limit: Some(GROUP),
            ..Query::default()
        };
        self.reader.stream(&query, &mut |stored| match enough(stored.rowid, &stored.row.receipt_json) {
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
        self.each_of_group(range.start / GROUP, |_, text| {
            if at >= first && at < last {
                leaves.push(NodeHash::of_receipt(&hash_of_text(text.as_bytes())));
            }
            at += 1;
            at >= last
        })?;
        Ok(leaves)
    }
}
