//! What a caller asks of a chain.

use agent_receipts_core::Timestamp;

/// What is asked of a chain beyond being unbroken. The default asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The number of receipts the chain must have; the only way in which an empty chain can be valid is to ask for 0.
    /// Together with [`Options::expected_final_hash`] this is what detects a chain cut off at its end.
    pub expected_length: Option<u64>,
    /// The hash of the last receipt, `sha256:<hex>`.
    pub expected_final_hash: Option<String>,
    /// The id that all receipts must carry, the first included.
    pub expected_chain_id: Option<String>,
    /// Whether the last receipt must close the chain.
    pub require_terminal: bool,
    /// Findings of level error, and rotations that nothing confirms, break the chain.
    pub strict: bool,
    /// The time to measure future time stamps against; without it they are not looked for.
    pub now: Option<Timestamp>,
}
