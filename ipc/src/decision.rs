//! The three decisions an event may carry.

use std::fmt;

/// What was decided about the tool call that an event tells of (wire protocol §1.5, `decision`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The call went ahead.
    Allowed,
    /// The call was refused.
    Denied,
    /// The call waits for a decision.
    Pending,
}

impl Decision {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Pending => "pending",
        }
    }

    /// The decision that `word` names, exactly as it stands on the wire.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Allowed, Self::Denied, Self::Pending].into_iter().find(|decision| decision.as_str() == word)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
