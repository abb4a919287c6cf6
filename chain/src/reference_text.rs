//! The reference's words for a signature that cannot be checked.

use agent_receipts_core::{Received, SignatureError};

use crate::text::quoted;

/// The error that the reference's verification gives, or nothing where it only says "no".
pub(crate) fn signature_error(received: &Received, error: &SignatureError) -> Option<String> {
    let proof_value = received.receipt().proof.as_ref().map_or("", |proof| proof.proof_value.as_str());
    match error {
        SignatureError::Mismatch => None,
        SignatureError::MissingProof => Some(unsupported_type("")),
        SignatureError::UnsupportedProofType { found } => Some(unsupported_type(found)),
        SignatureError::MalformedProofValue { reason } => Some(malformed(proof_value, reason)),
        other => Some(other.to_string()),
    }
}

fn unsupported_type(found: &str) -> String {
    format!("unsupported proof type {}: only Ed25519Signature2020 is accepted", quoted(found))
}

fn malformed(proof_value: &str, reason: &str) -> String {
    let mut characters = proof_value.chars();
    let (first, encoded) = (characters.next(), characters.as_str());
    match first {
        None => "proof value too short".into(),
        Some(_) if encoded.is_empty() => "proof value too short".into(),
        Some('u') => match decoded_length(encoded) {
            Some(64) | None => format!("decode proof value: {reason}"),
            Some(length) => format!("invalid signature length: got {length}, want 64"),
        },
        Some(other) => {
            let prefix = quoted(&other.to_string());
            format!("unsupported multibase prefix: '{}'", &prefix[1..prefix.len() - 1])
        }
    }
}

/// Bytes that base64url without padding holds, if it is that at all.
fn decoded_length(encoded: &str) -> Option<usize> {
    let sound = encoded.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (sound && encoded.len() % 4 != 1).then_some(encoded.len() * 3 / 4)
}
