//! Ed25519 signatures and their one encoding.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A pure Ed25519 signature (RFC 8032 §5.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// From the 64 bytes that a signer gives.
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Multibase `u` and base64url without padding: 87 characters.
    pub fn to_proof_value(&self) -> String {
        format!("u{}", URL_SAFE_NO_PAD.encode(self.0))
    }

    /// Reads a `proofValue`. Only the one canonical encoding is accepted: the reference takes sixteen spellings
    /// of each signature, because it ignores line breaks and the spare bits of the last character.
    ///
    /// # Errors
    ///
    /// [`SignatureError::MalformedProofValue`].
    pub fn from_proof_value(text: &str) -> Result<Self, SignatureError> {
        let malformed = |reason| SignatureError::MalformedProofValue { reason };
        let encoded = match text.strip_prefix('u') {
            Some(encoded) => encoded,
            None if text.is_empty() => return Err(malformed("empty")),
            None => return Err(malformed("unsupported multibase prefix")),
        };
        if encoded.len() != 86 {
            return Err(malformed("not 86 characters of base64url"));
        }
        let mut bytes = [0; 64];
        match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) {
            Ok(64) => Ok(Self(bytes)),
            _ => Err(malformed("not canonical base64url")),
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_proof_value())
    }
}

/// Whatever can sign: a key in memory, a file, a token. Core holds no private key.
pub trait Signer {
    /// Why signing failed.
    type Error;

    /// Signs a message with Ed25519.
    ///
    /// # Errors
    ///
    /// The signer's own.
    fn sign(&self, message: &[u8]) -> Result<Signature, Self::Error>;
}

/// Why a receipt's proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The receipt has no `proof`.
    #[error("missing proof")]
    MissingProof,
    /// The proof is of a type that is not accepted.
    #[error("unsupported proof type `{found}`: only Ed25519Signature2020 is accepted")]
    UnsupportedProofType {
        /// The type found.
        found: String,
    },
    /// `proofValue` is not the one encoding of a signature.
    #[error("malformed proof value: {reason}")]
    MalformedProofValue {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The signature is well formed, and not this key's over these bytes.
    #[error("bad signature")]
    Mismatch,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    #[test]
    fn a_proof_value_is_a_prefix_and_86_characters() {
        let signature = Signature::from_bytes([0xfb; 64]);
        let value = signature.to_proof_value();
        assert_eq!((value.len(), &value[..5]), (87, "u-_v7"));
        assert_eq!(Signature::from_proof_value(&value), Ok(signature));
        assert_eq!(format!("{signature:?}"), value);
    }

    #[test]
    fn of_the_sixteen_spellings_of_a_signature_one_is_taken() {
        let value = Signature::from_bytes([7; 64]).to_proof_value();
        let taken: Vec<_> = ALPHABET
            .iter()
            .map(|last| format!("{}{}", &value[..86], char::from(*last)))
            .filter(|spelling| Signature::from_proof_value(spelling).is_ok())
            .collect();
        // Two of the six bits of the last character belong to the signature.
        assert_eq!(taken.len(), 4);
        assert!(taken.contains(&value));
    }

    #[test]
    fn the_reason_for_a_refusal_is_named() {
        let value = Signature::from_bytes([7; 64]).to_proof_value();
        for (text, expected) in [
            (String::new(), "empty"),
            (value.replacen('u', "z", 1), "unsupported multibase prefix"),
            (value[..86].to_owned(), "not 86 characters of base64url"),
            (format!("{value}="), "not 86 characters of base64url"),
            (format!("{}+", &value[..86]), "not canonical base64url"),
            (format!("{}\n", &value[..86]), "not canonical base64url"),
        ] {
            let expected = SignatureError::MalformedProofValue { reason: expected };
            assert_eq!(Signature::from_proof_value(&text), Err(expected), "{text:?}");
        }
    }
}
