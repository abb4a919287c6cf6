//! The files of a database: which are acceptable, and with which modes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::StoreError;

/// The permission bits that a database file may have at most: the owner writes, the group reads.
pub(crate) const MODE_CAP: u32 = 0o640;
/// The permission bits of a fresh database.
const FRESH_MODE: u32 = 0o600;

/// A device and inode number: the file itself, whatever its names are.
pub(crate) type Inode = (u64, u64);

/// The same path with every symbolic link *before* its last component resolved, so that SQLite can be told to follow none.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    let misnamed = || StoreError::NotAFileName { path: path.to_owned() };
    let bytes = path.as_os_str().as_bytes();
    if path == Path::new(":memory:") || bytes.ends_with(b"/") || bytes.contains(&0) {
        return Err(misnamed());
    }
    let name = path.file_name().ok_or_else(misnamed)?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match parent.canonicalize() {
        Ok(parent) => Ok(parent.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(StoreError::Missing { path: path.to_owned() })
        }
        Err(error) => Err(StoreError::io(parent, "resolve", &error)),
    }
}

/// The path of a side file: `-wal`, `-shm`, `-journal`.
pub(crate) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The metadata of a regular file, `None` if nothing is there; anything but a regular file is refused.
pub(crate) fn regular(path: &Path) -> Result<Option<std::fs::Metadata>, StoreError> {
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path, "examine", &error)),
    };
    let file_type = metadata.file_type();
    if file_type.is_symlink() {
        return Err(StoreError::Symlink { path: path.to_owned() });
    }
    if !file_type.is_file() {
        let kind = match file_type {
            kind if kind.is_dir() => "directory",
            kind if kind.is_fifo() => "FIFO",
            kind if kind.is_socket() => "socket",
            _ => "device",
        };
        return Err(StoreError::NotRegular { path: path.to_owned(), kind });
    }
    Ok(Some(metadata))
}

/// Refuses links and special files at the database's path and at those of its side files.
pub(crate) fn check(path: &Path) -> Result<Option<std::fs::Metadata>, StoreError> {
    for suffix in ["-wal", "-shm", "-journal"] {
        regular(&sibling(path, suffix))?;
    }
    regular(path)
}

/// Which file stands at the path.
pub(crate) fn inode(metadata: &std::fs::Metadata) -> Inode {
    (metadata.dev(), metadata.ino())
}

/// Makes an empty file with mode 0600 where nothing is, and makes its name durable.
pub(crate) fn create(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FRESH_MODE)
        .custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed())
        .open(path);
    match made {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(StoreError::AlreadyExists { path: path.to_owned() });
        }
        Err(error) => return Err(StoreError::io(path, "create", &error)),
    }
    let parent = path.parent().unwrap_or(Path::new("/"));
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::io(parent, "sync", &error))
}

/// Opens a regular file for nothing but locking and changing its mode; follows no link and does not wait for a FIFO's writer.
pub(crate) fn open_plain(path: &Path) -> Result<File, StoreError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| StoreError::io(path, "open", &error))
}

/// Opens a regular file for reading, and nothing else: what waits for a writer, or has no end, would keep its reader for ever.
pub(crate) fn open_regular(path: &Path) -> Result<File, StoreError> {
    regular(path)?;
    let file = open_plain(path)?;
    let about = file.metadata().map_err(|error| StoreError::io(path, "examine", &error))?;
    match about.is_file() {
        true => Ok(file),
        // Exchanged since the first look.
        false => Err(StoreError::NotRegular { path: path.to_owned(), kind: "special file" }),
    }
}

/// Clears every permission bit beyond [`MODE_CAP`]; never adds one.
pub(crate) fn tighten(path: &Path, file: &File) -> Result<(), StoreError> {
    let metadata = file.metadata().map_err(|error| StoreError::io(path, "examine", &error))?;
    let mode = metadata.mode() & 0o7777;
    if mode & !MODE_CAP == 0 {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode & MODE_CAP))
        .map_err(|error| StoreError::io(path, "tighten the mode of", &error))
}

/// Tightens the side files that a crash or another program has left. Must run before this process has an SQLite connection to
/// the database: closing the descriptor would drop that connection's locks.
pub(crate) fn tighten_siblings(path: &Path) -> Result<(), StoreError> {
    for suffix in ["-wal", "-shm"] {
        let side = sibling(path, suffix);
        if regular(&side)?.is_some() {
            tighten(&side, &open_plain(&side)?)?;
        }
    }
    Ok(())
}

/// Refuses side files looser than [`MODE_CAP`] once SQLite has opened them (it gives new ones the database's own mode).
pub(crate) fn check_sibling_modes(path: &Path) -> Result<(), StoreError> {
    for suffix in ["-wal", "-shm"] {
        let side = sibling(path, suffix);
        if let Some(metadata) = regular(&side)? {
            let mode = metadata.mode() & 0o7777;
            if mode & !MODE_CAP != 0 {
                return Err(StoreError::LooseMode { path: side, mode });
            }
        }
    }
    Ok(())
}
