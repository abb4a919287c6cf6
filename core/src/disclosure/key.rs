//! The X25519 keys that parameters are encrypted to. They sign nothing.

use std::fmt;

use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, Serializable};
use zeroize::Zeroizing;

use crate::hash::ReceiptHash;
use crate::key::Fingerprint;

/// Whom parameters are disclosed to: an X25519 public key, 32 raw bytes in its file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ForensicPublicKey([u8; 32]);

impl ForensicPublicKey {
    /// From the 32 raw bytes. Whether they are a usable point shows when something is sealed.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 over the raw bytes; its text is the `kid` of envelopes.
    pub fn fingerprint(&self) -> Fingerprint {
        ReceiptHash::of(&self.0)
    }
}

impl fmt::Debug for ForensicPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForensicPublicKey({})", self.fingerprint())
    }
}

/// The X25519 private key that opens envelopes. Wiped when dropped; printing shows nothing of it.
pub struct ForensicSecretKey(Zeroizing<[u8; 32]>);

impl ForensicSecretKey {
    /// From the 32 raw bytes; any 32 random bytes are a key (RFC 7748 §5).
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The 32 raw bytes. Whoever holds them opens every envelope.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public half.
    pub fn public_key(&self) -> ForensicPublicKey {
        let bytes = X25519HkdfSha256::sk_to_pk(&self.to_hpke()).to_bytes();
        ForensicPublicKey(bytes.into())
    }

    pub(super) fn to_hpke(&self) -> <X25519HkdfSha256 as Kem>::PrivateKey {
        // 32 bytes are always accepted; another length cannot be held.
        match <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(self.0.as_slice()) {
            Ok(key) => key,
            Err(_) => unreachable!("an x25519 key is any 32 bytes"),
        }
    }
}

impl fmt::Debug for ForensicSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForensicSecretKey(..)")
    }
}
