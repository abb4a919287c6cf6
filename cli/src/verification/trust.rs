//! The key that a verifier trusts, and those that it may have followed.

use std::path::{Path, PathBuf};

use agent_receipts_chain::{KeyLineage, KeyRing};
use agent_receipts_core::PublicKey;
use agent_receipts_keysource::{Archive, PublicKeyError, archived_public_keys, read_public_key};
use agent_receipts_store::Manifest;

/// The published key, the archive beside it, and keys that somebody vouches for by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trust {
    published: PublicKey,
    archive: Archive,
    known: Vec<PublicKey>,
}

impl Trust {
    /// Reads the published key, which must be there, and `<public key>.rotated-*`; and the files `known`, whose keys
    /// whoever verifies knows to be genuine.
    pub(crate) fn load(public_key: &Path, known: &[PathBuf]) -> Result<Self, PublicKeyError> {
        Ok(Self {
            published: read_public_key(public_key)?,
            archive: archived_public_keys(public_key)?,
            known: known.iter().map(|path| read_public_key(path)).collect::<Result<_, _>>()?,
        })
    }

    /// The keys by which an archive was judged when it was taken in; `None` if the manifest does not hold keys. Whoever can write
    /// the archive can write these: a verdict that rests on them says so.
    pub(crate) fn recorded(manifest: &Manifest) -> Option<Self> {
        let keys = |keys: &[String]| -> Option<Vec<PublicKey>> {
            keys.iter().map(|key| PublicKey::from_multibase(key).ok()).collect()
        };
        let earlier = keys(&manifest.earlier_keys)?.into_iter().map(|key| (PathBuf::new(), key));
        Some(Self {
            published: PublicKey::from_multibase(&manifest.public_key).ok()?,
            archive: Archive { keys: earlier.collect(), unreadable: Vec::new() },
            known: keys(&manifest.vouched_keys)?,
        })
    }

    /// The published key.
    pub(crate) fn published(&self) -> &PublicKey {
        &self.published
    }

    /// The published key and those that somebody vouches for by name.
    pub(crate) fn trusted(&self) -> Vec<PublicKey> {
        std::iter::once(self.published).chain(self.known.iter().copied()).collect()
    }

    /// The keys in the archive beside the published one, which nobody vouches for yet.
    pub(crate) fn earlier(&self) -> Vec<PublicKey> {
        self.archive.keys.iter().map(|(_, key)| *key).collect()
    }

    /// The keys that stand beside the published one, and those that somebody vouches for, as a manifest records them.
    pub(crate) fn to_record(&self) -> (Vec<String>, Vec<String>) {
        let earlier = self.archive.keys.iter().map(|(_, key)| key.to_multibase());
        (earlier.collect(), self.known.iter().map(PublicKey::to_multibase).collect())
    }

    /// The keys that stand archived beside the published one, each with its file.
    pub(crate) fn archived(&self) -> &[(PathBuf, PublicKey)] {
        &self.archive.keys
    }

    /// Files with the name of an archived key that hold none.
    pub(crate) fn unreadable(&self) -> &[(PathBuf, PublicKeyError)] {
        &self.archive.unreadable
    }

    /// A lineage that ends in the published key, before any receipt was looked at.
    pub(crate) fn lineage(&self) -> KeyLineage {
        let mut lineage =
            KeyLineage::new(self.published, self.archive.keys.iter().map(|(_, archived)| *archived));
        self.known.iter().for_each(|key| lineage.trust(*key));
        lineage
    }

    /// What the reader should know of the files and of what was made of them.
    pub(crate) fn notes(&self, ring: &KeyRing) -> Vec<String> {
        let unreadable = self.archive.unreadable.iter();
        let passed_over = |path: &Path, error| format!("`{}` was passed over: {error}", path.display());
        let mut notes: Vec<_> = unreadable.map(|(path, error)| passed_over(path, error)).collect();
        if ring.overlooked_rotations() > 0 {
            notes.push(format!(
                "{} key rotations were not looked at: there are too many, or they are too long",
                ring.overlooked_rotations()
            ));
        }
        notes
    }
}
