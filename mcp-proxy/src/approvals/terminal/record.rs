//! The answer, recorded in the name of whoever gives it.

use std::path::PathBuf;
use std::time::Duration;

use agent_receipts_core::json::{Object, Value};
use agent_receipts_ipc::{Ack, Decision, Emitter, EventToSend, MAX_TEXT};

use super::super::answer::Verdict;
use super::call::Call;

/// Why an answer is not on record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the daemon has not recorded it: {reason}")]
pub(super) struct NotRecorded {
    reason: String,
}

/// What came of an answer that was recorded before, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum After {
    /// It is of no force.
    Void(String),
    /// The proxy may have taken it, or not.
    Unknown(String),
}

/// Has the daemon record the answer, and waits until that is on disk; or what came `after` it. The daemon asks the kernel who this
/// process is.
pub(super) fn record(
    daemon: Option<PathBuf>,
    call: &Call,
    verdict: Verdict,
    after: Option<&After>,
) -> Result<(), NotRecorded> {
    let not = |reason: &dyn std::fmt::Display| NotRecorded { reason: reason.to_string() };
    // A loss is told here and now; nobody would ever tell it for this session.
    let mut builder = Emitter::builder().no_drop_folder();
    if let Some(daemon) = daemon {
        builder = builder.socket_path(daemon);
    }
    let emitter = builder.build().map_err(|error| not(&error))?;
    let (decision, action_type, error) = match (after, verdict) {
        (Some(After::Void(why)), _) => (Decision::Denied, "mcp.approval.void", why.as_str()),
        (Some(After::Unknown(why)), _) => (Decision::Pending, "mcp.approval.unknown", why.as_str()),
        (None, Verdict::Approve) => (Decision::Allowed, "mcp.approval.granted", ""),
        (None, Verdict::Deny) => (Decision::Denied, "mcp.approval.denied", ""),
    };
    let members: [(&str, Value); 4] = [
        ("approval_id", call.id.as_str().into()),
        ("arguments_shown", call.arguments.as_str().into()),
        ("rule", call.rule.as_str().into()),
        ("tool", call.tool.as_str().into()),
    ];
    let input = Value::Object(members.into_iter().collect::<Object>()).to_string();
    let correlation_id = &call.correlation_id[..call.correlation_id.floor_char_boundary(MAX_TEXT)];
    let event = EventToSend {
        tool_server: &call.server,
        action_type,
        input: Some(&input),
        error,
        correlation_id,
        capture_method: "approver",
        ..EventToSend::new("mcp", "approval", decision)
    };
    match emitter.emit_acknowledged(&event, PATIENCE) {
        Ok(Ack::Accepted { .. }) => Ok(()),
        Ok(Ack::Refused { message, .. }) => Err(not(&message)),
        Err(error) => Err(not(&error)),
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
