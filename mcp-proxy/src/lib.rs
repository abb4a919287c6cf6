//! `agent-receipts-mcp`: a proxy in front of any MCP server, which judges every call by a policy and leaves receipts of it.
//!
//! It trusts neither side. What a client says is decoded once, strictly, and that one reading decides the policy, the record and what
//! is forwarded: a message that two readers could take for two things never reaches the server.
//!
//! It refuses to hold a key or a database: it can only ask the daemon to record.
//!
//! ```
//! use agent_receipts_mcp::{Message, MessageFault, decode};
//!
//! let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","arguments":{"path":"/"}}}"#;
//! assert!(matches!(decode(call)?.message, Message::Call(_, call) if call.name == "rm"));
//! // Go's decoder would take this for a call.
//! let hidden = br#"{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"tools/call","params":{"name":"rm"}}"#;
//! assert!(decode(hidden).is_err_and(|refusal| matches!(refusal.fault, MessageFault::Variant { .. })));
//! # Ok::<(), Box<agent_receipts_mcp::Refusal>>(())
//! ```

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
    Answers, Decoded, Id, MAX_ID, MAX_NAME, Message, MessageFault, Refusal, Reply, Request, ToolCall, decode,
};
pub use policy::{
    Action, ActivePolicy, Call, CaseOutcome, Counters, DEFAULTS, Judgement, LoadError, Operation, Part,
    Policy, PolicyError, Reloaded,
};
pub use run::run;
