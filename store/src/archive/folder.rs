//! The folder of a database's archives.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::writer::{ArchiveError, ArchiveWriter};
use crate::StoreError;
use crate::sqlite::{open_regular, regular, sibling};

/// Where the archives of one database stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFolder {
    path: PathBuf,
}

/// An archive that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its name: that of its folder.
    pub name: String,
    /// Its rows, to be opened for reading only.
    pub database: PathBuf,
    /// What was known of it when it was taken in.
    pub manifest: Manifest,
}

impl ArchiveFolder {
    /// The folder beside a database, whether it is there or not: `<database>.archives`.
    pub fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push(".archives");
        Self { path: path.into() }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The archives that are there, by name. Without a folder there are none; what an interrupted writer has left is none.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`] if the folder or a manifest cannot be read, or an archive has a side file: what cannot be judged must not
    /// pass for none.
    pub fn archives(&self) -> Result<Vec<Archive>, ArchiveError> {
        let entries = match std::fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io(&self.path, "read", &error).into()),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| StoreError::io(&self.path, "read", &error))?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if !name.starts_with('.') {
                found.push(self.archive(name)?);
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Begins an archive of this name; makes the folder where there is none.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`]; nothing is left then but the folder.
    pub fn begin(&self, name: &str) -> Result<ArchiveWriter, ArchiveError> {
        ArchiveWriter::begin(&self.path, name)
    }

    fn archive(&self, name: String) -> Result<Archive, ArchiveError> {
        let folder = self.path.join(&name);
        let database = folder.join(DATABASE);
        for suffix in SIDE_FILES {
            let path = sibling(&database, suffix);
            if regular(&path)?.is_some() {
                return Err(ArchiveError::SideFile { path });
            }
        }
        let path = folder.join(MANIFEST);
        let mut text = Vec::new();
        open_regular(&path)?
            .take(LONGEST_MANIFEST)
            .read_to_end(&mut text)
            .map_err(|error| StoreError::io(&path, "read", &error))?;
        let manifest = Manifest::parse(&text).map_err(|reason| ArchiveError::Manifest { path, reason })?;
        Ok(Archive { database, name, manifest })
    }
}

pub(super) const DATABASE: &str = "receipts.db";
pub(super) const MANIFEST: &str = "manifest.json";
/// What SQLite reads beside a database, and in its place. An archive is closed before it has its name, so it has none of them, and
/// what stands in one is under no digest.
pub(super) const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Bytes: a hundred thousand chains.
const LONGEST_MANIFEST: u64 = 64 << 20;
