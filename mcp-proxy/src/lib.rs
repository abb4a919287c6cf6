//! `agent-receipts-mcp`: a proxy in front of any MCP server, which judges every call by a policy and leaves receipts of it.
//!
//! It trusts neither side. What a client says is decoded once, strictly, and that one reading decides the policy, the record and what
//! is forwarded: a message that two readers could take for two things never reaches the server.
//!
//! It refuses to hold a key or a database: it can only ask the daemon to record.

mod approvals;
mod args;
mod check;
mod http;
mod message;
mod notice;
mod policy;
mod record;
mod run;
mod serve;
mod session;
mod signals;
mod stdio;

// The public interface is:
pub use approvals::{
    Answer, ApprovalId, Approver, Desk, DeskOptions, Endpoint, EndpointError, Pending, Question,
    UnknownEndpoint, Verdict, Way,
};
pub use message::{
    Decoded, Id, MAX_ID, MAX_NAME, Message, MessageFault, Refusal, Reply, Request, ToolCall, decode,
};
pub use policy::{
    Action, ActivePolicy, Call, CaseOutcome, Counters, DEFAULTS, Judgement, LoadError, Operation, Part,
    Policy, PolicyError, Reloaded,
};
pub use run::run;
