//! The signing key pair: there, or made once.

use std::path::Path;

use agent_receipts_core::PublicKey;
use agent_receipts_keysource::{
    FileKeySource, GenerateError, KeyError, KeySource, PublicKeyError, generate_key_pair, publish_public_key,
    random_seed, read_public_key,
};

/// A key pair that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// The public half.
    pub(crate) public: PublicKey,
    /// How it came to be.
    pub(crate) origin: Origin,
}

/// Whether anything had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Both halves stood there.
    Found,
    /// The private half stood there, and the public one was published from it.
    Published,
    /// Both halves were made.
    Made,
}

/// Why there is no key pair to work with. Nothing that exists was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SetUpError {
    /// The private key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The public key cannot be used, or is another's.
    #[error(transparent)]
    Public(#[from] PublicKeyError),
    /// No key could be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// There are receipts, and the key that signed them is gone.
    #[error("the database `{}` exists, but not its signing key `{}`", database.display(), key.display())]
    KeyLost {
        /// The database.
        database: std::path::PathBuf,
        /// Where the key should be.
        key: std::path::PathBuf,
    },
}

/// Checks the pair that stands at these paths, or makes one where there is nothing yet.
///
/// A new key for an old database would end a history that no verifier could join to what comes after: that is refused.
pub(crate) fn ensure_key_pair(private: &Path, public: &Path, database: &Path) -> Result<KeyPair, SetUpError> {
    if std::fs::symlink_metadata(private).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        if database.exists() {
            return Err(SetUpError::KeyLost { database: database.to_owned(), key: private.to_owned() });
        }
        let public = generate_key_pair(private, public, &random_seed()?)?;
        return Ok(KeyPair { public, origin: Origin::Made });
    }
    // The verification method goes into signatures, of which none is made here.
    let mut source = FileKeySource::new(private, "");
    source.init()?;
    let key = source.public_key();
    source.teardown();
    let key = key?;
    let origin = if public.exists() { Origin::Found } else { Origin::Published };
    publish_public_key(public, &key)?;
    if read_public_key(public)? != key {
        return Err(PublicKeyError::Different { path: public.to_owned() }.into());
    }
    Ok(KeyPair { public: key, origin })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_made_once_and_found_ever_after() {
        let dir = tempfile::tempdir().unwrap();
        let (key, public) = (dir.path().join("d/k"), dir.path().join("d/k.pub"));
        let database = dir.path().join("d/r.db");
        let made = ensure_key_pair(&key, &public, &database).unwrap();
        assert_eq!(made.origin, Origin::Made);
        let found = ensure_key_pair(&key, &public, &database).unwrap();
        assert_eq!(found, KeyPair { public: made.public, origin: Origin::Found });
        std::fs::remove_file(&public).unwrap();
        assert_eq!(ensure_key_pair(&key, &public, &database).unwrap().origin, Origin::Published);
    }

    #[test]
    fn halves_that_do_not_belong_together_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        ensure_key_pair(&path("a"), &path("a.pub"), &path("no.db")).unwrap();
        ensure_key_pair(&path("b"), &path("b.pub"), &path("no.db")).unwrap();
        let mixed = ensure_key_pair(&path("a"), &path("b.pub"), &path("no.db"));
        assert!(matches!(mixed, Err(SetUpError::Public(_))), "{mixed:?}");
    }

    #[test]
    fn a_lost_key_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("r.db"), "").unwrap();
        let lost = ensure_key_pair(&path("k"), &path("k.pub"), &path("r.db"));
        assert!(matches!(lost, Err(SetUpError::KeyLost { .. })), "{lost:?}");
        assert!(!path("k").exists() && !path("k.pub").exists());
    }

    #[test]
    fn a_loose_or_foreign_private_key_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        ensure_key_pair(&path("k"), &path("k.pub"), &path("no.db")).unwrap();
        std::fs::set_permissions(path("k"), std::fs::Permissions::from_mode(0o644)).unwrap();
        let loose = ensure_key_pair(&path("k"), &path("k.pub"), &path("no.db"));
        assert!(matches!(loose, Err(SetUpError::Key(_))), "{loose:?}");
        std::fs::write(path("k"), "not a key").unwrap();
        assert!(ensure_key_pair(&path("k"), &path("k.pub"), &path("no.db")).is_err());
    }
}
