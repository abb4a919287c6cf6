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

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of RFC 8032 §7.1, TEST 2, and its signature over the one byte `r`.
    const KEY: [u8; 32] = [
        0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c,
        0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c,
    ];
    const SIGNATURE: [u8; 64] = [
        0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40, 0xa2,
        0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda, 0x08, 0x5a,
        0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c, 0x38, 0x7b, 0x2e,
        0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00,
    ];

    #[test]
    fn a_signature_of_the_rfc_holds_and_a_changed_one_does_not() {
        let (key, signature) = (PublicKey::from_bytes(KEY), Signature::from_bytes(SIGNATURE));
        assert_eq!(key.verify(b"r", &signature), Ok(()));
        assert_eq!(key.verify(b"s", &signature), Err(SignatureError::Mismatch));
        assert_eq!(key.verify(b"", &signature), Err(SignatureError::Mismatch));
        for at in 0..64 {
            let mut changed = SIGNATURE;
            changed[at] ^= 1;
            assert!(key.verify(b"r", &Signature::from_bytes(changed)).is_err(), "byte {at}");
        }
        assert!(PublicKey::from_bytes([0xff; 32]).verify(b"r", &signature).is_err());
    }

    #[test]
    fn every_spelling_comes_back() {
        for bytes in [KEY, [0; 32], [0xff; 32]] {
            let key = PublicKey::from_bytes(bytes);
            assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key));
            assert_eq!(PublicKey::from_multibase(&key.to_multibase()), Ok(key));
            assert_eq!(PublicKey::from_did_key(&key.to_did_key()), Ok(key));
        }
        let key = PublicKey::from_bytes(KEY);
        assert_eq!(key.to_did_key(), "did:key:z6MkiaMbhXHNA4eJVCCj8dbzKzTgYDKf6crKgHVHid1F1WCT");
        let fingerprint = key.fingerprint().to_string();
        assert_eq!(fingerprint, "sha256:39f713d0a644253f04529421b9f51b9b08979d08295959c4f3990ee617f5139f");
        assert_eq!(key.short_fingerprint(), fingerprint[fingerprint.len() - 16..]);
    }

    #[test]
    fn what_is_no_pem_of_an_ed25519_public_key_is_refused() {
        let pem = PublicKey::from_bytes(KEY).to_pem();
        let other =
            |der: &[u8]| pem_rfc7468::encode_string(PEM_LABEL, pem_rfc7468::LineEnding::LF, der).unwrap();
        let der = pem_rfc7468::decode_vec(pem.as_bytes()).unwrap().1;
        let mut x25519 = der.clone();
        x25519[8] = 0x6e;
        for text in [
            String::new(),
            "key".to_owned(),
            pem.replace("PUBLIC", "PRIVATE"),
            pem.replace("-----END PUBLIC KEY-----", ""),
            pem.replace("MCow", "MC!w"),
            format!("{pem}{pem}"),
        ] {
            assert_eq!(PublicKey::from_pem(&text), Err(KeyEncodingError::NotPem), "{text}");
        }
        for der in [&der[..43], &[der.as_slice(), &[0]].concat(), &x25519, &der[12..]] {
            assert_eq!(PublicKey::from_pem(&other(der)), Err(KeyEncodingError::NotEd25519), "{der:?}");
        }
    }

    #[test]
    fn what_is_no_multibase_key_is_refused() {
        let text = PublicKey::from_bytes(KEY).to_multibase();
        let spare = format!("{}x", &text[..43]);
        assert!(text.ends_with('w'), "x names the same 32 bytes to a lenient reader");
        for wrong in
            ["", "u", &text[1..], &text[..43], &format!("{text}="), &text.replacen('u', "z", 1), &spare]
        {
            assert_eq!(PublicKey::from_multibase(wrong), Err(KeyEncodingError::NotMultibase), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_did_key_of_ed25519_is_refused() {
        let did = PublicKey::from_bytes(KEY).to_did_key();
        let x25519 =
            format!("did:key:z{}", bs58::encode([[0xec, 0x01].as_slice(), &KEY].concat()).into_string());
        let short = format!(
            "did:key:z{}",
            bs58::encode([[0xed, 0x01].as_slice(), &KEY[..31]].concat()).into_string()
        );
        let long = format!("did:key:z{}", "1".repeat(1_000_000));
        for wrong in [
            "",
            "did:key:",
            "did:key:z",
            &did[..40],
            &did[8..],
            &did.to_uppercase(),
            &did.replace("did:key:z", "did:key:u"),
            &did.replace("did:key:z", "did:key:z1"),
            &did.replace("did:key", "did:web"),
            &format!("{did}#{}", &did[8..]),
            &format!("{did} "),
            &did.replace('6', "0"),
            &x25519,
            &short,
            &long,
        ] {
            assert_eq!(PublicKey::from_did_key(wrong), Err(KeyEncodingError::NotDidKey), "{:.60}", wrong);
        }
    }
}
