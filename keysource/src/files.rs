//! Opening, reading and making key files.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::FileError;

/// The largest file in bytes that is read as a key; the reference has the same limit.
pub(crate) const LARGEST_KEY_FILE: usize = 16 * 1024;

/// The mode of a private key.
pub(crate) const PRIVATE_MODE: u32 = 0o600;
/// The mode of a public key.
pub(crate) const PUBLIC_MODE: u32 = 0o644;
/// The mode of folders made for keys. The group may pass, for published keys and the database stand beside the private key.
const FOLDER_MODE: u32 = 0o750;

/// Whether a link at the last component of a path is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    Follow,
    Refuse,
}

/// Opens a regular file for reading; a FIFO cannot keep the caller waiting.
pub(crate) fn open(path: &Path, links: Links) -> Result<File, FileError> {
    if path.as_os_str().is_empty() {
        return Err(FileError::EmptyPath);
    }
    let mut flags = OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP | Errno::MLINK) if links == Links::Refuse => {
            FileError::Symlink { path: path.to_owned() }
        }
        // A socket cannot be opened at all.
        Some(Errno::NXIO | Errno::OPNOTSUPP) => FileError::NotRegular { path: path.to_owned() },
        _ => FileError::io(path, "open", &error),
    })?;
    // INVARIANT: everything is asked of the descriptor, so that nobody can change the file between the question and the read.
    if metadata(path, &file)?.is_file() {
        Ok(file)
    } else {
        Err(FileError::NotRegular { path: path.to_owned() })
    }
}

pub(crate) fn metadata(path: &Path, file: &File) -> Result<std::fs::Metadata, FileError> {
    file.metadata().map_err(|error| FileError::io(path, "examine", &error))
}

/// Reads a whole key file into memory that is overwritten when dropped, and never moved.
pub(crate) fn read(path: &Path, mut file: &File) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let too_large = || FileError::TooLarge { path: path.to_owned(), limit: LARGEST_KEY_FILE as u64 };
    if metadata(path, file)?.len() > LARGEST_KEY_FILE as u64 {
        return Err(too_large());
    }
    // One byte more than allowed, so that a file that grows while it is read is noticed.
    let mut buffer = Zeroizing::new(vec![0; LARGEST_KEY_FILE + 1]);
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(FileError::io(path, "read", &error)),
        }
    }
    if length > LARGEST_KEY_FILE {
        return Err(too_large());
    }
    buffer.truncate(length);
    Ok(buffer)
}

/// Refuses a path where anything stands, a dangling link included.
pub(crate) fn must_be_free(path: &Path) -> Result<(), FileError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FileError::io(path, "examine", &error)),
        Ok(metadata) if metadata.is_symlink() => Err(FileError::Symlink { path: path.to_owned() }),
        Ok(_) => Err(FileError::Exists { path: path.to_owned() }),
    }
}

/// Makes a file with exactly this mode where nothing stands, and returns when its contents and its name are on disk. A file that
/// could not be finished is removed.
pub(crate) fn create(path: &Path, mode: u32, contents: &[u8]) -> Result<(), FileError> {
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = opened.map_err(|error| FileError::io(path, "create", &error))?;
    fill(path, &file, mode, contents).inspect_err(|_| {
        // The first error is what the caller must know; a file that cannot even be removed is found by the next attempt.
        let _ = std::fs::remove_file(path);
    })
}

/// Makes the folders above a path.
pub(crate) fn create_folders(path: &Path) -> Result<(), FileError> {
    let folder = folder(path);
    let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
    made.map_err(|error| FileError::Io {
        path: folder.to_owned(),
        operation: "create the folder",
        code: error.raw_os_error(),
        message: error.to_string(),
    })
}

/// The folder that a path lies in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

pub(crate) fn set_mode(path: &Path, file: &File, mode: u32) -> Result<(), FileError> {
    let permissions = std::fs::Permissions::from_mode(mode);
    file.set_permissions(permissions).map_err(|error| FileError::io(path, "set the mode of", &error))
}

fn fill(path: &Path, mut file: &File, mode: u32, contents: &[u8]) -> Result<(), FileError> {
    // The umask has taken bits away; a public key must be readable whatever it is.
    set_mode(path, file, mode)?;
    file.write_all(contents).map_err(|error| FileError::io(path, "write", &error))?;
    file.sync_all().map_err(|error| FileError::io(path, "sync", &error))?;
    let folder = folder(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| FileError::io(folder, "sync", &error))
}
