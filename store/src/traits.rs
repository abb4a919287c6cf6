//! What every store can be asked, and what a writable one can be told.

use std::ops::ControlFlow;

use crate::{ChainSummary, CheckpointStore, Head, Leaf, MovedChain, Query, Row, StoreError, StoredRow};

/// Reading rows. Each call sees one consistent state of the store.
pub trait ReceiptReader {
    /// The row with the greatest sequence number of a chain; `None` if the chain has no row.
    fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError>;

    /// Every chain, ordered by chain id. Counts the rows, so that the time it takes grows with them: whoever needs only the
    /// names asks for [`ReceiptReader::chain_ids`].
    fn chains(&self) -> Result<Vec<ChainSummary>, StoreError>;

    /// The ids of the chains, in order. The time it takes grows with the number of chains, not with that of rows.
    fn chain_ids(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.chains()?.into_iter().map(|chain| chain.chain_id).collect())
    }

    /// The row with this receipt id.
    fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError>;

    /// The row at this position of a chain.
    fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError>;

    /// Gives each row that the query asks for to `each`, one at a time, until there are no more or `each` breaks. Memory does
    /// not grow with the number of rows.
    fn stream(
        &self,
        query: &Query,
        each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The chain of the newest row whose chain is not an agent's (`…/agent/…`). Where thousands of rows of agents have come
    /// since, the chains are compared by the row with their greatest sequence number, which is their newest in any chain that
    /// was written in turn.
    fn latest_root_chain(&self) -> Result<Option<String>, StoreError>;

    /// The newest row's number, 0 if there are no rows: the mark from which a follower starts. A row that was moved to an archive
    /// counts, for its number is not given again.
    fn max_rowid(&self) -> Result<i64, StoreError>;

    /// Gives the leaves of the tree over all receipts, those that were moved to archives included, whose row number is greater than
    /// this one, in the order of these numbers: at most `limit` of them, until `each` breaks. What is lent is lent for the call.
    fn leaves(
        &self,
        after_rowid: i64,
        limit: Option<u64>,
        each: &mut dyn FnMut(Leaf<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// What is left of a chain that was moved to an archive. Such a chain has no rows, and gets none.
    fn moved_chain(&self, chain_id: &str) -> Result<Option<MovedChain>, StoreError>;

    /// Of the chains that were moved and are not an agent's, the one with the newest row.
    fn newest_moved_root(&self) -> Result<Option<MovedChain>, StoreError>;
}

/// Writing rows.
pub trait ReceiptStore: ReceiptReader + Send {
    /// Writes a batch in one transaction. On `Ok` every row is on disk; on `Err` none is visible and the store is as before.
    ///
    /// # Errors
    ///
    /// Duplicates, a full disk and the like fail only this batch; [`StoreError::is_fatal`] tells which errors must stop the
    /// writer instead.
    fn append(&mut self, batch: &[Row]) -> Result<(), StoreError>;

    /// Where checkpoints are kept beside the rows; a store may be one that keeps none.
    fn checkpoints(&mut self) -> Option<&mut dyn CheckpointStore> {
        None
    }

    /// What has gone wrong behind the scenes since the last time this was asked, if anything: the store goes on, but somebody
    /// should be told. For SQLite: the write-ahead log could not be folded into the database, and grows until it can. A
    /// failure that must stop the writer is not left to this; the next `append` returns it.
    fn take_upkeep_failure(&mut self) -> Option<StoreError> {
        None
    }
}
