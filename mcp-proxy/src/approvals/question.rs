//! What is asked.

use std::fmt;

/// The name of one question, unguessable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApprovalId(pub(crate) String);

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One call that waits.
#[derive(Clone)]
pub struct Question {
    /// The server's name.
    pub server: String,
    /// The tool's name.
    pub tool: String,
    /// The arguments as JSON text, redacted for the eyes of whoever approves.
    pub arguments: String,
    /// The rule that paused it.
    pub rule: String,
    /// What that rule says of itself.
    pub description: String,
    /// The risk, 0 to 100.
    pub score: u8,
    /// The session's id and the call's correlation id, as its receipts have them.
    pub correlation_id: String,
}
