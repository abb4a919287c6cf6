//! Public keys and the ways to write them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::hash::ReceiptHash;
use crate::signature::{Signature, SignatureError};

/// An Ed25519 public key.
///
/// ```
/// use agent_receipts_core::PublicKey;
///
/// let key = PublicKey::from_did_key("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")?;
/// assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key));
/// # Ok::<(), agent_receipts_core::KeyEncodingError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

/// SHA-256 over the 32 raw bytes of a public key. Written `sha256:<hex>`.
pub type Fingerprint = ReceiptHash;

/// A text that is not a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyEncodingError {
    /// Not a PEM document with the label `PUBLIC KEY`.
    #[error("not a `PUBLIC KEY` pem document")]
    NotPem,
    /// A public key of another algorithm than Ed25519, or with other parameters.
    #[error("not an ed25519 public key (rfc 8410)")]
    NotEd25519,
    /// Not `u` and the canonical base64url of 32 bytes.
    #[error("not a multibase base64url key of 32 bytes")]
    NotMultibase,
    /// Not a `did:key` of an Ed25519 key in base58btc.
    #[error("not a did:key of an ed25519 key")]
    NotDidKey,
}

impl PublicKey {
    /// From the 32 raw bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads a SubjectPublicKeyInfo PEM document (RFC 8410 §4), as the reference publishes it.
    ///
    /// # Errors
    ///
    /// [`KeyEncodingError::NotPem`] or [`KeyEncodingError::NotEd25519`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyEncodingError> {
        let (label, der) =
            pem_rfc7468::decode_vec(pem.trim().as_bytes()).map_err(|_| KeyEncodingError::NotPem)?;
        if label != PEM_LABEL {
            return Err(KeyEncodingError::NotPem);
        }
        let key = der.strip_prefix(&SPKI_PREFIX).ok_or(KeyEncodingError::NotEd25519)?;
        key.try_into().map(Self).map_err(|_| KeyEncodingError::NotEd25519)
    }

    /// The SubjectPublicKeyInfo PEM document.
    pub fn to_pem(&self) -> String {
        let der = [SPKI_PREFIX.as_slice(), &self.0].concat();
        // 44 bytes always fit into one PEM line, so this cannot fail.
        pem_rfc7468::encode_string(PEM_LABEL, pem_rfc7468::LineEnding::LF, &der).unwrap_or_default()
    }

    /// Reads multibase `u` and base64url, the form in key rotations.
    ///
    /// # Errors
    ///
    /// [`KeyEncodingError::NotMultibase`].
    pub fn from_multibase(text: &str) -> Result<Self, KeyEncodingError> {
        let encoded =
            text.strip_prefix('u').filter(|e| e.len() == 43).ok_or(KeyEncodingError::NotMultibase)?;
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(KeyEncodingError::NotMultibase),
        }
    }

    /// Multibase `u` and base64url without padding.
    pub fn to_multibase(&self) -> String {
        format!("u{}", URL_SAFE_NO_PAD.encode(self.0))
    }

    /// The key's fingerprint, over its raw bytes.
    pub fn fingerprint(&self) -> Fingerprint {
        ReceiptHash::of(&self.0)
    }

    /// The last sixteen digits of the fingerprint, by which archived key files are named.
    pub fn short_fingerprint(&self) -> String {
        let fingerprint = self.fingerprint().to_string();
        fingerprint[fingerprint.len() - 16..].to_owned()
    }

    /// The `did:key` of this key: multicodec `ed25519-pub` in base58btc.
    pub fn to_did_key(&self) -> String {
        let bytes = [DID_KEY_CODEC.as_slice(), &self.0].concat();
        format!("did:key:z{}", bs58::encode(bytes).into_string())
    }

    /// Reads a `did:key`. Only the canonical spelling is accepted.
    ///
    /// # Errors
    ///
    /// [`KeyEncodingError::NotDidKey`], also for keys of other algorithms.
    pub fn from_did_key(did: &str) -> Result<Self, KeyEncodingError> {
        // A did:key of 34 bytes has at most 47 digits; longer text is not even looked at, as decoding is quadratic.
        let digits =
            did.strip_prefix("did:key:z").filter(|d| d.len() <= 48).ok_or(KeyEncodingError::NotDidKey)?;
        let bytes = bs58::decode(digits).into_vec().map_err(|_| KeyEncodingError::NotDidKey)?;
        let key = bytes.strip_prefix(&DID_KEY_CODEC).ok_or(KeyEncodingError::NotDidKey)?;
        key.try_into().map(Self).map_err(|_| KeyEncodingError::NotDidKey)
    }

    /// Checks a signature (RFC 8032, cofactorless; `S` must be reduced).
    ///
    /// # Errors
    ///
    /// [`SignatureError::Mismatch`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(message, signature.as_bytes())
            .map_err(|_| SignatureError::Mismatch)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_multibase())
    }
}

const PEM_LABEL: &str = "PUBLIC KEY";

/// DER of a SubjectPublicKeyInfo with the algorithm id-Ed25519 and a bit string of 32 bytes (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Multicodec `ed25519-pub`, 0xed, as a varint.
const DID_KEY_CODEC: [u8; 2] = [0xed, 0x01];
