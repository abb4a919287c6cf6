//! What stands in a database: the reference's table, ours, and what must not be there.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::checkpoints::NAMES as CHECKPOINTS;
use super::errors::classify;
use super::moved::NAMES as MOVED;
use super::sessions::NAMES as SESSIONS;
use crate::StoreError;

/// The version of our own tables (`ar_*`), kept in `ar_meta` under `schema_version`. The reference's table has no version.
pub const SCHEMA_VERSION: u32 = 4;

/// The size of a page in a new database, in bytes. A receipt has about 1.7 kB: two fit a page of SQLite's usual 4 kB and leave a
/// sixth of it empty.
pub(crate) const PAGE_SIZE: u32 = 16 << 10;

/// The reference's table and its unique index (`receipts-format.md` §3), word for word. Its other three indexes (by action,
/// risk and time) are left where they are and not made: no reader needs them, and each receipt pays for them.
pub(crate) const RECEIPTS: &str = "\
CREATE TABLE IF NOT EXISTS receipts (
    id TEXT PRIMARY KEY,
    chain_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    action_type TEXT NOT NULL,
    tool_name TEXT NOT NULL DEFAULT '',
    risk_level TEXT NOT NULL,
    status TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    issuer_id TEXT NOT NULL,
    principal_id TEXT,
    receipt_json TEXT NOT NULL,
    receipt_hash TEXT NOT NULL,
    previous_receipt_hash TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS idx_receipts_chain ON receipts(chain_id, sequence);";

/// The action type that every start of a daemon asks for.
pub(crate) const KEY_ROTATION: &str = "agent.key.rotate";

/// Finds [`KEY_ROTATION`] where there is no index by action. Only a query with the type as a literal may use it.
pub(crate) const ROTATIONS: &str = "\
CREATE INDEX IF NOT EXISTS ar_receipts_rotations ON receipts(timestamp, sequence) WHERE action_type = 'agent.key.rotate'";

/// Our own table with the version; the others are in `sessions.rs`, `checkpoints.rs` and `moved.rs`.
pub(crate) const META: &str =
    "CREATE TABLE IF NOT EXISTS ar_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

/// The columns that rows are read from; `tool_name` came later and may be missing in old files.
const COLUMNS: [&str; 12] = [
    "id",
    "chain_id",
    "sequence",
    "action_type",
    "risk_level",
    "status",
    "timestamp",
    "issuer_id",
    "principal_id",
    "receipt_json",
    "receipt_hash",
    "previous_receipt_hash",
];

/// What was found in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The table `receipts` has the column `tool_name`.
    pub(crate) tool_name: bool,
    /// Which of our own tables are there.
    pub(crate) sessions: SessionTables,
    /// The tables of checkpoints are there.
    pub(crate) checkpoints: bool,
    /// The tables of what was moved to archives are there.
    pub(crate) moved: bool,
    /// There is an index `idx_receipts_chain`.
    pub(crate) chain_index: bool,
    /// There is an index `idx_receipts_timestamp`.
    pub(crate) time_index: bool,
}

/// How the sessions of receipts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionTables {
    /// Not at all, or in a way that we do not know.
    None,
    /// As in version 1: a table `ar_sessions` by receipt id.
    ById,
    /// As in `sessions.rs`.
    ByRowid,
}

/// Looks at the schema without changing it, and refuses one that rows cannot be read from.
///
/// A newer version of *our* tables does not hinder reading, for the reference's table is all that a reader needs: our tables
/// are then left alone.
pub(crate) fn examine(connection: &Connection, path: &Path) -> Result<Shape, StoreError> {
    let columns = columns(connection, path)?;
    if let Some(missing) = COLUMNS.iter().find(|wanted| !columns.iter().any(|column| column == *wanted)) {
        return Err(foreign(path, format!("table `receipts` has no column `{missing}`")));
    }
    let version = version(connection, path);
    let since = |first: u32| matches!(version, Ok(Some(found)) if found >= first);
    let checkpoints = since(3) && has_tables(connection, path, &CHECKPOINTS)?;
    let moved = since(4) && has_tables(connection, path, &MOVED)?;
    let sessions = match version {
        Ok(Some(1)) if is_plain_table(connection, path, "ar_sessions")? => SessionTables::ById,
        Ok(Some(2..=SCHEMA_VERSION)) if has_tables(connection, path, &SESSIONS)? => SessionTables::ByRowid,
        Ok(_) | Err(StoreError::NewerSchema { .. }) => SessionTables::None,
        Err(error) => return Err(error),
    };
    let indexes = indexes(connection, path)?;
    Ok(Shape {
        tool_name: columns.iter().any(|column| column == "tool_name"),
        sessions,
        checkpoints,
        moved,
        chain_index: indexes.iter().any(|index| index == "idx_receipts_chain"),
        time_index: indexes.iter().any(|index| index == "idx_receipts_timestamp"),
    })
}

/// The names of the indexes on `receipts` that hold every row.
pub(crate) fn indexes(connection: &Connection, path: &Path) -> Result<Vec<String>, StoreError> {
    names(connection, path, "SELECT name FROM pragma_index_list('receipts') AS i WHERE NOT i.partial")
}

/// Whether the schema has no table, view, index or trigger at all: a fresh file.
pub(crate) fn is_empty(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    connection
        .query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
        .map_err(|error| classify(path, error))
}

/// The version of our tables; `None` in a file of the reference. Newer than ours is an error.
pub(crate) fn version(connection: &Connection, path: &Path) -> Result<Option<u32>, StoreError> {
    if !is_plain_table(connection, path, "ar_meta")? {
        return Ok(None);
    }
    let found: Option<String> = connection
        .query_row("SELECT CAST(value AS TEXT) FROM ar_meta WHERE key = 'schema_version'", [], |row| {
            row.get(0)
        })
        .optional()
        .map_err(|error| classify(path, error))?;
    let Some(found) = found else { return Ok(None) };
    match found.parse::<u32>() {
        Ok(version) if version <= SCHEMA_VERSION => Ok(Some(version)),
        _ => Err(StoreError::NewerSchema { path: path.to_owned(), found, supported: SCHEMA_VERSION }),
    }
}

/// Refuses what would falsify rows on their way in: triggers, and a table or index that does not keep receipts unique. Whoever
/// could write the file before us may have planted them.
pub(crate) fn check_writable(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let trigger: Option<String> = connection
        .query_row("SELECT name FROM sqlite_schema WHERE type = 'trigger' LIMIT 1", [], |row| row.get(0))
        .optional()
        .map_err(|error| classify(path, error))?;
    if let Some(trigger) = trigger {
        return Err(foreign(path, format!("there is a trigger `{trigger}`")));
    }
    let unique = "SELECT (SELECT group_concat(name) FROM pragma_index_info(list.name)) AS columns \
                  FROM pragma_index_list('receipts') AS list WHERE list.\"unique\" AND NOT list.partial";
    let mut statement = connection.prepare(unique).map_err(|error| classify(path, error))?;
    let found: Vec<Option<String>> = statement
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .map_err(|error| classify(path, error))?;
    for wanted in ["id", "chain_id,sequence"] {
        if !found.iter().flatten().any(|columns| columns == wanted) {
            return Err(foreign(path, format!("table `receipts` is not unique by `{wanted}`")));
        }
    }
    Ok(())
}

pub(crate) fn foreign(path: &Path, detail: impl Into<String>) -> StoreError {
    StoreError::ForeignSchema { path: path.to_owned(), detail: detail.into() }
}

fn has_tables(connection: &Connection, path: &Path, tables: &[&str]) -> Result<bool, StoreError> {
    for table in tables {
        if !is_plain_table(connection, path, table)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn columns(connection: &Connection, path: &Path) -> Result<Vec<String>, StoreError> {
    if !is_plain_table(connection, path, "receipts")? {
        return Err(foreign(path, "there is no table `receipts`"));
    }
    names(connection, path, "SELECT name FROM pragma_table_info('receipts')")
}

fn names(connection: &Connection, path: &Path, sql: &str) -> Result<Vec<String>, StoreError> {
    let found = connection
        .prepare(sql)
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect());
    found.map_err(|error| classify(path, error))
}

/// True for an ordinary table of the main database; a view or a virtual table of that name is refused.
pub(crate) fn is_plain_table(connection: &Connection, path: &Path, name: &str) -> Result<bool, StoreError> {
    let kind: Option<String> = connection
        .query_row("SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()
        .map_err(|error| classify(path, error))?;
    match kind.as_deref() {
        None => Ok(false),
        Some("table") => Ok(true),
        Some(kind) => Err(foreign(path, format!("`{name}` is a {kind}, not a table"))),
    }
}
