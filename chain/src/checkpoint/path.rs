//! The hashes of a proof in one line of text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::tree::NodeHash;

/// Hashes one after the other, in base64.
pub(super) fn write_path(path: &[NodeHash]) -> String {
    let bytes: Vec<u8> = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
    STANDARD.encode(bytes)
}

/// Reads what [`write_path`] writes; nothing if there are more than any proof has.
pub(super) fn read_path(encoded: &str) -> Option<Vec<NodeHash>> {
    // Longer text is not even decoded.
    let bytes = STANDARD.decode(Some(encoded).filter(|encoded| encoded.len() <= MOST * 44)?).ok()?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && hashes.len() <= MOST)
        .then(|| hashes.iter().map(|hash| NodeHash::from_bytes(*hash)).collect())
}

/// The height of the highest tree, of at most 2^63 leaves, and one more.
const MOST: usize = 64;
