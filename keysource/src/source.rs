//! What every custodian of a key can do.

use std::fmt;

use agent_receipts_core::{PublicKey, Signature};

use crate::KeyError;

/// One private key in somebody's custody: a file, a token, a service.
///
/// Signing takes `&self` and may be done from many threads at once.
pub trait KeySource: Send + Sync {
    /// Makes the key ready to sign.
    ///
    /// # Errors
    ///
    /// Whatever stands between the source and exactly the key that it names. A key source never generates a key instead.
    fn init(&mut self) -> Result<(), KeyError>;

    /// Signs a message with the key's algorithm.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotInitialised`] before [`init`](KeySource::init), [`KeyError::TornDown`] after
    /// [`teardown`](KeySource::teardown).
    fn sign(&self, message: &[u8]) -> Result<Signature, KeyError>;

    /// The public half.
    ///
    /// # Errors
    ///
    /// As [`sign`](KeySource::sign).
    fn public_key(&self) -> Result<PublicKey, KeyError>;

    /// What receipts name as the key that signed them: `proof.verificationMethod`.
    fn verification_method(&self) -> &str;

    /// The algorithm of the key and of its signatures.
    fn algorithm(&self) -> Algorithm;

    /// Gives the key up and overwrites what was held of it. May be called at any time, and more than once.
    fn teardown(&mut self);
}

/// A signature algorithm. The tag stands in key rotations, so that later algorithms can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Pure Ed25519 (RFC 8032 §5.1).
    Ed25519,
}

impl Algorithm {
    /// The tag as receipts write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
