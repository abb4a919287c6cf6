//! Payloads leave only their hash in a receipt.

use crate::hash::ReceiptHash;
use crate::json::{Value, canonical};

/// `sha256:<hex>` over the canonical form of a payload (specification §4.3.2).
pub fn hash(payload: &Value) -> String {
    ReceiptHash::of(&canonical(payload)).to_string()
}
