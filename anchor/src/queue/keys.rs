//! The public keys that checkpoints may be signed with: the published one, and those that rotations archived beside it.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use agent_receipts_core::{KeyEncodingError, PublicKey};

use crate::disk;

/// Where the published key stands. It is read anew each time: a rotation replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFiles {
    /// The published key, in PEM; beside it `<its name>.rotated-…`.
    pub public_key: PathBuf,
}

/// Why the keys cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A file or its folder cannot be read.
    #[error("cannot read the public key `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file is no public key.
    #[error("`{}`: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: KeyEncodingError,
    },
}

impl KeyFiles {
    /// The published key first, then the archived ones. One of those that cannot be read signs nothing that is known here.
    pub(crate) fn load(&self) -> Result<Vec<PublicKey>, KeysError> {
        let mut keys = vec![read(&self.public_key)?];
        let found = self.archived().map_err(|error| KeysError::Unreadable {
            path: self.public_key.clone(),
            reason: error.to_string(),
        })?;
        keys.extend(found.iter().filter_map(|path| read(path).ok()));
        Ok(keys)
    }

    fn archived(&self) -> io::Result<Vec<PathBuf>> {
        let folder = self.public_key.parent().unwrap_or(Path::new("/"));
        let name = self.public_key.file_name().unwrap_or_default();
        let prefix = [name.as_bytes(), ARCHIVED].concat();
        let is_archived = |name: &OsStr| name.as_bytes().starts_with(&prefix);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if is_archived(&entry.file_name()) && found.len() < MOST {
                found.push(entry.path());
            }
        }
        Ok(found)
    }
}

fn read(path: &Path) -> Result<PublicKey, KeysError> {
    let bytes = disk::read(path, LIMIT)
        .map_err(|error| KeysError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    PublicKey::from_pem(&String::from_utf8_lossy(&bytes))
        .map_err(|reason| KeysError::Malformed { path: path.to_owned(), reason })
}

/// What the names of archived keys go on with (`receipts-operations.md` §5.3).
const ARCHIVED: &[u8] = b".rotated-";
/// Archived keys; a rotation a day makes as many in eleven years.
const MOST: usize = 4_096;
/// Bytes of a file.
const LIMIT: u64 = 16 << 10;
