//! The file system as key rotation uses it: one call after the other, each of which a test can let fail, or be the last.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

/// One call to the file system that is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskCall<'a> {
    /// What is done, as a verb: `create`, `write`, `sync`, `rename`.
    pub what: &'static str,
    /// To which file or folder.
    pub path: &'a Path,
}

/// The file system, and who hears of each call before it is made.
///
/// Whoever listens can let a call fail with an error of their choice: a full disk, a folder that was taken away. Every call
/// that a rotation or its repair makes goes through here, the database's commit among them as one call.
#[derive(Clone)]
pub struct Disk(Arc<Before>);

type Before = dyn Fn(&DiskCall<'_>) -> io::Result<()> + Send + Sync;

/// A call to the file system that failed.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} `{}`: {error}", path.display())]
pub struct DiskError {
    /// What was tried.
    pub what: &'static str,
    /// With which file or folder.
    pub path: PathBuf,
    /// What the system says.
    pub error: io::Error,
}

impl Disk {
    /// The file system as it is.
    pub fn system() -> Self {
        Self::watched(|_| Ok(()))
    }

    /// The file system, with `before` asked ahead of each call: an error from there is the call's.
    pub fn watched(before: impl Fn(&DiskCall<'_>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(before))
    }

    /// Makes one call.
    pub(crate) fn call<T>(
        &self,
        what: &'static str,
        path: &Path,
        call: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, DiskError> {
        (self.0)(&DiskCall { what, path }).and_then(|()| call()).map_err(|error| DiskError {
            what,
            path: path.to_owned(),
            error,
        })
    }

    /// Whether anything, be it a dangling link, stands at a path.
    pub(crate) fn stands(&self, path: &Path) -> Result<bool, DiskError> {
        self.call("look at", path, || match fs::symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        })
    }

    /// Reads a regular file of at most `limit` bytes, never through a link; `None` if nothing is there.
    pub(crate) fn read(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, DiskError> {
        self.call("read", path, || {
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
            let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
            let file = match opened {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => opened?,
            };
            let mut bytes = Vec::new();
            if file.metadata()?.is_file() && file.take(limit + 1).read_to_end(&mut bytes)? as u64 <= limit {
                return Ok(Some(bytes));
            }
            Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file of this size"))
        })
    }

    /// Makes a file with exactly this mode where nothing stands; its contents and its name are on disk when this returns. A
    /// file that could not be finished is removed.
    pub(crate) fn create(&self, path: &Path, mode: u32, contents: &[u8]) -> Result<(), DiskError> {
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode).custom_flags(flags);
        let file = self.call("create", path, || options.open(path))?;
        self.fill(path, &file, mode, contents).inspect_err(|_| {
            // The first error is what the caller must know; who finds the rest of a file removes it.
            let _ = self.call("remove", path, || fs::remove_file(path));
        })
    }

    /// Puts a file in the place of whatever stands at `path`, whole or not at all, on disk when this returns. `beside` is where
    /// it is written first, in the same folder.
    pub(crate) fn put(
        &self,
        beside: &Path,
        path: &Path,
        mode: u32,
        contents: &[u8],
    ) -> Result<(), DiskError> {
        self.remove(beside)?;
        self.create(beside, mode, contents)?;
        self.rename(beside, path)
    }

    /// Puts a file where nothing stands, whole or not at all, on disk when this returns. `beside` is as in [`Disk::put`].
    pub(crate) fn put_new(
        &self,
        beside: &Path,
        path: &Path,
        mode: u32,
        contents: &[u8],
    ) -> Result<(), DiskError> {
        self.remove(beside)?;
        self.create(beside, mode, contents)?;
        self.call("link to", path, || fs::hard_link(beside, path))?;
        self.sync_folder(path)?;
        self.remove(beside)
    }

    /// Moves a file over another, durably. One that has been moved already is not there any more.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.call("rename to", to, || absent_is_done(fs::rename(from, to)))?;
        self.sync_folder(to)
    }

    /// Removes a file, durably, if it is there.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), DiskError> {
        self.call("remove", path, || absent_is_done(fs::remove_file(path)))?;
        self.sync_folder(path)
    }

    /// Has the contents of a file on disk, if it is there.
    pub(crate) fn sync(&self, path: &Path) -> Result<(), DiskError> {
        self.call("sync", path, || absent_is_done(File::open(path).and_then(|file| file.sync_all())))
    }

    /// Has the names in the folder of `path` on disk.
    pub(crate) fn sync_folder(&self, path: &Path) -> Result<(), DiskError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.call("sync the folder", folder, || File::open(folder).and_then(|folder| folder.sync_all()))
    }

    fn fill(&self, path: &Path, mut file: &File, mode: u32, contents: &[u8]) -> Result<(), DiskError> {
        // The umask has taken bits away; a public key must be readable whatever it is.
        self.call("set the mode of", path, || file.set_permissions(Permissions::from_mode(mode)))?;
        self.call("write", path, || file.write_all(contents))?;
        self.call("sync", path, || file.sync_all())?;
        self.sync_folder(path)
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").finish_non_exhaustive()
    }
}

/// A path with something behind its last component.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn absent_is_done(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
