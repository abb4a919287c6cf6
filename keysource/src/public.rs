//! Publishing a public key, and reading one.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use agent_receipts_core::{KeyEncodingError, PublicKey};

use crate::files::{self, Links, PUBLIC_MODE};
use crate::{FileError, PublicKeyError};

/// Writes the public key beside the running daemon, for verifiers to find: PEM, mode 0644.
///
/// A file that holds this key already is left as it is, except for its mode. A file that holds anything else is never
/// overwritten: whoever verifies old receipts may still need it.
///
/// # Errors
///
/// [`PublicKeyError`] with the path.
pub fn publish_public_key(path: &Path, key: &PublicKey) -> Result<(), PublicKeyError> {
    let file = match files::open(path, Links::Refuse) {
        Ok(file) => file,
        Err(FileError::Missing { .. }) => {
            return Ok(files::create(path, PUBLIC_MODE, key.to_pem().as_bytes())?);
        }
        Err(error) => return Err(error.into()),
    };
    match decode(path, &files::read(path, &file)?) {
        Ok(found) if found == *key => {}
        _ => return Err(PublicKeyError::Different { path: path.to_owned() }),
    }
    if files::metadata(path, &file)?.mode() & 0o7777 != PUBLIC_MODE {
        files::set_mode(path, &file, PUBLIC_MODE)?;
    }
    Ok(())
}

/// Reads a published public key: SubjectPublicKeyInfo PEM (RFC 8410 §4). Links are followed, for who verifies chooses the file.
///
/// # Errors
///
/// [`PublicKeyError::File`] or [`PublicKeyError::Malformed`].
pub fn read_public_key(path: &Path) -> Result<PublicKey, PublicKeyError> {
    let file = files::open(path, Links::Follow)?;
    decode(path, &files::read(path, &file)?)
}

fn decode(path: &Path, pem: &[u8]) -> Result<PublicKey, PublicKeyError> {
    let text = std::str::from_utf8(pem).map_err(|_| KeyEncodingError::NotPem);
    text.and_then(PublicKey::from_pem)
        .map_err(|cause| PublicKeyError::Malformed { path: path.to_owned(), cause })
}
