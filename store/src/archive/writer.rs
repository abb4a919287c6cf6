//! Making an archive: whole, durable, or gone.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::belonging::Belonging;
use super::folder::{DATABASE, MANIFEST};
use super::manifest::{Manifest, ManifestError};
use crate::sqlite::sync_folder;
use crate::{ReceiptStore, Row, SqliteStore, StoreError};

/// Why an archive could not be made or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The rows, or a file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A manifest that cannot be read.
    #[error("`{}`: {reason}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: ManifestError,
    },
    /// A name that no folder may have.
    #[error(
        "`{name}` cannot name an archive: use letters, digits, `.`, `-` and `_`, and begin with none of the last three"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// There is an archive of this name.
    #[error("there is already an archive `{name}`: give another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Somebody else is making an archive of this name.
    #[error("an archive `{name}` is being made by another program: wait for it")]
    BeingMade {
        /// The name.
        name: String,
    },
}

/// An archive that is being made, in a folder `.<name>.partial` that is removed unless [`ArchiveWriter::finish`] renames it.
/// What a crash leaves of one is removed by the next of the same name, and is never taken for an archive.
#[derive(Debug)]
pub struct ArchiveWriter {
    // INVARIANT: dropped first, so that SQLite has closed the file before its folder is removed.
    store: Option<SqliteStore>,
    name: String,
    /// Where it is made.
    partial: PathBuf,
    /// Where it is to stand.
    place: PathBuf,
    /// Locked, which tells work from what a crash has left.
    lock: File,
    /// Whose it is to be, if not simply its maker's.
    belonging: Option<Belonging>,
    finished: bool,
}

impl ArchiveWriter {
    pub(super) fn begin(folder: &Path, name: &str) -> Result<Self, ArchiveError> {
        check_name(name)?;
        make_folder(folder)?;
        let place = folder.join(name);
        if std::fs::symlink_metadata(&place).is_ok() {
            return Err(ArchiveError::NameTaken { name: name.to_owned() });
        }
        let partial = folder.join(format!(".{name}.partial"));
        remove_stale(&partial, name)?;
        DirBuilder::new().mode(FOLDER_MODE).create(&partial).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ArchiveError::BeingMade { name: name.to_owned() },
            _ => StoreError::io(&partial, "create", &error).into(),
        })?;
        let lock = lock(&partial, name)?;
        Ok(Self {
            store: None,
            name: name.to_owned(),
            partial,
            place,
            lock,
            belonging: None,
            finished: false,
        })
    }

    /// Where the archive's database is to be put, if it is not made by [`ArchiveWriter::append`].
    pub fn database(&self) -> PathBuf {
        self.partial.join(DATABASE)
    }

    /// Appends rows to a new database, which is made with the first of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`], after which the archive is to be dropped.
    pub fn append(&mut self, batch: &[Row]) -> Result<(), StoreError> {
        let path = self.database();
        let store = match &mut self.store {
            Some(store) => store,
            empty => empty.insert(SqliteStore::create(path)?),
        };
        store.append(batch)
    }

    /// Ends appending, so that the database can be read as it will be.
    pub fn close(&mut self) {
        self.store = None;
    }

    /// Gives the archive, when it is finished, to the owner and the group of a database, and the folder of all archives too: those
    /// who may read the database may read what was moved from there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if the database is not there.
    pub fn belong_with(&mut self, database: &Path) -> Result<(), StoreError> {
        self.belonging = Some(Belonging::of(database)?);
        Ok(())
    }

    /// Writes the manifest, makes everything durable and read-only, and gives the archive its name.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`]. Nothing is there under its name then, unless only making the name durable failed.
    pub fn finish(mut self, manifest: &Manifest) -> Result<PathBuf, ArchiveError> {
        self.close();
        let database = self.database();
        let path = self.partial.join(MANIFEST);
        write_new(&path, manifest.to_json().as_bytes())
            .map_err(|error| StoreError::io(&path, "write", &error))?;
        File::open(&database)
            .and_then(|file| {
                file.set_permissions(Permissions::from_mode(FILE_MODE))?;
                file.sync_all()
            })
            .map_err(|error| StoreError::io(&database, "sync", &error))?;
        if let Some(belonging) = self.belonging {
            belonging.claim(&path, belonging.file_mode())?;
            belonging.claim(&database, belonging.file_mode())?;
            belonging.claim(&self.partial, belonging.folder_mode())?;
            if let Some(folder) = self.partial.parent() {
                belonging.claim(folder, belonging.folder_mode())?;
            }
        }
        self.lock.sync_all().map_err(|error| StoreError::io(&self.partial, "sync", &error))?;
        // Onto a name that was taken meanwhile a folder with files in it is never renamed.
        std::fs::rename(&self.partial, &self.place).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory => ArchiveError::NameTaken { name: self.name.clone() },
            _ => StoreError::io(&self.place, "rename", &error).into(),
        })?;
        self.finished = true;
        sync_folder(&self.place)?;
        Ok(self.place.clone())
    }
}

impl Drop for ArchiveWriter {
    fn drop(&mut self) {
        self.store = None;
        if !self.finished {
            // What cannot be removed now is removed by the next archive of this name.
            let _ = std::fs::remove_dir_all(&self.partial);
        }
    }
}

fn check_name(name: &str) -> Result<(), ArchiveError> {
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let begins_well = name.chars().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if begins_well && name.chars().all(usual) && name.len() <= LONGEST_NAME {
        Ok(())
    } else {
        Err(ArchiveError::BadName { name: name.to_owned() })
    }
}

/// Makes the folder of all archives, and its name durable.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Ok(()) => sync_folder(folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::io(folder, "create", &error)),
    }
}

fn remove_stale(partial: &Path, name: &str) -> Result<(), ArchiveError> {
    if std::fs::symlink_metadata(partial).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    let _ours = lock(partial, name)?;
    std::fs::remove_dir_all(partial).map_err(|error| StoreError::io(partial, "remove", &error).into())
}

fn lock(partial: &Path, name: &str) -> Result<File, ArchiveError> {
    let folder = File::open(partial).map_err(|error| StoreError::io(partial, "open", &error))?;
    match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(folder),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(ArchiveError::BeingMade { name: name.to_owned() }),
        Err(error) => Err(StoreError::io(partial, "lock", &error.into()).into()),
    }
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    file.sync_all()
}

/// Nobody writes what was taken in.
const FILE_MODE: u32 = 0o400;
const FOLDER_MODE: u32 = 0o700;
/// Characters; the folder's name is a little longer while it is made.
const LONGEST_NAME: usize = 200;
