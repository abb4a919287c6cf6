//! Making an archive: whole, durable, or gone.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::belonging::Belonging;
use super::folder::{DATABASE, MANIFEST, SIDE_FILES};
use super::manifest::{Manifest, ManifestError};
use super::place::Place;
use crate::sqlite::sibling;
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
    /// Beside an archive's database stands what SQLite would read in its place.
    #[error("`{}` stands in an archive, where SQLite would read it in the place of what was taken in", path.display())]
    SideFile {
        /// The file.
        path: PathBuf,
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
    /// The folder of all archives is somebody else's: it could be given to nobody.
    #[error(
        "`{}` belongs to user {owner}, and the database to user {wanted}: give the folder to that user (`chown`), then try again",
        path.display()
    )]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
        /// The id of its owner.
        owner: u32,
        /// The id of the database's owner.
        wanted: u32,
    },
}

/// An archive that is being made, in a folder `.<name>.partial` that is removed unless [`ArchiveWriter::finish`] renames it.
/// What a crash leaves of one is removed by the next of the same name, and is never taken for an archive.
#[derive(Debug)]
pub struct ArchiveWriter {
    // INVARIANT: dropped first, so that SQLite has closed the file before its folder is removed.
    store: Option<SqliteStore>,
    name: String,
    /// The folder of all archives.
    folder: Place,
    /// Whether that was made for this one.
    folder_is_new: bool,
    /// Where it is made. Locked, which tells work from what a crash has left.
    partial: Place,
    /// Whose it is to be, if not simply its maker's.
    belonging: Option<Belonging>,
    finished: bool,
}

impl ArchiveWriter {
    pub(super) fn begin(folder: &Path, name: &str) -> Result<Self, ArchiveError> {
        check_name(name)?;
        let (folder, folder_is_new) = Place::open_or_make(folder)?;
        if folder.has(name)? {
            return Err(ArchiveError::NameTaken { name: name.to_owned() });
        }
        remove_stale(&folder, name)?;
        let partial = folder.make_folder(&partial_name(name)).map_err(|error| match error {
            StoreError::Io { kind: io::ErrorKind::AlreadyExists, .. } => {
                ArchiveError::BeingMade { name: name.to_owned() }
            }
            error => error.into(),
        })?;
        lock(&partial, name)?;
        let (store, belonging) = (None, None);
        Ok(Self { store, name: name.to_owned(), folder, folder_is_new, partial, belonging, finished: false })
    }

    /// Where the archive's database is to be put, if it is not made by [`ArchiveWriter::append`].
    pub fn database(&self) -> PathBuf {
        self.partial.path.join(DATABASE)
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

    /// Gives the archive, when it is finished, to the owner and the group of a database, and the folder of all archives now, if it
    /// was made for this one or is that owner's: those who may read the database may read what was moved from there.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::ForeignFolder`] where the folder of all archives was there, and is somebody else's; [`StoreError`] if the
    /// database is not there.
    pub fn belong_with(&mut self, database: &Path) -> Result<(), ArchiveError> {
        let belonging = Belonging::of(database)?;
        let Place { file, path } = &self.folder;
        let owner = file.metadata().map_err(|error| StoreError::io(path, "examine", &error))?.uid();
        if !self.folder_is_new && owner != belonging.uid() {
            return Err(ArchiveError::ForeignFolder { path: path.clone(), owner, wanted: belonging.uid() });
        }
        belonging.claim(file, path, belonging.folder_mode())?;
        self.belonging = Some(belonging);
        Ok(())
    }

    /// Writes the manifest, makes everything durable and read-only, and gives the archive its name.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`]. Nothing is there under its name then, unless only making the name durable failed.
    pub fn finish(mut self, manifest: &Manifest) -> Result<PathBuf, ArchiveError> {
        self.close();
        let database = self.partial.own_file(DATABASE)?;
        // Rows that could not be put into the database when it was closed: they would be in no digest, and not on disk.
        for suffix in SIDE_FILES {
            if self.partial.has(&format!("{DATABASE}{suffix}"))? {
                return Err(ArchiveError::SideFile { path: sibling(&self.database(), suffix) });
            }
        }
        let mut text = self.partial.new_file(MANIFEST)?;
        let path = self.partial.path.join(MANIFEST);
        text.write_all(manifest.to_json().as_bytes())
            .map_err(|error| StoreError::io(&path, "write", &error))?;
        self.settle(&text, &path)?;
        self.settle(&database, &self.database())?;
        if let Some(belonging) = self.belonging {
            // Last: whoever owns the folder may do with the names in it as they please.
            belonging.claim(&self.partial.file, &self.partial.path, belonging.folder_mode())?;
        }
        self.partial.sync()?;
        let place = self.folder.path.join(&self.name);
        // Onto a name that was taken meanwhile a folder with files in it is never renamed.
        self.folder.rename(&partial_name(&self.name), &self.name).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory => ArchiveError::NameTaken { name: self.name.clone() },
            _ => StoreError::io(&place, "rename", &error).into(),
        })?;
        self.finished = true;
        self.folder.sync()?;
        Ok(place)
    }

    /// A file as it is to stay, on disk.
    fn settle(&self, file: &File, path: &Path) -> Result<(), StoreError> {
        match self.belonging {
            Some(belonging) => belonging.claim(file, path, belonging.file_mode()),
            None => file
                .set_permissions(Permissions::from_mode(FILE_MODE))
                .and_then(|()| file.sync_all())
                .map_err(|error| StoreError::io(path, "sync", &error)),
        }
    }
}

impl Drop for ArchiveWriter {
    fn drop(&mut self) {
        self.store = None;
        if !self.finished {
            // What cannot be removed now is removed by the next archive of this name.
            let _ = std::fs::remove_dir_all(&self.partial.path);
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

fn partial_name(name: &str) -> String {
    format!(".{name}.partial")
}

fn remove_stale(folder: &Place, name: &str) -> Result<(), ArchiveError> {
    let partial = partial_name(name);
    if !folder.has(&partial)? {
        return Ok(());
    }
    let stale = folder.folder(&partial)?;
    lock(&stale, name)?;
    std::fs::remove_dir_all(&stale.path).map_err(|error| StoreError::io(&stale.path, "remove", &error).into())
}

fn lock(partial: &Place, name: &str) -> Result<(), ArchiveError> {
    match flock(&partial.file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(ArchiveError::BeingMade { name: name.to_owned() }),
        Err(error) => Err(StoreError::io(&partial.path, "lock", &error.into()).into()),
    }
}

/// Nobody writes what was taken in.
const FILE_MODE: u32 = 0o400;
/// Characters; the folder's name is a little longer while it is made.
const LONGEST_NAME: usize = 200;
