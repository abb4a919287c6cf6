//! Making the pair.

use std::path::Path;

use agent_receipts_core::disclosure::{ForensicPublicKey, ForensicSecretKey};
use zeroize::Zeroizing;

use crate::GenerateError;
use crate::generate::make_pair;

/// Writes a new forensic key pair: 32 raw bytes each, the private half with mode 0600, the public one with mode 0644. Folders that
/// are missing are made with mode 0750. If `public` is empty, it is [`public_key_path`](crate::public_key_path). The private half
/// belongs on another machine.
///
/// The seed becomes the private key; in earnest it is [`random_seed`](crate::random_seed).
///
/// # Errors
///
/// [`GenerateError`]; nothing that exists is overwritten or followed, and of a failed attempt nothing stays.
pub fn generate_forensic_pair(
    private: &Path,
    public: &Path,
    seed: &Zeroizing<[u8; 32]>,
) -> Result<ForensicPublicKey, GenerateError> {
    let key = ForensicSecretKey::from_bytes(**seed).public_key();
    make_pair(private, public, seed.as_slice(), key.as_bytes())?;
    Ok(key)
}
