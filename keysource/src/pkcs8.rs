//! PKCS#8 of an Ed25519 private key (RFC 8410 §7), as PEM.

use std::path::Path;

use pem_rfc7468::LineEnding;
use ring::signature::Ed25519KeyPair;
use zeroize::Zeroizing;

use crate::KeyError;
use crate::files::LARGEST_KEY_FILE;

/// Length of the seed in bytes (RFC 8032 §5.1.5).
pub(crate) const SEED_LENGTH: usize = 32;

const LABEL: &str = "PRIVATE KEY";

/// DER of version 1 up to the seed: sequence, version 0, id-Ed25519, octet string of an octet string.
const V1_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Reads a PEM document of exactly one key: version 1 as OpenSSL, Go and we write it, or version 2 with its public key, which
/// must belong to the private one. `path` is only for the error.
pub(crate) fn decode(pem: &[u8], path: &Path) -> Result<Ed25519KeyPair, KeyError> {
    let path = || path.to_owned();
    let mut buffer = Zeroizing::new([0; LARGEST_KEY_FILE]);
    let (label, der) = pem_rfc7468::decode(pem.trim_ascii(), buffer.as_mut())
        .map_err(|_| KeyError::NotPem { path: path() })?;
    if label != LABEL {
        return Err(KeyError::NotPrivateKey { path: path() });
    }
    let pair = match der.strip_prefix(&V1_PREFIX) {
        Some(seed) if seed.len() == SEED_LENGTH => Ed25519KeyPair::from_seed_unchecked(seed),
        _ => Ed25519KeyPair::from_pkcs8(der),
    };
    pair.map_err(|_| KeyError::NotEd25519 { path: path() })
}

/// Version 1, 119 bytes of PEM: what the reference writes and reads.
pub(crate) fn encode(seed: &[u8; SEED_LENGTH]) -> Zeroizing<String> {
    let mut der = Zeroizing::new([0; V1_PREFIX.len() + SEED_LENGTH]);
    der[..V1_PREFIX.len()].copy_from_slice(&V1_PREFIX);
    der[V1_PREFIX.len()..].copy_from_slice(seed);
    // 48 bytes are one line of PEM, so this cannot fail; if it did, the empty text would fail to load, not leak.
    Zeroizing::new(pem_rfc7468::encode_string(LABEL, LineEnding::LF, der.as_ref()).unwrap_or_default())
}
