//! One writer a database, whatever names and sockets two daemons were given.
//!
//! On Linux the lock is a `flock` on the database's own inode, so that hard links and other spellings of its path are excluded
//! too; SQLite's `fcntl` locks and `flock` do not see each other there. On other systems they do, and the lock is on a file
//! beside the database. Neither works on NFS, where WAL does not work either.
//!
//! INVARIANT: the descriptor is opened before SQLite opens the database and closed after it has closed it, because closing any
//! descriptor of a file drops all `fcntl` locks that the process has on it. For the same reason a second writer in this process
//! is refused by a list of inodes, before it opens anything.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};

use super::files::{self, Inode};
use crate::StoreError;

static WRITERS: Mutex<BTreeSet<Inode>> = Mutex::new(BTreeSet::new());

/// The right to write a database; given back when dropped.
#[derive(Debug)]
pub(crate) struct WriterLock {
    // Declared first, so that the lock is released before the inode leaves the list.
    file: File,
    #[cfg(not(target_os = "linux"))]
    beside: File,
    claim: Claim,
}

impl WriterLock {
    /// Takes the lock without waiting. `path` must be a regular file already.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let missing = || StoreError::Missing { path: path.to_owned() };
        let claim = Claim::make(path, files::inode(&files::regular(path)?.ok_or_else(missing)?))?;
        let file = files::open_plain(path)?;
        let metadata = file.metadata().map_err(|error| StoreError::io(path, "examine", &error))?;
        if files::inode(&metadata) != claim.0 || !metadata.is_file() {
            return Err(StoreError::Replaced { path: path.to_owned() });
        }
        #[cfg(target_os = "linux")]
        exclude_others(path, &file)?;
        Ok(Self {
            #[cfg(not(target_os = "linux"))]
            beside: lock_beside(path)?,
            file,
            claim,
        })
    }

    /// The locked database file. Must not be closed apart from the lock.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Fails if the path no longer leads to the locked file: rows would go where no reader looks.
    pub(crate) fn check_in_place(&self, path: &Path) -> Result<(), StoreError> {
        match files::regular(path) {
            Ok(Some(metadata)) if files::inode(&metadata) == self.claim.0 => Ok(()),
            Err(error @ StoreError::Io { .. }) => Err(error),
            _ => Err(StoreError::Replaced { path: path.to_owned() }),
        }
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        release(&self.file);
        #[cfg(not(target_os = "linux"))]
        release(&self.beside);
    }
}

/// Gives a lock back. Said, not left to closing: a program that another thread is just starting holds a copy of the descriptor until
/// it runs, and with it the lock.
pub(super) fn release(file: &File) {
    let _ = flock(file, FlockOperation::Unlock);
}

fn exclude_others(path: &Path, file: &File) -> Result<(), StoreError> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { path: path.to_owned() }),
        Err(error) => Err(StoreError::io(path, "lock", &error.into())),
    }
}

#[cfg(not(target_os = "linux"))]
fn lock_beside(path: &Path) -> Result<File, StoreError> {
    let beside = files::sibling(path, ".lock");
    match files::create(&beside) {
        Ok(()) | Err(StoreError::AlreadyExists { .. }) => {}
        Err(error) => return Err(error),
    }
    files::regular(&beside)?;
    let file = files::open_plain(&beside)?;
    exclude_others(path, &file)?;
    Ok(file)
}

/// An inode in the list of those that this process writes.
#[derive(Debug)]
struct Claim(Inode);

impl Claim {
    fn make(path: &Path, inode: Inode) -> Result<Self, StoreError> {
        if writers().insert(inode) {
            Ok(Self(inode))
        } else {
            Err(StoreError::Locked { path: path.to_owned() })
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        writers().remove(&self.0);
    }
}

fn writers() -> MutexGuard<'static, BTreeSet<Inode>> {
    // A set of plain numbers is whole even if a holder panicked.
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner)
}
