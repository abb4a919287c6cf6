//! A private key in a file.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use agent_receipts_core::{PublicKey, Signature, Signer};

use crate::files::{self, Links};
use crate::pair::KeyPair;
use crate::{Algorithm, KeyError, KeySource, pkcs8};

/// An Ed25519 key in a PKCS#8 PEM file (RFC 8410 §7) that only its owner may touch.
pub struct FileKeySource {
    path: PathBuf,
    verification_method: String,
    state: State,
}

enum State {
    New,
    Ready(KeyPair, PublicKey),
    TornDown,
}

impl FileKeySource {
    /// Names the file; it is read by [`KeySource::init`] only.
    pub fn new(path: impl Into<PathBuf>, verification_method: impl Into<String>) -> Self {
        Self { path: path.into(), verification_method: verification_method.into(), state: State::New }
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn ready(&self) -> Result<(&KeyPair, &PublicKey), KeyError> {
        match &self.state {
            State::Ready(pair, public_key) => Ok((pair, public_key)),
            State::New => Err(KeyError::NotInitialised),
            State::TornDown => Err(KeyError::TornDown),
        }
    }
}

impl KeySource for FileKeySource {
    /// Reads the file. If that fails, a key that was held before is given up as well.
    fn init(&mut self) -> Result<(), KeyError> {
        self.state = State::New;
        let pair = load(&self.path)?;
        let public_key = pair.public_key();
        self.state = State::Ready(pair, public_key);
        Ok(())
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        self.ready().map(|(pair, _)| pair.sign(message))
    }

    fn public_key(&self) -> Result<PublicKey, KeyError> {
        self.ready().map(|(_, public_key)| *public_key)
    }

    fn verification_method(&self) -> &str {
        &self.verification_method
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn teardown(&mut self) {
        self.state = State::TornDown;
    }
}

impl Signer for FileKeySource {
    type Error = KeyError;

    fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        KeySource::sign(self, message)
    }
}

impl fmt::Debug for FileKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New => "not initialised",
            State::Ready(..) => "ready",
            State::TornDown => "torn down",
        };
        f.debug_struct("FileKeySource")
            .field("path", &self.path)
            .field("verification_method", &self.verification_method)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

fn load(path: &Path) -> Result<KeyPair, KeyError> {
    let file = files::open(path, Links::Refuse)?;
    let metadata = files::metadata(path, &file)?;
    let owner = metadata.uid();
    if !may_own(owner, rustix::process::geteuid().as_raw()) {
        return Err(KeyError::ForeignOwner { path: path.to_owned(), owner });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::LooseMode { path: path.to_owned(), mode });
    }
    let pem = files::read(path, &file)?;
    pkcs8::decode(&pem, path)
}

/// Root may read any file, but must not sign with a key that somebody else can change at will.
fn may_own(owner: u32, this_user: u32) -> bool {
    owner == this_user || owner == 0
}

#[cfg(test)]
mod tests {
    use super::may_own;

    #[test]
    fn a_key_belongs_to_this_user_or_to_root() {
        assert!(may_own(1000, 1000) && may_own(0, 1000) && may_own(0, 0));
        assert!(!may_own(1001, 1000) && !may_own(1000, 0));
    }
}
