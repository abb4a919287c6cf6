//! The key that signs, in every hand that signs with it.

use std::sync::{Arc, PoisonError, RwLock};

use agent_receipts_core::PublicKey;
use agent_receipts_keysource::KeySource;

/// The key in use. Receipts and checkpoints are signed by different threads; after a rotation all of them sign with the new one.
#[derive(Clone)]
pub(crate) struct KeyInUse(Arc<RwLock<Keys>>);

struct Keys {
    current: Arc<dyn KeySource>,
    /// What signed before it in this run.
    former: Vec<PublicKey>,
}

impl KeyInUse {
    pub(crate) fn new(key: Arc<dyn KeySource>) -> Self {
        Self(Arc::new(RwLock::new(Keys { current: key, former: Vec::new() })))
    }

    /// The key as of now.
    pub(crate) fn current(&self) -> Arc<dyn KeySource> {
        // Replaced as a whole or not at all.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).current)
    }

    /// The keys that signed before in this run, the oldest first.
    pub(crate) fn former(&self) -> Vec<PublicKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).former.clone()
    }

    /// From now on this key signs.
    pub(crate) fn replace(&self, key: Arc<dyn KeySource>) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let former = keys.current.public_key().ok();
        keys.former.extend(former);
        keys.current = key;
    }
}

#[cfg(test)]
mod tests {
    use agent_receipts_keysource::{FileKeySource, generate_key_pair};

    use super::*;

    #[test]
    fn every_hand_gets_the_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str, seed: u8| -> Arc<dyn KeySource> {
            let path = folder.path().join(name);
            generate_key_pair(&path, &path.with_extension("pub"), &[seed; 32].into()).unwrap();
            let mut key = FileKeySource::new(&path, "did:example:d#k1");
            key.init().unwrap();
            Arc::new(key)
        };
        let (old, new) = (key("old", 1), key("new", 2));
        let here = KeyInUse::new(Arc::clone(&old));
        let there = here.clone();
        assert_eq!(there.current().public_key(), old.public_key());
        here.replace(Arc::clone(&new));
        assert_eq!(there.current().public_key(), new.public_key());
        assert_eq!(there.former(), [old.public_key().unwrap()]);
    }
}
