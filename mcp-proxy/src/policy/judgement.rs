//! What a policy says of one call.

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// What a tool does, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What a policy says of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is to be done: the strictest of all that matched.
    pub action: Action,
    /// The rule or limit that decided it, if any did.
    pub rule: Option<String>,
    /// What that rule says of itself; empty if it says nothing.
    pub description: String,
    /// What the tool does.
    pub operation: Operation,
    /// The risk, 0 to 100.
    pub score: u8,
}
