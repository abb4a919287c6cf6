//! Counts of lost events that outlive their process: left in a small file a session, told by the session's next emitter.
//!
//! A count stays in its file until the frame that tells it has gone out, under the file's lock. A process that dies in between
//! leaves it there, to be told once more: a count is told twice at most, and then only by a death within that moment. What a
//! process has counted and not yet left dies with it if it is killed. Nothing is synced: a file need not outlive the machine's power.

mod error;
mod name;
mod record;
mod stale;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use record::Record;

use crate::private_folder::PrivateFolder;

pub use error::{DropFileError, Untold};

/// Where one session's count is left.
#[derive(Debug)]
pub(super) struct DropFile {
    folders: Result<Vec<PrivateFolder>, DropFileError>,
    name: String,
}

/// Where an emitter leaves its count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DropFolder {
    Usual,
    Named(PathBuf),
    None,
}

/// What was found in a session's file.
#[derive(Debug)]
pub(super) enum Finding {
    /// A count, and the lock on it.
    Count(u64, Left),
    Nothing,
    /// Somebody else is about to tell or to leave it.
    InUse,
}

/// A count that was left, in the hands of one emitter. Dropped, it is as it was.
#[derive(Debug)]
pub(super) struct Left(Record);

impl Left {
    /// Removes the count, which has been told.
    pub(super) fn settle(self) {
        self.0.settle();
    }
}

impl DropFile {
    /// Touches no file. `env` looks one environment variable up.
    pub(super) fn new(folder: &DropFolder, session: &str, env: &impl Fn(&str) -> Option<String>) -> Self {
        let folders = match folder {
            DropFolder::None => Err(DropFileError::SwitchedOff),
            DropFolder::Named(path) => Ok(vec![PrivateFolder::named(path.clone())]),
            DropFolder::Usual => match PrivateFolder::usual("drops", env) {
                folders if folders.is_empty() => Err(DropFileError::NoFolder),
                folders => Ok(folders),
            },
        };
        Self { folders, name: name::file_name(session) }
    }

    /// Looks for a count, and takes hold of it, without waiting. What is not believed is passed over: see [`DropFile::count`].
    pub(super) fn find(&self) -> Finding {
        let mut finding = Finding::Nothing;
        for folder in self.folders.iter().flatten() {
            match self
                .record(folder, Duration::ZERO)
                .and_then(|record| record.map(|record| Ok((record.count()?, record))).transpose())
            {
                Ok(Some((count, record))) if count > 0 => return Finding::Count(count, Left(record)),
                Err(DropFileError::Locked { .. }) => finding = Finding::InUse,
                _ => {}
            }
        }
        finding
    }

    /// How many events are left to be told, in all folders.
    pub(super) fn count(&self) -> Result<u64, DropFileError> {
        self.folders.as_ref().map_err(Clone::clone)?.iter().try_fold(0_u64, |sum, folder| {
            let count = self.record(folder, PATIENCE)?.map_or(Ok(0), |record| record.count())?;
            Ok(sum.saturating_add(count))
        })
    }

    /// Adds `count` to the file in the first folder that there is or can be made.
    pub(super) fn leave(
        &self,
        count: u64,
        now: SystemTime,
        patience: Duration,
    ) -> Result<PathBuf, DropFileError> {
        let mut fault = None;
        for folder in self.folders.as_ref().map_err(Clone::clone)? {
            match self.leave_in(folder, count, now, patience) {
                Ok(path) => return Ok(path),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        Err(fault.unwrap_or(DropFileError::NoFolder))
    }

    fn leave_in(
        &self,
        folder: &PrivateFolder,
        count: u64,
        now: SystemTime,
        patience: Duration,
    ) -> Result<PathBuf, DropFileError> {
        let open = folder.make()?;
        let record = match self.record(folder, patience)? {
            Some(record) => Some(record),
            None => {
                stale::make_room(&open, folder.path(), now);
                Record::open(open, folder.path(), &self.name, true, patience)?
            }
        };
        let Some(record) = record else { return Err(DropFileError::NoFolder) };
        record.add(count)?;
        Ok(record.path().to_owned())
    }

    fn record(&self, folder: &PrivateFolder, patience: Duration) -> Result<Option<Record>, DropFileError> {
        match folder.open()? {
            Some(open) => Record::open(open, folder.path(), &self.name, false, patience),
            None => Ok(None),
        }
    }
}

/// How long the file may be somebody else's while a count is to be left: they hold it while they send one frame.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn what_many_leave_and_others_tell_meanwhile_adds_up() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DropFolder::Named(dir.path().join("drops"));
        let file = DropFile::new(&folder, "s", &|_| None);
        let (leaving, told) = (AtomicU64::new(4), AtomicU64::new(0));
        let tell = || match file.find() {
            Finding::Count(count, left) => {
                told.fetch_add(count, Ordering::Relaxed);
                left.settle();
            }
            Finding::Nothing | Finding::InUse => {}
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // A lock is not given in turns: one that comes away empty-handed tries again.
                    (0..250).for_each(|_| while file.leave(1, SystemTime::now(), PATIENCE).is_err() {});
                    leaving.fetch_sub(1, Ordering::Relaxed);
                });
            }
            (0..2).for_each(|_| {
                drop(scope.spawn(|| {
                    while leaving.load(Ordering::Relaxed) > 0 {
                        tell()
                    }
                }))
            });
        });
        tell();
        assert_eq!((told.load(Ordering::Relaxed), file.count()), (1000, Ok(0)));
    }
}
