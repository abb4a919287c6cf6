//! PKCS#8 of an Ed25519 private key (RFC 8410 §7), as PEM.

use std::path::Path;

use pem_rfc7468::LineEnding;
use zeroize::Zeroizing;

use crate::KeyError;
use crate::files::LARGEST_KEY_FILE;
use crate::pair::KeyPair;

/// Length of the seed in bytes (RFC 8032 §5.1.5).
pub(crate) const SEED_LENGTH: usize = 32;

const LABEL: &str = "PRIVATE KEY";

/// DER of version 1 up to the seed: sequence, version 0, id-Ed25519, octet string of an octet string.
const V1_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// DER of version 2 up to the seed, and between the seed and the public key: as OpenSSL writes it, and as ring does.
const V2_FRAMES: [([u8; 16], &[u8]); 2] = [
    (
        [0x30, 0x51, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20],
        &[0x81, 0x21, 0x00],
    ),
    (
        [0x30, 0x53, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20],
        &[0xa1, 0x23, 0x03, 0x21, 0x00],
    ),
];

/// Reads a PEM document of exactly one key: version 1 as OpenSSL, Go and we write it, or version 2 with its public key, which
/// must belong to the private one. `path` is only for the error.
pub(crate) fn decode(pem: &[u8], path: &Path) -> Result<KeyPair, KeyError> {
    let path = || path.to_owned();
    let mut buffer = Zeroizing::new([0; LARGEST_KEY_FILE]);
    let (label, der) = pem_rfc7468::decode(pem.trim_ascii(), buffer.as_mut())
        .map_err(|_| KeyError::NotPem { path: path() })?;
    if label != LABEL {
        return Err(KeyError::NotPrivateKey { path: path() });
    }
    pair(der).ok_or_else(|| KeyError::NotEd25519 { path: path() })
}

/// The three encodings that are written for Ed25519, byte by byte: what a lenient reader would take for one is none.
fn pair(der: &[u8]) -> Option<KeyPair> {
    if let Some(seed) = der.strip_prefix(&V1_PREFIX) {
        return KeyPair::from_seed(seed);
    }
    V2_FRAMES.iter().find_map(|(prefix, between)| {
        let (seed, rest) = der.strip_prefix(prefix)?.split_at_checked(SEED_LENGTH)?;
        let public_key = rest.strip_prefix(*between)?;
        KeyPair::from_seed(seed).filter(|pair| pair.public_key().as_bytes() == public_key)
    })
}

/// Version 1, 119 bytes of PEM: what the reference writes and reads.
pub(crate) fn encode(seed: &[u8; SEED_LENGTH]) -> Zeroizing<String> {
    let mut der = Zeroizing::new([0; V1_PREFIX.len() + SEED_LENGTH]);
    der[..V1_PREFIX.len()].copy_from_slice(&V1_PREFIX);
    der[V1_PREFIX.len()..].copy_from_slice(seed);
    // 48 bytes are one line of PEM, so this cannot fail; if it did, the empty text would fail to load, not leak.
    Zeroizing::new(pem_rfc7468::encode_string(LABEL, LineEnding::LF, der.as_ref()).unwrap_or_default())
}
