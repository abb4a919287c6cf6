//! Folders and files of archives, held by descriptor while they are made.
//!
//! Root may make an archive for a database of somebody else, in a folder of theirs, where they can put a link or another folder at
//! any path at any moment. So nothing is opened through a link, and what is to be changed or given away is held open from its making.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, mkdirat, openat, renameat, statat};

use crate::StoreError;
use crate::sqlite::sync_folder;

/// A folder that is open, with the path by which errors name it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl Place {
    /// Opens the folder at a path, which is no link; makes it where there is none, and says whether it did.
    pub(super) fn open_or_make(path: &Path) -> Result<(Self, bool), StoreError> {
        let is_new = match DirBuilder::new().mode(FOLDER_MODE).create(path) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(StoreError::io(path, "create", &error)),
        };
        let opened = OpenOptions::new().read(true).custom_flags(FOLDER.bits().cast_signed()).open(path);
        let file = opened.map_err(|error| no_folder(path, &error))?;
        // Also where it is not new: whoever made it may have been killed before this.
        sync_folder(path)?;
        Ok((Self { file, path: path.to_owned() }, is_new))
    }

    /// Opens a folder in this one, which is no link.
    pub(super) fn folder(&self, name: &str) -> Result<Self, StoreError> {
        let path = self.path.join(name);
        match openat(&self.file, name, FOLDER | OFlags::RDONLY, Mode::empty()) {
            Ok(folder) => Ok(Self { file: folder.into(), path }),
            Err(error) => Err(no_folder(&path, &error.into())),
        }
    }

    /// Makes a folder in this one that only this process's user can enter. An error of [`io::ErrorKind::AlreadyExists`] where
    /// something has the name, or got it before the folder could be opened.
    pub(super) fn make_folder(&self, name: &str) -> Result<Self, StoreError> {
        let path = self.path.join(name);
        mkdirat(&self.file, name, Mode::RWXU)
            .map_err(|error| StoreError::io(&path, "create", &error.into()))?;
        let made = self.folder(name)?;
        let about = made.file.metadata().map_err(|error| StoreError::io(&path, "examine", &error))?;
        if !is_ours(&about) || about.mode() & 0o077 != 0 || !made.is_empty()? {
            let error = io::Error::new(io::ErrorKind::AlreadyExists, "it was exchanged");
            return Err(StoreError::io(&path, "create", &error));
        }
        Ok(made)
    }

    /// Opens a regular file of this process's user in this folder that has no other name.
    pub(super) fn own_file(&self, name: &str) -> Result<File, StoreError> {
        let path = self.path.join(name);
        let failed = |error: io::Error| StoreError::io(&path, "open", &error);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file =
            File::from(openat(&self.file, name, flags, Mode::empty()).map_err(|error| failed(error.into()))?);
        let about = file.metadata().map_err(failed)?;
        if about.is_file() && is_ours(&about) && about.nlink() == 1 {
            return Ok(file);
        }
        Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, "it is not the file that was made here")))
    }

    /// Makes a file in this folder.
    pub(super) fn new_file(&self, name: &str) -> Result<File, StoreError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&self.file, name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => Ok(file.into()),
            Err(error) => Err(StoreError::io(&self.path.join(name), "create", &error.into())),
        }
    }

    /// Whether something has this name here.
    pub(super) fn has(&self, name: &str) -> Result<bool, StoreError> {
        match statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(rustix::io::Errno::NOENT) => Ok(false),
            Err(error) => Err(StoreError::io(&self.path.join(name), "examine", &error.into())),
        }
    }

    /// Gives what is in this folder another name. Never onto a folder with files in it.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.file, from, &self.file, to)?)
    }

    /// Makes the names in this folder durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|error| StoreError::io(&self.path, "sync", &error))
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let failed = |error: rustix::io::Errno| StoreError::io(&self.path, "read", &error.into());
        for entry in Dir::read_from(&self.file).map_err(failed)? {
            if !matches!(entry.map_err(failed)?.file_name().to_bytes(), b"." | b"..") {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn is_ours(about: &std::fs::Metadata) -> bool {
    about.uid() == rustix::process::geteuid().as_raw()
}

fn no_folder(path: &Path, error: &io::Error) -> StoreError {
    match std::fs::symlink_metadata(path) {
        Ok(about) if about.file_type().is_symlink() => StoreError::Symlink { path: path.to_owned() },
        _ => StoreError::io(path, "open", error),
    }
}

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FOLDER_MODE: u32 = 0o700;
