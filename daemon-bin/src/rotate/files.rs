//! The key files of a rotation, and how they change places.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use agent_receipts_core::PublicKey;
use agent_receipts_keysource::read_public_key;

use super::RotateError;
use crate::config::Config;

/// The key files in use, and those that are to replace them.
pub(super) struct KeyFiles {
    pub(super) key: PathBuf,
    pub(super) public_key: PathBuf,
    pub(super) next_key: PathBuf,
    pub(super) next_public_key: PathBuf,
}

impl KeyFiles {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            key: config.key.clone(),
            public_key: config.public_key.clone(),
            next_key: with_suffix(&config.key, ".next"),
            next_public_key: with_suffix(&config.public_key, ".next"),
        }
    }

    /// Where reference verifiers look for an earlier key, too: `<public key>.rotated-<last 16 digits of its fingerprint>`.
    pub(super) fn archive_of(&self, key: &PublicKey) -> PathBuf {
        with_suffix(&self.public_key, &format!(".rotated-{}", key.short_fingerprint()))
    }

    /// Keeps an outgoing public key, on disk before this returns.
    pub(super) fn archive(&self, key: &PublicKey) -> Result<(), RotateError> {
        let path = self.archive_of(key);
        if read_public_key(&path).is_ok_and(|kept| kept == *key) {
            return Ok(());
        }
        create_public(&path, key.to_pem().as_bytes()).map_err(failed("archive the public key at", &path))?;
        sync_folder(&path)
    }

    /// Puts the next keys in the place of those in use. Each step may be repeated after a crash.
    pub(super) fn install(&self) -> Result<(), RotateError> {
        replace(&self.next_key, &self.key)?;
        replace(&self.next_public_key, &self.public_key)
    }
}

/// Moves a file over another, durably. One that has been moved already is not there any more.
pub(super) fn replace(from: &Path, to: &Path) -> Result<(), RotateError> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("put the new key at", to)(error)),
        _ => sync_folder(to),
    }
}

pub(super) fn remove(path: &Path) -> Result<(), RotateError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Whether anything, be it a dangling link, stands at a path.
pub(super) fn stands(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

pub(super) fn failed<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> RotateError + 'a {
    move |error| RotateError::File { what, path: path.to_owned(), error }
}

/// Never through a link, never over a file: two keys whose fingerprints end alike are told apart by this.
fn create_public(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    // The daemon's umask would leave it at 0640, and a public key is for everybody.
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.write_all(contents)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> Result<(), RotateError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync the folder of", path))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
