//! Everything that can go wrong with a store, with the path and the mend.

use std::io;
use std::path::{Path, PathBuf};

/// Why a store could not be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no file at the path.
    #[error("no database at `{}`: start the daemon once, or name the right path", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A database was to be created where something already stands.
    #[error("`{}` already exists: open it instead, or choose another path", path.display())]
    AlreadyExists {
        /// The path.
        path: PathBuf,
    },
    /// The path names no file: it is empty, `:memory:`, or ends in no file name.
    #[error("`{}` does not name a database file: give the path of one", path.display())]
    NotAFileName {
        /// The path.
        path: PathBuf,
    },
    /// The database or one of its side files is a symbolic link.
    #[error("`{}` is a symbolic link: name the file itself, or remove the link", path.display())]
    Symlink {
        /// The path.
        path: PathBuf,
    },
    /// The database or one of its side files is a directory, a FIFO, a device or a socket.
    #[error("`{}` is a {kind}, not a regular file: move it away, or name the right path", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What it is instead.
        kind: &'static str,
    },
    /// A side file has a looser mode than the database after it was opened.
    #[error("`{}` has mode {mode:04o}: someone else made it; stop the daemon and `chmod 640` it", path.display())]
    LooseMode {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not an SQLite database.
    #[error("`{}` is not a database: restore it from a copy, or name the right path", path.display())]
    NotADatabase {
        /// The path.
        path: PathBuf,
    },
    /// The database is damaged.
    #[error("the database `{}` is damaged ({detail}): keep it as evidence and restore a copy", path.display())]
    Corrupt {
        /// The path.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// The database is not one of receipts, or its tables were altered.
    #[error("the database `{}` does not hold receipts as it should ({detail}): name the right path", path.display())]
    ForeignSchema {
        /// The path.
        path: PathBuf,
        /// What is missing or in the way.
        detail: String,
    },
    /// A later version of this software has written the database.
    #[error(
        "the database `{}` has schema version `{found}`, and this program writes version {supported}: upgrade the program",
        path.display()
    )]
    NewerSchema {
        /// The path.
        path: PathBuf,
        /// The version in the database, as it stands there.
        found: String,
        /// The greatest version that this program writes.
        supported: u32,
    },
    /// A writer is at work on the same database, in this process or another.
    #[error("another daemon is writing to `{}`: stop it, or give this one a database of its own", path.display())]
    Locked {
        /// The path.
        path: PathBuf,
    },
    /// A rollback journal lies beside the database: a foreign program stopped in the midst of a change.
    #[error("`{}` holds an unfinished change: open the database once for writing to undo it", path.display())]
    UnfinishedJournal {
        /// The journal's path.
        path: PathBuf,
    },
    /// The file at the path is no longer the one that was opened.
    #[error("the database `{}` was moved or replaced while it was open: put it back and restart", path.display())]
    Replaced {
        /// The path.
        path: PathBuf,
    },
    /// A writer appeared while the database was read as a closed file; what was read may not fit together.
    #[error("the database `{}` changed while it was read: read it again", path.display())]
    Changed {
        /// The path.
        path: PathBuf,
    },
    /// Another program kept the database locked for longer than five seconds.
    #[error("the database `{}` is busy: close the other program that has it open", path.display())]
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// A copy was to be put where a database stands that has side files.
    #[error("`{}` stands beside `{}`: a database is in use there, so choose another path", side.display(), path.display())]
    InUse {
        /// Where the copy was to be.
        path: PathBuf,
        /// The side file.
        side: PathBuf,
    },
    /// A copy is not what its original is.
    #[error("the copy `{}` differs from its original ({detail}): it was not kept; check the disk", path.display())]
    CopyDiffers {
        /// The copy.
        path: PathBuf,
        /// Where they differ.
        detail: String,
    },
    /// There is already a receipt with this id.
    #[error("there is already a receipt `{id}`")]
    DuplicateId {
        /// The receipt's id.
        id: String,
    },
    /// There is already a receipt at this position.
    #[error("chain `{chain_id}` already has a receipt at sequence {sequence}")]
    DuplicatePosition {
        /// The chain.
        chain_id: String,
        /// The position.
        sequence: u64,
    },
    /// The chain was closed, and its receipts were moved to an archive: nothing is added to it.
    #[error("chain `{chain_id}` was moved to archive `{archive}`: begin another")]
    ChainMoved {
        /// The chain.
        chain_id: String,
        /// The archive's name.
        archive: String,
    },
    /// The sequence number does not fit the database's integers.
    #[error("sequence {sequence} of chain `{chain_id}` is greater than the database can hold")]
    SequenceTooLarge {
        /// The chain.
        chain_id: String,
        /// The position.
        sequence: u64,
    },
    /// A value is longer than a row may be.
    #[error("a receipt is too large for the database `{}`", path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
    },
    /// A stored row cannot be read: a column holds what never should stand there.
    #[error("a row of the database `{}` cannot be read: {detail}", path.display())]
    UnreadableRow {
        /// The path.
        path: PathBuf,
        /// Which column, and what it holds.
        detail: String,
    },
    /// The disk, or what the database may use of it, is full.
    #[error("no room left for the database `{}`: free some space", path.display())]
    DiskFull {
        /// The path.
        path: PathBuf,
    },
    /// The operating system refused to make data durable; what it did with earlier data is unknown.
    #[error("the database `{}` could not be synced to disk: check the disk, then restart", path.display())]
    SyncFailed {
        /// The path.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("could not {operation} `{}`: {message}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What was tried: a verb.
        operation: &'static str,
        /// The kind of failure.
        kind: io::ErrorKind,
        /// The operating system's or SQLite's words.
        message: String,
    },
    /// Any other refusal by SQLite.
    #[error("the database `{}` refused: {message} (code {code})", path.display())]
    Sqlite {
        /// The path.
        path: PathBuf,
        /// SQLite's extended result code.
        code: i32,
        /// SQLite's words.
        message: String,
    },
}

impl StoreError {
    /// True if the writer must stop: the database can no longer be trusted to hold what it is given. False if only the batch
    /// failed, so that a later one may succeed.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::NotADatabase { .. }
                | Self::Corrupt { .. }
                | Self::ForeignSchema { .. }
                | Self::NewerSchema { .. }
                | Self::Replaced { .. }
                | Self::SyncFailed { .. }
        )
    }

    pub(crate) fn io(path: &Path, operation: &'static str, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), operation, kind: error.kind(), message: error.to_string() }
    }
}
