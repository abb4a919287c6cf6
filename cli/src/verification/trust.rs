//! The key that a verifier trusts, and those that it may have followed.

use std::path::Path;

use agent_receipts_core::PublicKey;
use agent_receipts_keysource::{Archive, PublicKeyError, archived_public_keys, read_public_key};

/// The published key and the archive beside it.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    published: PublicKey,
    archive: Archive,
}

impl Trust {
    /// Reads the published key, which must be there, and `<public key>.rotated-*`.
    pub(crate) fn load(public_key: &Path) -> Result<Self, PublicKeyError> {
        Ok(Self { published: read_public_key(public_key)?, archive: archived_public_keys(public_key)? })
    }

    /// The published key.
    pub(crate) fn published(&self) -> PublicKey {
        self.published
    }

    /// The archived keys.
    pub(crate) fn archived(&self) -> impl Iterator<Item = PublicKey> {
        self.archive.keys.iter().map(|(_, key)| *key)
    }

    /// What the reader should know of the files.
    pub(crate) fn notes(&self) -> Vec<String> {
        let unreadable = self.archive.unreadable.iter();
        unreadable.map(|(path, error)| format!("`{}` was passed over: {error}", path.display())).collect()
    }
}
