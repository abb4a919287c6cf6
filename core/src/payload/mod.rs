//! Payloads leave only their hash in a receipt.

mod withheld;

use crate::hash::ReceiptHash;
use crate::json::{Value, canonical};

pub use withheld::{fitting, withheld};

/// `sha256:<hex>` over the canonical form of a payload (specification §4.3.2).
pub fn hash(payload: &Value) -> String {
    ReceiptHash::of(&canonical(payload)).to_string()
}
