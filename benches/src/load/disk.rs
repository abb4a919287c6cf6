//! What a database takes on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::Failure;

/// Bytes of the database's files, those of its log included.
pub(super) fn bytes_of_files(db: &Path) -> u64 {
    let with = |suffix: &str| {
        let mut path = db.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    };
    ["", "-wal"].iter().filter_map(|suffix| fs::metadata(with(suffix)).ok()).map(|file| file.len()).sum()
}

/// Bytes of each table and index.
///
/// # Errors
///
/// [`Failure::Database`] if it cannot be read.
pub(super) fn bytes_by_table(db: &Path) -> Result<BTreeMap<String, u64>, Failure> {
    let connection = Connection::open_with_flags(db, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement =
        connection.prepare("SELECT name, CAST(sum(pgsize) AS INTEGER) FROM dbstat GROUP BY name")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().map(|(name, bytes)| (name, bytes as u64)).collect())
}
