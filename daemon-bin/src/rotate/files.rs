//! The key files of a rotation, and how they change places.

use std::path::{Path, PathBuf};

use agent_receipts_core::PublicKey;
use agent_receipts_keysource::{FileKeySource, KeySource as _, encode_key_pair, read_public_key};
use zeroize::Zeroizing;

use super::RotateError;
use crate::config::Config;
use crate::disk::{Disk, with_suffix};
use crate::startup::StartError;

/// The key files in use, those that are to replace them, and the journal.
#[derive(Debug, Clone)]
pub(super) struct KeyFiles {
    pub(super) key: PathBuf,
    pub(super) public_key: PathBuf,
    pub(super) next_key: PathBuf,
    pub(super) next_public_key: PathBuf,
    pub(super) journal: PathBuf,
    /// A journal that is not whole yet.
    pub(super) draft: PathBuf,
    /// An archived public key that is not whole yet.
    pub(super) archive_draft: PathBuf,
}

impl KeyFiles {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            key: config.key.clone(),
            public_key: config.public_key.clone(),
            next_key: with_suffix(&config.key, ".next"),
            next_public_key: with_suffix(&config.public_key, ".next"),
            journal: with_suffix(&config.key, ".rotation"),
            draft: with_suffix(&config.key, ".rotation-draft"),
            // Not a name that an archived key could have.
            archive_draft: with_suffix(&config.public_key, ".archive-draft"),
        }
    }

    /// Whether any file of a rotation that is not over stands there.
    pub(super) fn any_stands(&self, disk: &Disk) -> Result<bool, RotateError> {
        for path in [&self.journal, &self.next_key, &self.next_public_key, &self.draft, &self.archive_draft] {
            if disk.stands(path)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the next key pair beside the one in use, on disk before this returns, and gives the key ready to sign.
    pub(super) fn make_next(
        &self,
        disk: &Disk,
        seed: &Zeroizing<[u8; 32]>,
        verification_method: &str,
    ) -> Result<(FileKeySource, PublicKey), RotateError> {
        let (private, incoming) = encode_key_pair(seed)?;
        disk.create(&self.next_key, 0o600, private.as_bytes())?;
        disk.create(&self.next_public_key, 0o644, incoming.to_pem().as_bytes())?;
        // What is on disk must be the key that the chains are handed over to: asked before, not after.
        let key = disk.call("read", &self.next_key, || Ok(load(&self.next_key, verification_method)))??;
        Ok((key, incoming))
    }

    /// Where reference verifiers look for an earlier key, too: `<public key>.rotated-<last 16 digits of its fingerprint>`.
    pub(super) fn archive_of(&self, key: &PublicKey) -> PathBuf {
        with_suffix(&self.public_key, &format!(".rotated-{}", key.short_fingerprint()))
    }

    /// Keeps an outgoing public key, on disk before this returns. Another key whose fingerprint ends alike is not overwritten.
    pub(super) fn archive(&self, disk: &Disk, key: &PublicKey) -> Result<(), RotateError> {
        let path = self.archive_of(key);
        let kept = disk.call("read", &path, || Ok(read_public_key(&path)))?;
        if kept.is_ok_and(|kept| kept == *key) {
            // A crash may have come between its name and the sync of that.
            disk.sync(&path)?;
            return Ok(disk.sync_folder(&path)?);
        }
        Ok(disk.put_new(&self.archive_draft, &path, 0o644, key.to_pem().as_bytes())?)
    }

    /// Puts the next keys in the place of those in use. Each step may be repeated after a crash.
    pub(super) fn install(&self, disk: &Disk) -> Result<(), RotateError> {
        disk.rename(&self.next_key, &self.key)?;
        Ok(disk.rename(&self.next_public_key, &self.public_key)?)
    }
}

/// The key in a file, ready to sign.
pub(super) fn load(path: &Path, verification_method: &str) -> Result<FileKeySource, RotateError> {
    let mut key = FileKeySource::new(path, verification_method);
    key.init().map_err(StartError::from)?;
    Ok(key)
}
