//! The store in two hands: the thread that sequences reads heads, the one that commits appends.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_receipts_store::{
    ChainSummary, Head, Query, ReceiptReader, ReceiptStore, Row, StoreError, StoredRow,
};

/// A store behind a lock. Heads are remembered, so that the thread that sequences rarely waits for a commit.
#[derive(Clone)]
pub(crate) struct SharedStore(Arc<Mutex<Box<dyn ReceiptStore>>>);

impl SharedStore {
    pub(crate) fn new(store: impl ReceiptStore + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(store))))
    }

    /// See [`ReceiptStore::append`].
    pub(crate) fn append(&self, rows: &[Row]) -> Result<(), StoreError> {
        self.lock().append(rows)
    }

    /// See [`ReceiptStore::take_upkeep_failure`].
    pub(crate) fn take_upkeep_failure(&self) -> Option<StoreError> {
        self.lock().take_upkeep_failure()
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn ReceiptStore>> {
        // A store that panicked in the midst of a batch has rolled back; it stays as usable as after an error.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReceiptReader for SharedStore {
    fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError> {
        self.lock().head(chain_id)
    }

    fn chains(&self) -> Result<Vec<ChainSummary>, StoreError> {
        self.lock().chains()
    }

    fn chain_ids(&self) -> Result<Vec<String>, StoreError> {
        self.lock().chain_ids()
    }

    fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError> {
        self.lock().by_id(id)
    }

    fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError> {
        self.lock().by_position(chain_id, sequence)
    }

    fn stream(
        &self,
        query: &Query,
        each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.lock().stream(query, each)
    }

    fn latest_root_chain(&self) -> Result<Option<String>, StoreError> {
        self.lock().latest_root_chain()
    }

    fn max_rowid(&self) -> Result<i64, StoreError> {
        self.lock().max_rowid()
    }
}
