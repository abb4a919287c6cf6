//! A consistent copy of a database that may be in use, compared with its original before it gets its name.
//!
//! Pages are copied by SQLite within one read transaction: whatever a writer does meanwhile, the copy is the database as it
//! was at one moment. `VACUUM INTO` would do that too, but may number rows anew, and row numbers are what sessions hang on.
//!
//! The copy is made under another name, `.<name>.partial`, and gets its own only when it was compared and synced. A crash
//! leaves that file, which the next copy to the same place removes.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rustix::fs::{FlockOperation, OFlags, flock};

use super::compare::same_contents;
use super::connect::{connect, integrity_check};
use super::errors::classify;
use super::files::{self, sibling};
use super::lock::release;
use super::reader::SqliteReader;
use crate::{ReceiptReader, StoreError};

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The copy's path, with the links in its folders resolved.
    pub path: PathBuf,
    /// How many receipts it holds.
    pub receipts: u64,
    /// The file's length in bytes.
    pub bytes: u64,
}

/// What to do where a file stands at the copy's path already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    Keep,
    /// Put the copy in its place, once the copy is whole.
    Replace,
}

/// Copies what `reader` sees to `target`, mode 0600.
pub(crate) fn copy(reader: &SqliteReader, target: &Path, existing: Existing) -> Result<Copied, StoreError> {
    let target = files::resolve(target)?;
    check_place(reader.path(), &target, existing)?;
    let partial = Partial::create(&target)?;
    let receipts = partial.fill(reader)?;
    let bytes = partial.finish(&target, existing, MODE)?;
    Ok(Copied { path: target, receipts, bytes })
}

/// The place may be free, or taken by a file that is to be replaced: never by the original, and never by a database that has
/// side files, since a new file beside an old log is a damaged database.
fn check_place(original: &Path, target: &Path, existing: Existing) -> Result<(), StoreError> {
    for suffix in ["-wal", "-journal", "-shm"] {
        let side = sibling(target, suffix);
        if files::regular(&side)?.is_some() {
            return Err(StoreError::InUse { path: target.to_owned(), side });
        }
    }
    let Some(found) = files::regular(target)? else { return Ok(()) };
    let is_original = files::regular(original)?.is_some_and(|own| files::inode(&own) == files::inode(&found));
    if is_original || existing == Existing::Keep {
        return Err(StoreError::AlreadyExists { path: target.to_owned() });
    }
    Ok(())
}

/// The copy before it has its name. Removed when dropped, unless it was finished.
pub(crate) struct Partial {
    pub(crate) path: PathBuf,
    /// Locked, so that nobody takes it for what a crash has left.
    /// INVARIANT: closed only after SQLite has closed the file, whose locks would go with it.
    pub(crate) file: File,
    finished: bool,
}

impl Partial {
    pub(crate) fn create(target: &Path) -> Result<Self, StoreError> {
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".partial");
        let path = target.with_file_name(name);
        remove_stale(&path)?;
        let file = new_file(&path).map_err(|error| StoreError::io(&path, "create", &error))?;
        lock(&path, &file)?;
        Ok(Self { path, file, finished: false })
    }

    /// Copies and compares; gives the number of receipts.
    fn fill(&self, reader: &SqliteReader) -> Result<u64, StoreError> {
        let own = |error| classify(&self.path, error);
        let source = reader.connection();
        // One transaction for both, so that what is compared is what was copied.
        source.execute_batch("BEGIN").map_err(|error| classify(reader.path(), error))?;
        let compared = self.copy_pages(reader).and_then(|()| {
            let copied = SqliteReader::open(&self.path)?;
            integrity_check(copied.connection(), &self.path)?;
            same_contents(source, reader.path(), copied.connection(), &self.path)?;
            let count = "SELECT COUNT(*) FROM receipts NOT INDEXED";
            let receipts: i64 = copied.connection().query_row(count, [], |row| row.get(0)).map_err(own)?;
            Ok(receipts.unsigned_abs())
        });
        let ended = source.execute_batch("COMMIT").map_err(|error| classify(reader.path(), error));
        let receipts = reader.whole(compared)?;
        ended.map(|()| receipts)
    }

    fn copy_pages(&self, reader: &SqliteReader) -> Result<(), StoreError> {
        let own = |error| classify(&self.path, error);
        // Takes the snapshot: a transaction begins with its first read.
        reader.max_rowid()?;
        let mut copy = connect(&self.path)?;
        // Nothing of this file counts before it is finished: a journal of it would be of no use.
        copy.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(())).map_err(own)?;
        copy.execute_batch("PRAGMA synchronous = OFF").map_err(own)?;
        let backup = Backup::new(reader.connection(), &mut copy).map_err(own)?;
        let mut waited = 0;
        loop {
            match backup.step(PAGES_AT_A_TIME).map_err(own)? {
                StepResult::Done => return Ok(()),
                StepResult::Busy | StepResult::Locked if waited < MOST_WAITS => {
                    waited += 1;
                    std::thread::sleep(WAIT);
                }
                StepResult::Busy | StepResult::Locked => {
                    return Err(StoreError::Busy { path: reader.path().to_owned() });
                }
                _ => {}
            }
        }
    }

    /// Makes the copy durable, then gives it its name, then makes the name durable.
    pub(crate) fn finish(mut self, target: &Path, existing: Existing, mode: u32) -> Result<u64, StoreError> {
        let failed = |operation| move |error: io::Error| StoreError::io(target, operation, &error);
        self.file.set_permissions(Permissions::from_mode(mode)).map_err(failed("set the mode of"))?;
        self.file.sync_all().map_err(failed("sync"))?;
        let bytes = self.file.metadata().map_err(failed("examine"))?.size();
        match existing {
            Existing::Replace => std::fs::rename(&self.path, target).map_err(failed("put the copy at"))?,
            // Unlike a rename, a link never replaces what came meanwhile. Its old name goes when this is dropped.
            Existing::Keep => std::fs::hard_link(&self.path, target).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::AlreadyExists { path: target.to_owned() },
                _ => StoreError::io(target, "put the copy at", &error),
            })?,
        }
        self.finished = existing == Existing::Replace;
        drop(self);
        sync_folder(target)?;
        Ok(bytes)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed now is removed by the next copy to this place.
            let _ = std::fs::remove_file(&self.path);
        }
        release(&self.file);
    }
}

/// Removes what a copy that was cut short has left; one that is being made is locked.
fn remove_stale(path: &Path) -> Result<(), StoreError> {
    if files::regular(path)?.is_none() {
        return Ok(());
    }
    lock(path, &files::open_plain(path)?)?;
    std::fs::remove_file(path).map_err(|error| StoreError::io(path, "remove", &error))
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(MODE)
        .custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed())
        .open(path)
}

/// Fails where another copy is being made, also where it took the name between our making the file and locking it.
fn lock(path: &Path, file: &File) -> Result<(), StoreError> {
    let busy = || StoreError::Busy { path: path.to_owned() };
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(busy()),
        Err(error) => return Err(StoreError::io(path, "lock", &error.into())),
    }
    let own = file.metadata().map_err(|error| StoreError::io(path, "examine", &error))?;
    let there = files::regular(path)?.map(|metadata| files::inode(&metadata));
    if there == Some(files::inode(&own)) { Ok(()) } else { Err(busy()) }
}

/// Makes the names in a file's folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder.unwrap_or(Path::new("/")),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::io(folder, "sync", &error))
}

const MODE: u32 = 0o600;
/// About a megabyte at a time.
const PAGES_AT_A_TIME: i32 = 64;
const WAIT: Duration = Duration::from_millis(50);
/// Five seconds, as long as a writer waits.
const MOST_WAITS: u32 = 100;
