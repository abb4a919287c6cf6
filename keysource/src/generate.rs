//! Making a key pair.

use std::path::{Path, PathBuf};

use agent_receipts_core::PublicKey;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::files::{self, PRIVATE_MODE, PUBLIC_MODE};
use crate::pair::KeyPair;
use crate::pkcs8::{self, SEED_LENGTH};
use crate::{FileError, GenerateError};

/// Writes a new key pair: the private key as PKCS#8 PEM with mode 0600, the public key as SubjectPublicKeyInfo PEM with mode
/// 0644. Folders that are missing are made with mode 0750. If `public` is empty, it is [`public_key_path`].
///
/// Nothing that exists is ever overwritten, and both files are on disk when this returns. The seed is an argument, so that tests
/// can choose it; for a real key it is [`random_seed`].
///
/// # Errors
///
/// [`GenerateError`] with the path that stands in the way. If the public key cannot be written, the private key is removed.
pub fn generate_key_pair(
    private: &Path,
    public: &Path,
    seed: &Zeroizing<[u8; 32]>,
) -> Result<PublicKey, GenerateError> {
    let (private_pem, public_key) = encode_key_pair(seed)?;
    make_pair(private, public, private_pem.as_bytes(), public_key.to_pem().as_bytes())?;
    Ok(public_key)
}

/// Writes the two files of a pair where neither stands, or neither.
pub(crate) fn make_pair(
    private: &Path,
    public: &Path,
    private_content: &[u8],
    public_content: &[u8],
) -> Result<(), GenerateError> {
    if private.as_os_str().is_empty() {
        return Err(FileError::EmptyPath.into());
    }
    let derived = public_key_path(private);
    let public = if public.as_os_str().is_empty() { &derived } else { public };
    if resolved(private) == resolved(public) {
        return Err(GenerateError::IdenticalPaths { path: private.to_owned() });
    }
    files::must_be_free(private)?;
    files::must_be_free(public)?;
    files::create_folders(private)?;
    files::create_folders(public)?;
    files::create(private, PRIVATE_MODE, private_content)?;
    files::create(public, PUBLIC_MODE, public_content).inspect_err(|_| {
        // A private key without its public half would block the next attempt. It was not used yet.
        let _ = std::fs::remove_file(private);
    })?;
    Ok(())
}

/// A key pair as [`generate_key_pair`] writes it, for whoever puts the files in place step by step: the text of the private
/// key's file, and the public key, whose file holds [`PublicKey::to_pem`].
///
/// # Errors
///
/// [`GenerateError::NoRandomness`] if no key can be made of the seed.
pub fn encode_key_pair(seed: &Zeroizing<[u8; 32]>) -> Result<(Zeroizing<String>, PublicKey), GenerateError> {
    // Every seed of the right length is accepted.
    let public_key = KeyPair::from_seed(seed.as_ref()).ok_or(GenerateError::NoRandomness)?.public_key();
    Ok((pkcs8::encode(seed), public_key))
}

/// Where the public key of a private key file is published by default: the same path with `.pub` behind it.
pub fn public_key_path(private: &Path) -> PathBuf {
    let mut path = private.as_os_str().to_owned();
    path.push(".pub");
    PathBuf::from(path)
}

/// A seed for a new key from the operating system.
///
/// # Errors
///
/// [`GenerateError::NoRandomness`].
pub fn random_seed() -> Result<Zeroizing<[u8; 32]>, GenerateError> {
    let mut seed = Zeroizing::new([0; SEED_LENGTH]);
    SystemRandom::new().fill(seed.as_mut()).map_err(|_| GenerateError::NoRandomness)?;
    Ok(seed)
}

/// The path with the links in its folders resolved, as far as they exist.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in absolute.ancestors().skip(1) {
        if let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), absolute.strip_prefix(ancestor)) {
            return real.join(rest);
        }
    }
    absolute
}
