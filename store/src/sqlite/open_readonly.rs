//! How a database is opened without writing or creating anything.
//!
//! SQLite itself writes when it reads a database in WAL mode: it makes `-wal` and `-shm`, and marks in `-shm` what it reads. A
//! verifier must leave evidence as it found it, and may have no right to write. So the way depends on what lies beside the
//! database:
//!
//! - `-wal` and `-shm`: a writer is at work, or was killed. `readonly_shm` takes part in the locks and writes nothing.
//! - `-wal` alone: copied from a crash. Its index is built in private memory, without locks.
//! - neither: closed properly. Read as an immutable file.
//!
//! In the last two there is no lock, so the caller must ask [`Opened::still_current`] whether a writer came meanwhile. One trace
//! cannot be excluded: if the writer closes between our look and SQLite's, an empty `-wal` may be left.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::connect::harden;
use super::errors::{classify, extended_code};
use super::files::{self, sibling};
use crate::StoreError;

/// How often the look is repeated when a writer comes or goes in the midst of it.
const ATTEMPTS: usize = 16;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two attempts when others open the database at the same moment.
const PAUSE: Duration = Duration::from_millis(5);

/// An open connection, and what the files were like then.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    look: Look,
    way: Way,
}

impl Opened {
    /// Opens the database at a resolved path.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut failure = StoreError::Changed { path: path.to_owned() };
        for _ in 0..ATTEMPTS {
            let look = Look::take(path)?;
            let way = look.way(path)?;
            match connect(path, way, &look) {
                Ok((connection, way)) => {
                    let opened = Self { connection, look, way };
                    if opened.still_current(path) {
                        return Ok(opened);
                    }
                }
                Err(error) => {
                    // Two that open at once in one process share what they know of the `-shm`, and neither may mark it.
                    let in_each_others_way = is_unmarked(&error);
                    failure = classify(path, error);
                    if in_each_others_way {
                        std::thread::sleep(PAUSE);
                    } else if Look::take(path)? == look {
                        return Err(failure);
                    }
                }
            }
        }
        Err(failure)
    }

    /// False if the connection may see a mixture of old and new, or a file that is no longer the one at the path.
    pub(crate) fn still_current(&self, path: &Path) -> bool {
        let Ok(now) = Look::take(path) else { return false };
        match self.way {
            Way::Live => now.database.inode == self.look.database.inode,
            Way::Frozen | Way::Recovered => now == self.look,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Live,
    Recovered,
    Frozen,
}

impl Way {
    fn parameters(self) -> &'static str {
        match self {
            Way::Live => "mode=ro&readonly_shm=1",
            Way::Recovered => "mode=ro&vfs=unix-none",
            Way::Frozen => "mode=ro&immutable=1",
        }
    }
}

/// What can be seen of a database's files from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    database: Stamp,
    wal: Option<Stamp>,
    shm: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: files::Inode,
    size: u64,
    modified: (i64, i64),
}

impl Look {
    fn take(path: &Path) -> Result<Self, StoreError> {
        let stamp = |metadata: std::fs::Metadata| Stamp {
            inode: files::inode(&metadata),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        };
        let database = files::check(path)?.ok_or_else(|| StoreError::Missing { path: path.to_owned() })?;
        Ok(Self {
            database: stamp(database),
            wal: files::regular(&sibling(path, "-wal"))?.map(stamp),
            shm: files::regular(&sibling(path, "-shm"))?.is_some(),
        })
    }

    fn way(&self, path: &Path) -> Result<Way, StoreError> {
        let journal = sibling(path, "-journal");
        if files::regular(&journal)?.is_some_and(|metadata| metadata.size() > 0) {
            return Err(StoreError::UnfinishedJournal { path: journal });
        }
        Ok(match (self.wal, self.shm) {
            (Some(_), true) => Way::Live,
            (Some(wal), false) if wal.size > 0 => Way::Recovered,
            _ => Way::Frozen,
        })
    }
}

/// Opens in this way, or in the one that proves to be right.
fn connect(path: &Path, way: Way, look: &Look) -> rusqlite::Result<(Connection, Way)> {
    let error = match probe(path, way.parameters(), way) {
        Ok(connection) => return Ok((connection, way)),
        Err(error) => error,
    };
    match extended_code(&error) {
        // Then the reader must mark it, in the `-shm` that the writer keeps.
        _ if way == Way::Live && is_unmarked(&error) => {
            probe(path, "mode=ro", way).map(|connection| (connection, way))
        }
        // A writer died after making the files and before its first frame: SQLite waits in vain for the first of its marks.
        // Then they are read as the copies from a crash that they are.
        Some(ffi::SQLITE_PROTOCOL) if way == Way::Live => {
            let left = if look.wal.is_some_and(|wal| wal.size > 0) { Way::Recovered } else { Way::Frozen };
            probe(path, left.parameters(), left).map(|connection| (connection, left))
        }
        _ => Err(error),
    }
}

/// The writer has not yet marked what may be read.
fn is_unmarked(error: &rusqlite::Error) -> bool {
    matches!(extended_code(error), Some(ffi::SQLITE_READONLY_CANTINIT | ffi::SQLITE_READONLY_RECOVERY))
}

/// Opens, and reads the schema: SQLite touches no file before the first read.
fn probe(path: &Path, parameters: &str, way: Way) -> rusqlite::Result<Connection> {
    let uri = format!("file://{}?{parameters}", percent_encode(path));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Without this, the last reader to close would try to fold the `-wal` into the database.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if way == Way::Recovered {
        // Keeps the index of the `-wal` in private memory instead of in a new `-shm`.
        connection.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
    }
    connection.execute_batch("PRAGMA query_only = ON")?;
    harden(&connection)?;
    connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// The path as the path of a URI; everything but letters, digits, `-._~` and the slash is escaped.
fn percent_encode(path: &Path) -> String {
    let mut encoded = String::new();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_with_a_meaning_in_a_uri_is_escaped() {
        assert_eq!(percent_encode(Path::new("/a b/c?d#e%f&g=h")), "/a%20b/c%3Fd%23e%25f%26g%3Dh");
        assert_eq!(percent_encode(Path::new("/ü/x-1_2.db~")), "/%C3%BC/x-1_2.db~");
    }
}
