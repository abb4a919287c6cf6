//! SQLite's result codes as our errors.

use std::path::Path;

use rusqlite::{Error, ffi};

use crate::StoreError;

/// Names what SQLite reported about the database at `path`.
pub(crate) fn classify(path: &Path, error: Error) -> StoreError {
    let path = path.to_owned();
    match error {
        Error::SqliteFailure(failure, message) => from_code(&path, failure.extended_code, message),
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnType(..) => StoreError::UnreadableRow { path, detail: error.to_string() },
        other => StoreError::Sqlite { path, code: 0, message: other.to_string() },
    }
}

/// The extended result code of an error, if it came from SQLite.
pub(crate) fn extended_code(error: &Error) -> Option<i32> {
    match error {
        Error::SqliteFailure(failure, _) => Some(failure.extended_code),
        _ => None,
    }
}

fn from_code(path: &Path, code: i32, message: Option<String>) -> StoreError {
    let path = path.to_owned();
    let message = message.unwrap_or_else(|| ffi::code_to_str(code).to_owned());
    match (code & 0xff, code) {
        (ffi::SQLITE_FULL, _) => StoreError::DiskFull { path },
        (ffi::SQLITE_NOTADB, _) => StoreError::NotADatabase { path },
        (ffi::SQLITE_CORRUPT, _) | (_, ffi::SQLITE_IOERR_CORRUPTFS) => {
            StoreError::Corrupt { path, detail: message }
        }
        (ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED, _) => StoreError::Busy { path },
        (ffi::SQLITE_TOOBIG, _) => StoreError::TooLarge { path },
        // After a failed sync the kernel may have thrown dirty pages away, and a second sync then succeeds without them.
        (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => StoreError::SyncFailed { path },
        (ffi::SQLITE_CANTOPEN, _) => {
            StoreError::Io { path, operation: "open", kind: std::io::ErrorKind::Other, message }
        }
        (ffi::SQLITE_IOERR, _) => {
            let operation = match code {
                ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ => "read",
                _ => "write",
            };
            StoreError::Io { path, operation, kind: std::io::ErrorKind::Other, message }
        }
        _ => StoreError::Sqlite { path, code, message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_the_writer_and_what_fails_one_batch() {
        let error = |code| {
            classify(Path::new("/db"), Error::SqliteFailure(ffi::Error::new(code), Some("words".to_owned())))
        };
        let path = || "/db".into();
        assert_eq!(error(ffi::SQLITE_FULL), StoreError::DiskFull { path: path() });
        assert_eq!(error(ffi::SQLITE_BUSY), StoreError::Busy { path: path() });
        assert_eq!(error(ffi::SQLITE_IOERR_FSYNC), StoreError::SyncFailed { path: path() });
        assert_eq!(error(ffi::SQLITE_IOERR_DIR_FSYNC), StoreError::SyncFailed { path: path() });
        assert_eq!(error(ffi::SQLITE_NOTADB), StoreError::NotADatabase { path: path() });
        let fatal = [ffi::SQLITE_CORRUPT, ffi::SQLITE_CORRUPT_INDEX, ffi::SQLITE_IOERR_CORRUPTFS];
        assert!(
            fatal
                .iter()
                .all(|code| matches!(error(*code), StoreError::Corrupt { .. }) && error(*code).is_fatal())
        );
        assert!(error(ffi::SQLITE_IOERR_FSYNC).is_fatal());
        let passing = [
            ffi::SQLITE_FULL,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_READONLY,
        ];
        assert!(passing.iter().all(|code| !error(*code).is_fatal()));
        assert!(matches!(error(ffi::SQLITE_IOERR_READ), StoreError::Io { operation: "read", .. }));
        assert!(matches!(error(ffi::SQLITE_IOERR_WRITE), StoreError::Io { operation: "write", .. }));
        assert!(matches!(error(ffi::SQLITE_MISUSE), StoreError::Sqlite { code: ffi::SQLITE_MISUSE, .. }));
    }
}
