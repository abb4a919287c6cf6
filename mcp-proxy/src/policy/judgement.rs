//! What a policy says of one call.

use std::fmt;

use agent_receipts_core::json::Value;

/// One call, as the one strict reading understood it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The server's name, as the proxy was told.
    pub server: &'a str,
    /// The tool's name, as the server will see it.
    pub tool: &'a str,
    /// The arguments, an object; `None` where the call has none.
    pub arguments: Option<&'a Value>,
}

/// What is done with a call, from the mildest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It goes on.
    Pass,
    /// It goes on, and its receipts say that a rule noticed it.
    Flag,
    /// It waits for somebody's approval.
    Pause,
    /// It never reaches the server.
    Block,
}

impl Action {
    /// The word that rules and receipts have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Pass => "pass",
            Action::Flag => "flag",
            Action::Pause => "pause",
            Action::Block => "block",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a tool does, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// It reads.
    Read,
    /// It writes.
    Write,
    /// It deletes.
    Delete,
    /// It executes.
    Execute,
    /// The name does not say.
    Unknown,
}

impl Operation {
    /// The word that rules and receipts have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Write => "write",
            Operation::Delete => "delete",
            Operation::Execute => "execute",
            Operation::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a policy says of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is to be done: the strictest of all that matched.
    pub action: Action,
    /// The rule or limit that decided it, if any did; of equally strict ones the first.
    pub rule: Option<String>,
    /// What that rule says of itself; empty if it says nothing.
    pub description: String,
    /// What the tool does.
    pub operation: Operation,
    /// The risk, 0 to 100.
    pub score: u8,
    /// What the risk is made of; more than 100 together where it was capped.
    pub parts: Vec<Part>,
    /// The names of all rules that matched, and of all limits that are used up, in the file's order.
    pub matched: Vec<String>,
}

/// One reason for a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What was seen.
    pub what: &'static str,
    /// What it adds.
    pub points: u8,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.points)
    }
}
