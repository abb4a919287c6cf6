//! What a receipt is.
pub mod json;
