//! Connections that write, and what every connection of ours has.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::checkpoint::KEPT_LENGTH;
use super::errors::classify;
use super::schema::PAGE_SIZE;
use crate::StoreError;

/// How long a write waits for another program to let go of the database; the reference waits as long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest row in bytes, written or read.
const LONGEST_VALUE: i32 = 64 << 20;
/// How many statements a connection keeps prepared.
const PREPARED: usize = 32;

/// Opens a file that exists, as it is.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.set_prepared_statement_cache_capacity(PREPARED);
        connection.busy_timeout(BUSY_TIMEOUT)?;
        harden(&connection)?;
        // What undoes a statement would go to a file in a folder for everybody once it is as long as a large page: receipts have no
        // business there, and a confined daemon cannot reach it.
        connection.execute_batch("PRAGMA temp_store = MEMORY")?;
        Ok(connection)
    });
    opened.map_err(|error| classify(path, error))
}

/// Sets the size of the pages of a database in which nothing was written yet; no other is changed.
pub(crate) fn size_pages(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection
        .execute_batch(&format!("PRAGMA page_size = {PAGE_SIZE}"))
        .map_err(|error| classify(path, error))
}

/// Makes every commit durable before it returns.
pub(crate) fn make_durable(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| classify(path, error))?;
    if mode != "wal" {
        let message = format!("the journal mode stays `{mode}`");
        return Err(StoreError::Sqlite { path: path.to_owned(), code: 0, message });
    }
    // `fullfsync` and its like tell macOS to flush the drive's own cache; they do nothing elsewhere.
    let pragmas = format!(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; \
         PRAGMA journal_size_limit = {KEPT_LENGTH};"
    );
    connection.execute_batch(&pragmas).map_err(|error| classify(path, error))
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
