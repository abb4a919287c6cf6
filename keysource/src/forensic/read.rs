//! Reading the private half, where somebody is entitled to open envelopes.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use agent_receipts_core::disclosure::ForensicSecretKey;

use super::decode::decode;
use crate::FileError;
use crate::files::{self, Links};

/// A forensic private key, and whether its file keeps it private.
#[derive(Debug)]
pub struct ForensicKey {
    /// The key.
    pub secret: ForensicSecretKey,
    /// Whether the file's mode lets others than its owner read or write it. Refusing it would protect nothing that was ever sealed.
    pub others_have_access: bool,
}

/// A file that holds no forensic private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForensicKeyError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its contents are no such key.
    #[error(
        "`{}` is no forensic private key: 32 raw bytes, their hex or base64, or pkcs#8 pem of an x25519 key",
        path.display()
    )]
    Malformed {
        /// The path.
        path: PathBuf,
    },
}

/// Reads a forensic private key: 32 raw bytes, 64 digits of hex, base64 (of either alphabet, padded or not), or PKCS#8 PEM. White space
/// around text is passed over.
///
/// # Errors
///
/// [`ForensicKeyError`]; none holds key material.
pub fn read_forensic_key(path: &Path) -> Result<ForensicKey, ForensicKeyError> {
    let file = files::open(path, Links::Follow)?;
    let others_have_access = files::metadata(path, &file)?.mode() & 0o077 != 0;
    let content = files::read(path, &file)?;
    let secret = decode(&content).ok_or_else(|| ForensicKeyError::Malformed { path: path.to_owned() })?;
    Ok(ForensicKey { secret: ForensicSecretKey::from_bytes(*secret), others_have_access })
}
