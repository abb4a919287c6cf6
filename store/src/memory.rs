//! A store in memory, for the tests of whatever stands on a store.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::{Bound, ControlFlow};

use crate::{
    ChainSummary, CheckpointReader, CheckpointStore, Head, Leaf, LeafContent, MovedChain, Order, Query,
    ReceiptReader, ReceiptStore, Row, StoreError, StoredCheckpoint, StoredGroup, StoredRow,
};

/// Rows in memory, with the behaviour of the SQLite store except that nothing is durable and that a session is found only by
/// [`Row::session_id`].
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: Vec<StoredRow>,
    ids: HashSet<String>,
    positions: HashSet<(String, u64)>,
    groups: BTreeMap<u64, StoredGroup>,
    checkpoints: BTreeMap<u64, StoredCheckpoint>,
    failure: Option<StoreError>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next `append` or `write_checkpoint` fail with this error and write nothing, so that callers can test what they do then.
    pub fn fail_next_append(&mut self, error: StoreError) {
        self.failure = Some(error);
    }

    fn refuse_duplicates(&self, batch: &[Row]) -> Result<(), StoreError> {
        let mut ids = HashSet::new();
        let mut positions = HashSet::new();
        for row in batch {
            let Row { id, chain_id, sequence, .. } = row;
            if i64::try_from(*sequence).is_err() {
                return Err(StoreError::SequenceTooLarge { chain_id: chain_id.clone(), sequence: *sequence });
            }
            if self.ids.contains(id) || !ids.insert(id) {
                return Err(StoreError::DuplicateId { id: id.clone() });
            }
            let position = (chain_id.clone(), *sequence);
            if self.positions.contains(&position) || !positions.insert(position) {
                return Err(StoreError::DuplicatePosition {
                    chain_id: chain_id.clone(),
                    sequence: *sequence,
                });
            }
        }
        Ok(())
    }
}

impl ReceiptReader for MemoryStore {
    fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError> {
        let rows = self.rows.iter().map(|stored| &stored.row).filter(|row| row.chain_id == chain_id);
        Ok(rows.max_by_key(|row| row.sequence).map(|row| Head {
            chain_id: row.chain_id.clone(),
            sequence: row.sequence,
            receipt_id: row.id.clone(),
            receipt_json: row.receipt_json.clone(),
            receipt_hash: row.receipt_hash.clone(),
        }))
    }

    fn chains(&self) -> Result<Vec<ChainSummary>, StoreError> {
        let mut chains: BTreeMap<&str, ChainSummary> = BTreeMap::new();
        for StoredRow { row, .. } in &self.rows {
            let summary = chains.entry(&row.chain_id).or_insert_with(|| ChainSummary {
                chain_id: row.chain_id.clone(),
                length: 0,
                first_sequence: row.sequence,
                last_sequence: row.sequence,
                first_timestamp: row.timestamp.clone(),
                last_timestamp: row.timestamp.clone(),
            });
            summary.length += 1;
            if row.sequence < summary.first_sequence {
                (summary.first_sequence, summary.first_timestamp) = (row.sequence, row.timestamp.clone());
            }
            if row.sequence > summary.last_sequence {
                (summary.last_sequence, summary.last_timestamp) = (row.sequence, row.timestamp.clone());
            }
        }
        Ok(chains.into_values().collect())
    }

    fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError> {
        Ok(self.rows.iter().find(|stored| stored.row.id == id).cloned())
    }

    fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError> {
        let found = |stored: &&StoredRow| stored.row.chain_id == chain_id && stored.row.sequence == sequence;
        Ok(self.rows.iter().find(found).cloned())
    }

    fn stream(
        &self,
        query: &Query,
        each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut rows: Vec<&StoredRow> = self.rows.iter().filter(|stored| matches(query, stored)).collect();
        let by_time = |a: &&StoredRow, b: &&StoredRow| {
            (&a.row.timestamp, a.row.sequence, a.rowid).cmp(&(&b.row.timestamp, b.row.sequence, b.rowid))
        };
        match query.order {
            Order::Ascending => rows.sort_by(by_time),
            Order::Descending => rows.sort_by(|a, b| by_time(b, a)),
            Order::Chain => {
                rows.sort_by(|a, b| {
                    (&a.row.chain_id, a.row.sequence).cmp(&(&b.row.chain_id, b.row.sequence))
                });
            }
            Order::Newest => rows.reverse(),
            Order::Insertion => {}
        }
        let limit = query.limit.map_or(usize::MAX, count);
        for stored in rows.into_iter().take(limit) {
            if each(stored.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn latest_root_chain(&self) -> Result<Option<String>, StoreError> {
        let root = |stored: &&StoredRow| !stored.row.chain_id.to_ascii_lowercase().contains("/agent/");
        Ok(self.rows.iter().rev().find(root).map(|stored| stored.row.chain_id.clone()))
    }

    fn chain_ids(&self) -> Result<Vec<String>, StoreError> {
        let ids: BTreeSet<&String> = self.rows.iter().map(|stored| &stored.row.chain_id).collect();
        Ok(ids.into_iter().cloned().collect())
    }

    fn max_rowid(&self) -> Result<i64, StoreError> {
        Ok(self.rows.last().map_or(0, |stored| stored.rowid))
    }

    fn leaves(
        &self,
        after_rowid: i64,
        limit: Option<u64>,
        each: &mut dyn FnMut(Leaf<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let later = self.rows.iter().filter(|stored| stored.rowid > after_rowid);
        for StoredRow { rowid, row } in later.take(limit.map_or(usize::MAX, count)) {
            let content = LeafContent::Stored(&row.receipt_json);
            if each(Leaf { rowid: *rowid, chain_id: &row.chain_id, sequence: row.sequence, content })
                .is_break()
            {
                break;
            }
        }
        Ok(())
    }

    /// There are no archives beside it.
    fn moved_chain(&self, _chain_id: &str) -> Result<Option<MovedChain>, StoreError> {
        Ok(None)
    }

    fn newest_moved_root(&self) -> Result<Option<MovedChain>, StoreError> {
        Ok(None)
    }
}

impl CheckpointReader for MemoryStore {
    fn groups(&self, first: u64, limit: u64) -> Result<Vec<StoredGroup>, StoreError> {
        Ok(self.groups.range(first..).map(|(_, group)| *group).take(count(limit)).collect())
    }

    fn checkpoints_after(&self, size: u64, limit: u64) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let later = self.checkpoints.range((Bound::Excluded(size), Bound::Unbounded));
        Ok(later.map(|(_, checkpoint)| checkpoint.clone()).take(count(limit)).collect())
    }

    fn checkpoints_up_to(&self, size: u64, limit: u64) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let earlier = self.checkpoints.range(..=size).rev();
        Ok(earlier.map(|(_, checkpoint)| checkpoint.clone()).take(count(limit)).collect())
    }
}

impl CheckpointStore for MemoryStore {
    fn write_checkpoint(
        &mut self,
        groups: &[StoredGroup],
        checkpoint: Option<&StoredCheckpoint>,
    ) -> Result<(), StoreError> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        self.groups.extend(groups.iter().map(|group| (group.number, *group)));
        self.checkpoints.extend(checkpoint.map(|checkpoint| (checkpoint.tree_size, checkpoint.clone())));
        Ok(())
    }
}

impl ReceiptStore for MemoryStore {
    fn checkpoints(&mut self) -> Option<&mut dyn CheckpointStore> {
        Some(self)
    }

    fn append(&mut self, batch: &[Row]) -> Result<(), StoreError> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        self.refuse_duplicates(batch)?;
        for row in batch {
            self.ids.insert(row.id.clone());
            self.positions.insert((row.chain_id.clone(), row.sequence));
            let rowid = self.rows.last().map_or(1, |stored| stored.rowid + 1);
            self.rows.push(StoredRow { rowid, row: row.clone() });
        }
        Ok(())
    }
}

fn count(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn matches(query: &Query, stored: &StoredRow) -> bool {
    let row = &stored.row;
    let equal = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    equal(&query.chain_id, &row.chain_id)
        && query.session_id.as_ref().is_none_or(|wanted| row.session_id.as_ref() == Some(wanted))
        && equal(&query.action_type, &row.action_type)
        && equal(&query.risk_level, &row.risk_level)
        && equal(&query.status, &row.status)
        && query.since.as_ref().is_none_or(|since| row.timestamp >= *since)
        && query.until.as_ref().is_none_or(|until| row.timestamp <= *until)
        && query.after_rowid.is_none_or(|rowid| stored.rowid > rowid)
}
