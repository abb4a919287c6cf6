//! From what a store holds to what stands in the tree.

use agent_receipts_core::{ReceiptHash, Received};

/// The hash under which a stored text stands in the tree: the receipt's, recomputed, believing no column beside it. A text that
/// is no receipt stands there with the hash of its bytes, so that it, too, can neither be changed nor taken out unnoticed.
///
/// Of a receipt with nulls that its signer left out before he signed, it is the hash of the text as it stands, which is not the
/// one that the next receipt links to.
pub fn hash_of_text(text: &[u8]) -> ReceiptHash {
    Received::parse(text).map_or_else(|_| ReceiptHash::of(text), |received| received.hash())
}
