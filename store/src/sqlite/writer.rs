//! The one writer.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::checkpoint::Checkpointer;
use super::compact::{self, Compacted};
use super::connect::{connect, integrity_check, make_durable, size_pages};
use super::lock::WriterLock;
use super::retire::{self, RetireError};
use super::schema::{self, Shape};
use super::select::Selection;
use super::sessions::Sessions;
use super::{checkpoints, files, insert, migrate};
use crate::{
    Archive, ChainSummary, CheckpointReader, CheckpointStore, Head, Leaf, MovedChain, Query, ReceiptReader,
    ReceiptStore, Retired, Row, StoreError, StoredCheckpoint, StoredGroup, StoredRow,
};

/// A database opened for writing, and the right to be its only writer.
///
/// Opening looks at the schema and reads the newest row; it does not read the whole file (`PRAGMA integrity_check` on a million
/// receipts takes minutes). Damage in the middle is found by whoever reads there; [`SqliteStore::check_integrity`] looks for it.
#[derive(Debug)]
pub struct SqliteStore {
    // INVARIANT: fields are dropped in this order. The thread's connection is closed first, so that this one is the last and
    // folds the log in; SQLite must close the database before the lock's descriptor is closed.
    checkpointer: Checkpointer,
    connection: Connection,
    path: PathBuf,
    shape: Shape,
    sessions: Sessions,
    lock: WriterLock,
}

impl SqliteStore {
    /// Creates a database, mode 0600, and opens it. Its folder must exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`] if anything is there, a link included; nothing is changed then.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = files::resolve(path.as_ref())?;
        files::create(&path)?;
        Self::open_resolved(path, true)
    }

    /// Opens a database that exists, one of ours or one of the reference's; recovers it from a crash, brings its schema up to
    /// date, and caps the modes of its files at 0640.
    ///
    /// # Errors
    ///
    /// Whatever cannot be written safely is refused: see [`StoreError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_resolved(files::resolve(path.as_ref())?, false)
    }

    /// Opens the database, or creates it if nothing is at the path. An empty file counts as nothing.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`].
    pub fn create_or_open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = files::resolve(path.as_ref())?;
        match files::create(&path) {
            Ok(()) | Err(StoreError::AlreadyExists { .. }) => Self::open_resolved(path, true),
            Err(error) => Err(error),
        }
    }

    /// Gives the room of what was deleted back to the file system: the database is copied without its empty pages, the copy is
    /// compared with it row by row, row numbers included, and takes its place when it is on disk. Until then the database
    /// is as it was, whatever fails or crashes. Room for the copy is needed besides.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if anybody else has the database open, be it to read.
    pub fn compact(self) -> Result<Compacted, StoreError> {
        let Self { checkpointer, connection, path, lock, .. } = self;
        // Its connection is one too many.
        drop(checkpointer);
        compact::compact(connection, &path, &lock)
    }

    /// Takes the chains of an archive beside the database out of it: each receipt is held against the archive's, and leaves its
    /// number, its id and what `leaf` makes of its text, the hash under which it stands in the tree. One transaction does it for
    /// all of them. A chain that was moved there before is passed over, so that a move that was cut short is completed by
    /// another call. The pages become free for further rows; [`SqliteStore::compact`] gives them back.
    ///
    /// Whether a chain may be moved, being closed, valid and signed for, the caller must know.
    ///
    /// # Errors
    ///
    /// [`RetireError`]; nothing has changed then.
    pub fn retire(
        &mut self,
        archive: &Archive,
        leaf: &dyn Fn(&str) -> [u8; 32],
    ) -> Result<Retired, RetireError> {
        self.lock.check_in_place(&self.path)?;
        let _turn = self.checkpointer.turn()?;
        self.sessions.forget();
        retire::retire(&mut self.connection, &self.path, self.shape, archive, leaf)
    }

    /// The database's path, with the links in its folders resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the whole database and fails if a page or an index is damaged. The time it takes grows with the file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] with the first thing that is wrong.
    pub fn check_integrity(&self) -> Result<(), StoreError> {
        integrity_check(&self.connection, &self.path)
    }

    fn open_resolved(path: PathBuf, may_be_empty: bool) -> Result<Self, StoreError> {
        let missing = || StoreError::Missing { path: path.clone() };
        files::check(&path)?.ok_or_else(missing)?;
        let lock = WriterLock::take(&path)?;
        files::tighten(&path, lock.file())?;
        files::tighten_siblings(&path)?;
        let mut connection = connect(&path)?;
        let fresh = schema::is_empty(&connection, &path)?;
        if fresh {
            if !may_be_empty {
                return Err(schema::foreign(&path, "there is no table `receipts`"));
            }
            size_pages(&connection, &path)?;
        } else {
            // Before the first write: whatever is refused is left as it was found.
            schema::version(&connection, &path)?;
            schema::examine(&connection, &path)?;
        }
        make_durable(&connection, &path)?;
        migrate::migrate(&mut connection, &path)?;
        let shape = schema::examine(&connection, &path)?;
        let folding = connect(&path)?;
        make_durable(&folding, &path)?;
        let checkpointer = Checkpointer::start(&mut connection, folding, &path)?;
        files::check_sibling_modes(&path)?;
        lock.check_in_place(&path)?;
        let store = Self { checkpointer, connection, path, shape, sessions: Sessions::default(), lock };
        store.read_newest()?;
        Ok(store)
    }

    /// The tail is what the next receipt links to, so a damaged one must be found before it is built on.
    fn read_newest(&self) -> Result<(), StoreError> {
        let newest = self.selection().max_stored()?;
        let query = Query { limit: Some(1), ..Query::after(newest - 1) };
        self.stream(&query, &mut |_| ControlFlow::Continue(()))
    }

    fn selection(&self) -> Selection<'_> {
        Selection { connection: &self.connection, path: &self.path, shape: self.shape }
    }
}

impl ReceiptReader for SqliteStore {
    fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError> {
        self.selection().head(chain_id)
    }

    fn chains(&self) -> Result<Vec<ChainSummary>, StoreError> {
        self.selection().chains()
    }

    fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError> {
        self.selection().by_id(id)
    }

    fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError> {
        self.selection().by_position(chain_id, sequence)
    }

    fn stream(
        &self,
        query: &Query,
        each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.selection().stream(query, each)
    }

    fn latest_root_chain(&self) -> Result<Option<String>, StoreError> {
        self.selection().latest_root_chain()
    }

    fn chain_ids(&self) -> Result<Vec<String>, StoreError> {
        self.selection().chain_ids()
    }

    fn max_rowid(&self) -> Result<i64, StoreError> {
        self.selection().max_rowid()
    }

    fn leaves(
        &self,
        after_rowid: i64,
        limit: Option<u64>,
        each: &mut dyn FnMut(Leaf<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.selection().leaves(after_rowid, limit, each)
    }

    fn moved_chain(&self, chain_id: &str) -> Result<Option<MovedChain>, StoreError> {
        self.selection().moved_chain(chain_id)
    }

    fn newest_moved_root(&self) -> Result<Option<MovedChain>, StoreError> {
        self.selection().newest_moved_root()
    }
}

impl CheckpointReader for SqliteStore {
    fn groups(&self, first: u64, limit: u64) -> Result<Vec<StoredGroup>, StoreError> {
        self.selection().groups(first, limit)
    }

    fn checkpoints_after(&self, size: u64, limit: u64) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.selection().checkpoints_after(size, limit)
    }

    fn checkpoints_up_to(&self, size: u64, limit: u64) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.selection().checkpoints_up_to(size, limit)
    }
}

impl CheckpointStore for SqliteStore {
    fn write_checkpoint(
        &mut self,
        groups: &[StoredGroup],
        checkpoint: Option<&StoredCheckpoint>,
    ) -> Result<(), StoreError> {
        self.lock.check_in_place(&self.path)?;
        let _turn = self.checkpointer.turn()?;
        checkpoints::write(&mut self.connection, &self.path, groups, checkpoint)
    }
}

impl ReceiptStore for SqliteStore {
    fn checkpoints(&mut self) -> Option<&mut dyn CheckpointStore> {
        Some(self)
    }

    fn append(&mut self, batch: &[Row]) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.lock.check_in_place(&self.path)?;
        let _turn = self.checkpointer.turn()?;
        let written = insert::write(&mut self.connection, &mut self.sessions, &self.path, batch);
        if written.is_err() {
            self.sessions.forget();
        }
        written
    }

    fn take_upkeep_failure(&mut self) -> Option<StoreError> {
        self.checkpointer.take_failure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sequence: u64) -> Row {
        Row {
            id: format!("urn:receipt:{sequence}"),
            chain_id: "audit".to_owned(),
            sequence,
            action_type: "unknown".to_owned(),
            tool_name: String::new(),
            risk_level: "medium".to_owned(),
            status: "success".to_owned(),
            timestamp: "2026-11-22T03:39:59Z".to_owned(),
            issuer_id: "did:example:daemon".to_owned(),
            principal_id: None,
            receipt_json: "x".repeat(3000),
            receipt_hash: "sha256:00".to_owned(),
            previous_receipt_hash: None,
            session_id: None,
        }
    }

    #[test]
    fn a_full_disk_fails_the_batch_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::create(folder.path().join("receipts.db")).unwrap();
        store.append(&[row(1), row(2)]).unwrap();
        let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let allow = |store: &SqliteStore, pages: i64| {
            let pragma = format!("PRAGMA max_page_count = {pages}");
            store.connection.query_row(&pragma, [], |_| Ok(())).unwrap();
        };
        allow(&store, pages + 1);
        let batch: Vec<Row> = (3..=10).map(row).collect();
        for _ in 0..2 {
            let refusal = store.append(&batch).unwrap_err();
            assert_eq!(refusal, StoreError::DiskFull { path: store.path.clone() });
            assert!(!refusal.is_fatal());
            assert_eq!(store.head("audit").unwrap().unwrap().sequence, 2);
            store.check_integrity().unwrap();
        }
        allow(&store, pages + 100);
        store.append(&batch).unwrap();
        assert_eq!(store.max_rowid(), Ok(10));
    }

    #[test]
    fn folding_that_was_not_synced_stops_the_writer_and_other_failures_are_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::create(folder.path().join("receipts.db")).unwrap();
        let full = StoreError::DiskFull { path: store.path.clone() };
        store.checkpointer.fail(full.clone());
        store.append(&[row(1)]).unwrap();
        assert_eq!((store.take_upkeep_failure(), store.take_upkeep_failure()), (Some(full), None));
        let lost = StoreError::SyncFailed { path: store.path.clone() };
        store.checkpointer.fail(lost.clone());
        for _ in 0..2 {
            assert_eq!(store.append(&[row(2)]), Err(lost.clone()));
            assert_eq!(store.take_upkeep_failure(), Some(lost.clone()));
        }
        assert_eq!(store.max_rowid(), Ok(1));
    }

    #[test]
    fn every_commit_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipts.db");
        drop(SqliteStore::create(&path).unwrap());
        for open in [SqliteStore::open, SqliteStore::create_or_open] {
            let store = open(&path).unwrap();
            let mode: String =
                store.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
            let synchronous: i64 =
                store.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
            assert_eq!((mode.as_str(), synchronous), ("wal", 2));
        }
    }

    #[test]
    fn the_queries_of_readers_use_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(folder.path().join("receipts.db")).unwrap();
        let plan = |sql: &str, values: Vec<rusqlite::types::Value>| -> String {
            let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps =
                statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3));
            steps.unwrap().map(Result::unwrap).collect::<Vec<_>>().join("; ")
        };
        let stream = |query: Query| {
            let (sql, values) = store.selection().sql(&query);
            plan(&sql, values)
        };
        let chain = stream(Query::chain("audit"));
        assert!(chain.contains("USING INDEX idx_receipts_chain (chain_id=?)"), "{chain}");
        assert!(!chain.contains("TEMP B-TREE"), "{chain}");
        let all_chains = stream(Query { order: crate::Order::Chain, ..Query::default() });
        assert!(!all_chains.contains("TEMP B-TREE"), "{all_chains}");
        let follow = stream(Query::after(5));
        assert!(follow.contains("USING INTEGER PRIMARY KEY (rowid>?)"), "{follow}");
        assert!(!follow.contains("TEMP B-TREE"), "{follow}");
        let by_time = stream(Query::default());
        assert!(
            by_time.contains("CO-ROUTINE k") && by_time.contains("SEARCH r USING INTEGER PRIMARY KEY"),
            "{by_time}"
        );
        let newest = stream(Query { order: crate::Order::Newest, limit: Some(5), ..Query::default() });
        assert!(newest.starts_with("SCAN r;") && !newest.contains("TEMP B-TREE"), "{newest}");
        let rotations =
            stream(Query { action_type: Some("agent.key.rotate".to_owned()), ..Query::default() });
        assert!(rotations.contains("USING COVERING INDEX ar_receipts_rotations"), "{rotations}");
        let session = stream(Query { session_id: Some("s".to_owned()), ..Query::default() });
        assert!(session.contains("SEARCH m USING INTEGER PRIMARY KEY (rowid>?)"), "{session}");
        assert!(session.contains("SEARCH f USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"), "{session}");
        assert!(!session.contains("SCAN r") && !session.contains("SCAN f"), "{session}");
        let number = || rusqlite::types::Value::Integer(5);
        let leaves = plan(&crate::sqlite::moved::leaves_sql(true), vec![number(), number()]);
        assert!(
            leaves.contains("SEARCH r USING INTEGER PRIMARY KEY (rowid>?)")
                && leaves.contains("SEARCH m USING INTEGER PRIMARY KEY (rowid>?)")
                && !leaves.contains("TEMP B-TREE"),
            "{leaves}"
        );
    }
}
