//! What a caller asks of a chain.

use std::fmt;
use std::sync::Arc;

use agent_receipts_core::{Received, Timestamp};

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
    /// Judges `action.trusted_timestamp` where there is one; a token that it refuses breaks the chain. Without it the finding is that
    /// nobody looked.
    pub timestamps: Option<TimestampCheck>,
}

/// How a trusted timestamp is judged: this crate knows no certificates.
///
/// What the function returns is for people: who saw the receipt and when, or why the token proves nothing.
#[derive(Clone)]
pub struct TimestampCheck(Arc<Judge>);

type Judge = dyn Fn(&Received) -> Result<String, String> + Send + Sync;

impl TimestampCheck {
    /// Judges by `judge`, which is called for receipts that carry a token.
    pub fn new(judge: impl Fn(&Received) -> Result<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(judge))
    }

    /// What is to be said of the token in `received`.
    ///
    /// # Errors
    ///
    /// Why it proves nothing.
    pub fn judge(&self, received: &Received) -> Result<String, String> {
        (self.0)(received)
    }
}

impl fmt::Debug for TimestampCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimestampCheck(..)")
    }
}

/// Two are equal when they are one.
impl PartialEq for TimestampCheck {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for TimestampCheck {}
