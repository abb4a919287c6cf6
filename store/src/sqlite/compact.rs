//! Rewriting a database without its empty pages.
//!
//! SQLite's `VACUUM` in place may number rows anew, and shows that only when it is done. So the copy is made beside the
//! database, and takes its place only if it holds the same under the same numbers.

use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use rusqlite::Connection;

use super::compare::same_contents;
use super::connect::integrity_check;
use super::copy::{Existing, Partial};
use super::errors::classify;
use super::files;
use super::lock::WriterLock;
use super::reader::SqliteReader;
use crate::StoreError;

/// The length of a database file before and after it was compacted, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Before, its log folded in.
    pub before: u64,
    /// After; the same where nothing was to be gained, and the file was left as it is.
    pub after: u64,
}

pub(crate) fn compact(
    connection: Connection,
    path: &Path,
    lock: &WriterLock,
) -> Result<Compacted, StoreError> {
    exclude_all(&connection, path)?;
    let found = || files::regular(path)?.ok_or_else(|| StoreError::Missing { path: path.to_owned() });
    let original = found()?;
    let partial = Partial::create(path)?;
    connection
        .execute("VACUUM INTO ?1", [partial.path.to_string_lossy()])
        .map_err(|error| classify(&partial.path, error))?;
    compare(&connection, path, &partial.path)?;
    let failed = |error: std::io::Error| StoreError::io(&partial.path, "examine", &error);
    let copied = partial.file.metadata().map_err(failed)?;
    if copied.size() >= original.size() {
        return Ok(Compacted { before: original.size(), after: original.size() });
    }
    if (copied.uid(), copied.gid()) != (original.uid(), original.gid()) {
        // Were it another's afterwards, its owner could no longer write it.
        fchown(&partial.file, Some(original.uid()), Some(original.gid()))
            .map_err(|error| StoreError::io(&partial.path, "change the owner of", &error))?;
    }
    lock.check_in_place(path)?;
    let after = partial.finish(path, Existing::Replace, original.mode() & 0o7777)?;
    // The file that had the name is closed, and gone with that.
    drop(connection);
    Ok(Compacted { before: original.size(), after })
}

/// Folds the log in, removes the side files, and keeps everybody out until the connection is closed. A log that belongs to the
/// old file must not lie beside the new one.
fn exclude_all(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let own = |error| classify(path, error);
    let pragma = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).map_err(own);
    let mode = pragma("PRAGMA journal_mode = DELETE")?;
    if mode != "delete" {
        return Err(StoreError::Busy { path: path.to_owned() });
    }
    pragma("PRAGMA locking_mode = EXCLUSIVE")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT").map_err(own)?;
    for suffix in ["-wal", "-journal"] {
        let side = files::sibling(path, suffix);
        if files::regular(&side)?.is_some_and(|metadata| metadata.size() > 0) {
            return Err(StoreError::InUse { path: path.to_owned(), side });
        }
    }
    Ok(())
}

fn compare(connection: &Connection, path: &Path, partial: &Path) -> Result<(), StoreError> {
    let copied = SqliteReader::open(partial)?;
    integrity_check(copied.connection(), partial)?;
    same_contents(connection, path, copied.connection(), partial)
}
