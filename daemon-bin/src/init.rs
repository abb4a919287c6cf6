//! Making key pairs, once, by the operator's word. The running daemon never makes one.

use std::fmt;

use agent_receipts_core::Fingerprint;
use agent_receipts_keysource::{GenerateError, generate_forensic_pair, generate_key_pair, random_seed};

use crate::args::KeyPaths;

/// A key pair that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What the pair is for, such as `signing key`.
    pub purpose: &'static str,
    /// Where it stands.
    pub paths: KeyPaths,
    /// SHA-256 over the raw public key.
    pub fingerprint: Fingerprint,
}

impl fmt::Display for Made {
    /// What the operator is told: one line each for the two files and the fingerprint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { purpose, paths: KeyPaths { private, public }, fingerprint } = self;
        writeln!(f, "{purpose}: {} (private, mode 0600)", private.display())?;
        writeln!(f, "public key: {} (mode 0644)", public.display())?;
        writeln!(f, "fingerprint: {fingerprint}")
    }
}

/// Makes the signing key pair: PKCS#8 PEM with mode 0600, SubjectPublicKeyInfo PEM with mode 0644. Missing directories are made.
///
/// # Errors
///
/// [`GenerateError`]; nothing that exists is overwritten or followed.
pub fn signing_key(paths: &KeyPaths) -> Result<Made, GenerateError> {
    let public = generate_key_pair(&paths.private, &paths.public, &random_seed()?)?;
    Ok(Made { purpose: "signing key", paths: paths.clone(), fingerprint: public.fingerprint() })
}

/// Makes the key pair for disclosed parameters: 32 raw bytes each (X25519), with modes 0600 and 0644. The private half belongs on
/// another machine.
///
/// # Errors
///
/// [`GenerateError`]; nothing that exists is overwritten or followed, and of a failed attempt nothing stays.
pub fn forensic_key(paths: &KeyPaths) -> Result<Made, GenerateError> {
    let public = generate_forensic_pair(&paths.private, &paths.public, &random_seed()?)?;
    Ok(Made { purpose: "forensic key", paths: paths.clone(), fingerprint: public.fingerprint() })
}
