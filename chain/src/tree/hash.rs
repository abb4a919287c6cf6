//! Hashes of leaves and nodes.

use std::fmt;

use agent_receipts_core::ReceiptHash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The hash of a leaf, of an inner node or of a whole tree (RFC 6962 §2.1): SHA-256, in domains that never meet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeHash([u8; 32]);

/// A text that is not the one base64 spelling of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a hash in base64: 43 characters and `=`")]
pub struct MalformedNodeHash;

impl NodeHash {
    /// From its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The root of a tree without leaves: the hash of nothing.
    pub fn empty() -> Self {
        Self(*ReceiptHash::of(b"").as_bytes())
    }

    /// The leaf of one receipt: `SHA-256(0x00 || the 32 bytes of the receipt hash)`. A proof of it therefore speaks of
    /// all that the receipt's signature covers, and not of the signature itself.
    pub fn of_receipt(receipt: &ReceiptHash) -> Self {
        let mut leaf = [LEAF; 33];
        leaf[1..].copy_from_slice(receipt.as_bytes());
        Self(*ReceiptHash::of(&leaf).as_bytes())
    }

    /// The same 32 bytes taken for a receipt's hash, where that is what they are.
    pub(crate) fn to_receipt_hash(self) -> ReceiptHash {
        ReceiptHash::from_bytes(self.0)
    }

    /// The leaf of any bytes, as RFC 6962 has it: `SHA-256(0x00 || bytes)`.
    pub fn of_leaf(bytes: &[u8]) -> Self {
        Self(*ReceiptHash::of(&[&[LEAF], bytes].concat()).as_bytes())
    }

    /// An inner node: `SHA-256(0x01 || left || right)`.
    pub fn of_children(left: &Self, right: &Self) -> Self {
        let mut node = [NODE; 65];
        node[1..33].copy_from_slice(&left.0);
        node[33..].copy_from_slice(&right.0);
        Self(*ReceiptHash::of(&node).as_bytes())
    }

    /// In base64 with padding, as checkpoints write it: 44 characters.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads the one spelling of [`NodeHash::to_base64`].
    ///
    /// # Errors
    ///
    /// [`MalformedNodeHash`].
    pub fn from_base64(text: &str) -> Result<Self, MalformedNodeHash> {
        if text.len() != 44 {
            return Err(MalformedNodeHash);
        }
        let bytes = STANDARD.decode(text).map_err(|_| MalformedNodeHash)?;
        bytes.try_into().map(Self).map_err(|_| MalformedNodeHash)
    }
}

impl fmt::Display for NodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for NodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without these two prefixes an inner node could be passed off as a leaf.
const LEAF: u8 = 0;
const NODE: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        let hash = NodeHash::empty();
        let text = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(hash.to_base64(), text);
        assert_eq!(NodeHash::from_base64(text), Ok(hash));
        let spare_bits = text.replace("FU=", "FV=");
        for wrong in [&text[..43], &text.replace('+', "-"), &spare_bits, &format!("{text}\n"), "", "é"] {
            assert_eq!(NodeHash::from_base64(wrong), Err(MalformedNodeHash), "{wrong}");
        }
    }

    #[test]
    fn leaves_and_nodes_never_meet() {
        let receipt = ReceiptHash::of(b"a receipt");
        let leaf = NodeHash::of_receipt(&receipt);
        assert_eq!(leaf, NodeHash::of_leaf(receipt.as_bytes()));
        let node = NodeHash::of_children(&leaf, &leaf);
        let posing = [*leaf.as_bytes(), *leaf.as_bytes()].concat();
        assert_ne!(NodeHash::of_leaf(&posing), node);
    }
}
