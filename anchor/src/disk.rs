//! Every effect on the disk, one by one, so that a test can fail or interrupt each.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;

/// One change to the disk, just before it is made.
#[derive(Debug)]
pub enum Effect<'a> {
    /// A folder is created.
    CreateFolder(&'a Path),
    /// A file is opened for writing, and created where it is not there.
    Open(&'a Path),
    /// Bytes are written at the end of an open file.
    Write(&'a File, &'a [u8]),
    /// A file's bytes are forced to the disk.
    Sync(&'a Path),
    /// What a file has beyond a length is cut off.
    Cut(&'a Path, u64),
    /// A file takes the place of another.
    Rename(&'a Path, &'a Path),
    /// A folder's entries are forced to the disk.
    SyncFolder(&'a Path),
}

/// The disk, and who is asked before each effect.
#[derive(Clone)]
pub struct Disk {
    before: Arc<Before>,
}

type Before = dyn Fn(&Effect<'_>) -> io::Result<()> + Send + Sync;

impl Disk {
    /// The disk as it is.
    pub fn system() -> Self {
        Self::watched(|_| Ok(()))
    }

    /// A disk that asks before each effect, and fails where the answer is an error.
    pub fn watched(before: impl Fn(&Effect<'_>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { before: Arc::new(before) }
    }

    /// Creates a folder for its owner alone, on disk before this returns. One that is there stays as it is; whoever made it may have
    /// died before it was on disk.
    pub(crate) fn create_folder(&self, path: &Path) -> io::Result<()> {
        if !path.is_dir() {
            (self.before)(&Effect::CreateFolder(path))?;
            DirBuilder::new().mode(0o700).create(path)?;
        }
        self.sync_folder(parent(path))
    }

    /// Puts `bytes` at a path, whole or not at all, and on disk before this returns.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut next = path.as_os_str().to_owned();
        next.push(NEXT);
        let next = Path::new(&next);
        (self.before)(&Effect::Open(next))?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).custom_flags(NOFOLLOW);
        let mut file = options.open(next)?;
        self.write(&mut file, bytes)?;
        self.sync(&file, next)?;
        (self.before)(&Effect::Rename(next, path))?;
        fs::rename(next, path)?;
        self.sync_folder(parent(path))
    }

    /// Opens a file to append to and to read, never through a link and never a device or FIFO. A new one is on disk, too.
    pub(crate) fn open_log(&self, path: &Path) -> io::Result<File> {
        (self.before)(&Effect::Open(path))?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600).custom_flags(NOFOLLOW);
        let file = options.open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        // Also where it was there: whoever made it may have died before this.
        self.sync_folder(parent(path))?;
        Ok(file)
    }

    pub(crate) fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        (self.before)(&Effect::Write(file, bytes))?;
        file.write_all(bytes)
    }

    pub(crate) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        (self.before)(&Effect::Sync(path))?;
        file.sync_all()
    }

    pub(crate) fn cut(&self, file: &File, path: &Path, length: u64) -> io::Result<()> {
        (self.before)(&Effect::Cut(path, length))?;
        file.set_len(length)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        (self.before)(&Effect::SyncFolder(path))?;
        File::open(path)?.sync_all()
    }
}

/// Reads a whole regular file of at most `limit` bytes, never through a link.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_with(path, limit).map(|(bytes, _)| bytes)
}

/// The same, and what the system says about the very file that was read.
pub(crate) fn read_with(path: &Path, limit: u64) -> io::Result<(Vec<u8>, Metadata)> {
    let file = OpenOptions::new().read(true).custom_flags(NOFOLLOW).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("longer than {limit} bytes")));
    }
    Ok((bytes, about))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What is added to the name of a file that is not whole yet.
const NEXT: &str = ".next";
/// (Without waiting: a FIFO would keep us for ever.)
const NOFOLLOW: i32 = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();
