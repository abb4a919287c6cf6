//! The public keys that were in use before the current one.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use agent_receipts_core::PublicKey;

use crate::{FileError, PublicKeyError, files, read_public_key};

/// How many archived keys are considered. A key a day lasts for eleven years.
const MOST_KEYS: usize = 4096;

/// What stands archived beside a public key, ordered by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// The keys, each with its file.
    pub keys: Vec<(PathBuf, PublicKey)>,
    /// Files with the name of an archived key that do not hold one, each with the reason. A verifier must say that they are
    /// there: a chain may be broken for want of one of them.
    pub unreadable: Vec<(PathBuf, PublicKeyError)>,
}

/// Reads the keys that rotations have archived beside a public key, named `<public key>.rotated-…` (`receipts-operations.md`
/// §5.3). A folder that is missing has no archive.
///
/// # Errors
///
/// [`PublicKeyError::File`] if the folder cannot be read, [`PublicKeyError::TooMany`] beyond 4096 files.
pub fn archived_public_keys(public_key_path: &Path) -> Result<Archive, PublicKeyError> {
    let Some(name) = public_key_path.file_name() else { return Err(FileError::EmptyPath.into()) };
    let prefix = [name.as_bytes(), b".rotated-"].concat();
    let folder = files::folder(public_key_path);
    let failed = |error: std::io::Error| FileError::io(folder, "list", &error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Archive::default()),
        Err(error) => return Err(failed(error).into()),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if !is_archived(&name, &prefix) {
            continue;
        }
        if paths.len() == MOST_KEYS {
            return Err(PublicKeyError::TooMany { path: public_key_path.to_owned(), limit: MOST_KEYS });
        }
        paths.push(folder.join(name));
    }
    paths.sort();
    let mut archive = Archive::default();
    for path in paths {
        match read_public_key(&path) {
            Ok(key) => archive.keys.push((path, key)),
            Err(error) => archive.unreadable.push((path, error)),
        }
    }
    Ok(archive)
}

fn is_archived(name: &OsStr, prefix: &[u8]) -> bool {
    name.as_bytes().strip_prefix(prefix).is_some_and(|fingerprint| !fingerprint.is_empty())
}
