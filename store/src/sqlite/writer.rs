//! The one writer.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, ffi, params};

use super::errors::{classify, extended_code};
use super::lock::WriterLock;
use super::schema::{self, Shape};
use super::select::Selection;
use super::{files, migrate};
use crate::{ChainSummary, Head, Query, ReceiptReader, ReceiptStore, Row, StoreError, StoredRow};

/// How long a write waits for another program to let go of the database; the reference waits as long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A database opened for writing, and the right to be its only writer.
///
/// Opening looks at the schema and reads the newest row; it does not read the whole file (`PRAGMA integrity_check` on a million
/// receipts takes minutes). Damage in the middle is found by whoever reads there; [`SqliteStore::check_integrity`] looks for it.
#[derive(Debug)]
pub struct SqliteStore {
    // INVARIANT: fields are dropped in this order. SQLite must close the database before the lock's descriptor is closed.
    connection: Connection,
    path: PathBuf,
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
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| classify(&path, error))?;
        let mut store = Self { connection, path, lock };
        store.configure()?;
        let fresh = schema::is_empty(&store.connection, &store.path)?;
        if fresh && !may_be_empty {
            return Err(schema::foreign(&store.path, "there is no table `receipts`"));
        }
        if !fresh {
            // Before the first write: whatever is refused is left as it was found.
            schema::version(&store.connection, &store.path)?;
            schema::examine(&store.connection, &store.path)?;
        }
        store.make_durable()?;
        migrate::migrate(&mut store.connection, &store.path)?;
        files::check_sibling_modes(&store.path)?;
        store.lock.check_in_place(&store.path)?;
        store.read_newest()?;
        Ok(store)
    }

    fn configure(&self) -> Result<(), StoreError> {
        self.connection
            .busy_timeout(BUSY_TIMEOUT)
            .and_then(|()| harden(&self.connection))
            .map_err(|error| classify(&self.path, error))
    }

    fn make_durable(&self) -> Result<(), StoreError> {
        let mode: String = self
            .connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .map_err(|error| classify(&self.path, error))?;
        if mode != "wal" {
            let message = format!("the journal mode stays `{mode}`");
            return Err(StoreError::Sqlite { path: self.path.clone(), code: 0, message });
        }
        // The last two tell macOS to flush the drive's own cache; they do nothing elsewhere.
        self.connection
            .execute_batch(
                "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;",
            )
            .map_err(|error| classify(&self.path, error))
    }

    /// The tail is what the next receipt links to, so a damaged one must be found before it is built on.
    fn read_newest(&self) -> Result<(), StoreError> {
        let newest = self.selection().max_rowid()?;
        let query = Query { limit: Some(1), ..Query::after(newest - 1) };
        self.stream(&query, &mut |_| ControlFlow::Continue(()))
    }

    fn selection(&self) -> Selection<'_> {
        let shape = Shape { tool_name: true, sessions: true, chain_index: true, time_index: true };
        Selection { connection: &self.connection, path: &self.path, shape }
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

    fn max_rowid(&self) -> Result<i64, StoreError> {
        self.selection().max_rowid()
    }
}

impl ReceiptStore for SqliteStore {
    fn append(&mut self, batch: &[Row]) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let path = self.path.as_path();
        self.lock.check_in_place(path)?;
        // Dropped on any error below, and rolled back by that.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| classify(path, error))?;
        for row in batch {
            insert(&transaction, path, row)?;
        }
        transaction.commit().map_err(|error| classify(path, error))
    }
}

/// What every connection of ours has: no trust in the code that a schema can hold, and no way to alter the schema's own table.
pub(crate) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch("PRAGMA cell_size_check = ON")?;
    // A value this long is no receipt: frames are capped at 1 MiB.
    connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)?;
    Ok(())
}

/// The whole check: the quick one does not hold indexes against their table, and a forger can make one that hides rows.
pub(crate) fn integrity_check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| classify(path, error))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: path.to_owned(), detail: verdict }) }
}

/// The longest row in bytes, written or read.
const LONGEST_VALUE: i32 = 64 << 20;

const INSERT: &str = "INSERT INTO receipts (id, chain_id, sequence, action_type, tool_name, risk_level, status, timestamp, \
    issuer_id, principal_id, receipt_json, receipt_hash, previous_receipt_hash) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

// Replaces, for a leftover of a receipt that was deleted by hand must not stop the writer.
const INSERT_SESSION: &str = "INSERT OR REPLACE INTO ar_sessions (receipt_id, session_id) VALUES (?1, ?2)";

fn insert(connection: &Connection, path: &Path, row: &Row) -> Result<(), StoreError> {
    let Ok(sequence) = i64::try_from(row.sequence) else {
        return Err(StoreError::SequenceTooLarge { chain_id: row.chain_id.clone(), sequence: row.sequence });
    };
    let values = params![
        row.id,
        row.chain_id,
        sequence,
        row.action_type,
        row.tool_name,
        row.risk_level,
        row.status,
        row.timestamp,
        row.issuer_id,
        row.principal_id,
        row.receipt_json,
        row.receipt_hash,
        row.previous_receipt_hash,
    ];
    let inserted = connection.prepare_cached(INSERT).and_then(|mut statement| statement.execute(values));
    inserted.map_err(|error| match extended_code(&error) {
        Some(ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE) => {
            duplicate(connection, path, row)
        }
        _ => classify(path, error),
    })?;
    if let Some(session_id) = &row.session_id {
        connection
            .prepare_cached(INSERT_SESSION)
            .and_then(|mut statement| statement.execute([&row.id, session_id]))
            .map_err(|error| classify(path, error))?;
    }
    Ok(())
}

/// Which constraint a row breaks; the id's, if it breaks both.
fn duplicate(connection: &Connection, path: &Path, row: &Row) -> StoreError {
    let same_id = "SELECT EXISTS (SELECT 1 FROM receipts WHERE id = ?1)";
    match connection.query_row(same_id, [&row.id], |found| found.get(0)) {
        Ok(true) => StoreError::DuplicateId { id: row.id.clone() },
        Ok(false) => StoreError::DuplicatePosition { chain_id: row.chain_id.clone(), sequence: row.sequence },
        Err(error) => classify(path, error),
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
        assert!(by_time.contains("SCAN r USING INDEX idx_receipts_timestamp"), "{by_time}");
        let newest = stream(Query { order: crate::Order::Descending, limit: Some(5), ..Query::default() });
        assert!(newest.contains("USING INDEX idx_receipts_timestamp"), "{newest}");
        let session = stream(Query { session_id: Some("s".to_owned()), ..Query::default() });
        assert!(session.contains("USING COVERING INDEX ar_sessions_session"), "{session}");
        assert!(session.contains("SEARCH r USING INDEX sqlite_autoindex_receipts_1 (id=?)"), "{session}");
        assert!(!session.contains("SCAN r;") && !session.contains("SCAN f"), "{session}");
    }
}
