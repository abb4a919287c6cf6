//! The store in two hands: the thread that sequences reads heads, the one that commits appends.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_receipts_store::{
    ChainSummary, Head, Leaf, MemoryStore, MovedChain, Query, ReceiptReader, ReceiptStore, Row, StoreError,
    StoredRow,
};

use crate::checkpoints::tally::Tally;

/// A store behind a lock. Heads are remembered, so that the thread that sequences rarely waits for a commit.
#[derive(Clone)]
pub(crate) struct SharedStore {
    held: Arc<Mutex<Held>>,
    tally: Option<Arc<Tally>>,
    written: Arc<AtomicU64>,
}

struct Held {
    store: Box<dyn ReceiptStore>,
    /// What another than the writer met, and after which nothing more may be written.
    failure: Option<StoreError>,
}

impl SharedStore {
    pub(crate) fn new(store: impl ReceiptStore + 'static) -> Self {
        let held = Held { store: Box::new(store), failure: None };
        Self { held: Arc::new(Mutex::new(held)), tally: None, written: Arc::default() }
    }

    /// The same store, of which every commit is told to `tally`.
    pub(crate) fn tallied(self, tally: Arc<Tally>) -> Self {
        Self { tally: Some(tally), ..self }
    }

    /// See [`ReceiptStore::append`].
    pub(crate) fn append(&self, rows: &[Row]) -> Result<(), StoreError> {
        let mut held = self.hold();
        if let Some(failure) = &held.failure {
            return Err(failure.clone());
        }
        held.store.append(rows)?;
        self.written.fetch_add(rows.len() as u64, Ordering::Relaxed);
        if let Some(tally) = &self.tally {
            tally.committed(rows, &*held.store);
        }
        Ok(())
    }

    /// How many rows were appended since the start, now and later. Whoever holds this does not hold the store.
    pub(crate) fn count_of_written(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
    }

    /// Gives the store up, lock and all, and takes `other` in its place; meanwhile nobody reads or writes. Where there is no
    /// other, what follows goes nowhere: the caller must end the daemon.
    pub(crate) fn exchange<S: ReceiptStore + 'static, E>(
        &self,
        other: impl FnOnce() -> Result<S, E>,
    ) -> Result<(), E> {
        let mut held = self.hold();
        held.store = Box::new(MemoryStore::default());
        held.store = Box::new(other()?);
        Ok(())
    }

    /// Does something with the store while nobody else can. An error of it that must stop the writer stops it at its next batch.
    pub(crate) fn alone<T, E: AsStoreError>(
        &self,
        work: impl FnOnce(&mut dyn ReceiptStore) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut held = self.hold();
        let done = work(&mut *held.store);
        if let Err(error) = &done
            && let Some(fatal) = error.store_error().filter(|error| error.is_fatal())
        {
            held.failure = Some(fatal.clone());
        }
        done
    }

    /// See [`ReceiptStore::take_upkeep_failure`].
    pub(crate) fn take_upkeep_failure(&self) -> Option<StoreError> {
        self.hold().store.take_upkeep_failure()
    }

    fn hold(&self) -> MutexGuard<'_, Held> {
        // A store that panicked in the midst of a batch has rolled back; it stays as usable as after an error.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Errors that may be the store's.
pub(crate) trait AsStoreError {
    fn store_error(&self) -> Option<&StoreError>;
}

impl ReceiptReader for SharedStore {
    fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError> {
        self.hold().store.head(chain_id)
    }

    fn chains(&self) -> Result<Vec<ChainSummary>, StoreError> {
        self.hold().store.chains()
    }

    fn chain_ids(&self) -> Result<Vec<String>, StoreError> {
        self.hold().store.chain_ids()
    }

    fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError> {
        self.hold().store.by_id(id)
    }

    fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError> {
        self.hold().store.by_position(chain_id, sequence)
    }

    fn stream(
        &self,
        query: &Query,
        each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.hold().store.stream(query, each)
    }

    fn latest_root_chain(&self) -> Result<Option<String>, StoreError> {
        self.hold().store.latest_root_chain()
    }

    fn max_rowid(&self) -> Result<i64, StoreError> {
        self.hold().store.max_rowid()
    }

    fn leaves(
        &self,
        after_rowid: i64,
        limit: Option<u64>,
        each: &mut dyn FnMut(Leaf<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.hold().store.leaves(after_rowid, limit, each)
    }

    fn moved_chain(&self, chain_id: &str) -> Result<Option<MovedChain>, StoreError> {
        self.hold().store.moved_chain(chain_id)
    }

    fn newest_moved_root(&self) -> Result<Option<MovedChain>, StoreError> {
        self.hold().store.newest_moved_root()
    }
}
