//! One event, made to fit the protocol, and sent.

use std::time::Duration;

use agent_receipts_core::json::{self, Rules};
use agent_receipts_core::{clipped, payload};
use agent_receipts_ipc::{
    BuildError, EmitError, Emitter, EventToSend, Identity, MAX_FRAME, MAX_RESOURCE, MAX_TEXT,
};

use crate::agent::agent_id;
use crate::args::Args;
use crate::noted::Noted;

/// Why an event was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// There is no socket to send it to.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The daemon could not be reached; the loss is counted, and told by the session's next event.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

/// Sends it, within the emitter's deadlines or those that were asked for.
pub(crate) fn send(noted: &Noted<'_>, args: &Args) -> Result<(), SendError> {
    // Without one each call would have a session of its own, whose losses no later call tells.
    let session = if noted.session_id.is_empty() { NO_SESSION } else { &noted.session_id };
    let mut builder = Emitter::builder().session_id(clipped(session, MAX_SESSION));
    if let Some(socket) = &args.socket {
        builder = builder.socket_path(socket);
    }
    if let Some(patience) = args.patience {
        let patience = Duration::from_millis(patience.into());
        builder = builder.dial_timeout(patience).write_timeout(patience);
    }
    let emitter = builder.build()?;
    let text = |text: &str| clipped(text, MAX_TEXT);
    let claimed = &noted.identity;
    let identity = Identity {
        issuer_name: text(&claimed.issuer_name),
        issuer_model: text(&claimed.issuer_model),
        operator_id: text(&claimed.operator_id),
        operator_name: if claimed.operator_id.is_empty() {
            String::new()
        } else {
            text(&claimed.operator_name)
        },
    };
    let (channel, tool, server) = (name(&noted.channel), name(&noted.tool), name(&noted.server));
    let action_type = name(&noted.action_type);
    let (input, output) = payload::fitting(noted.input, noted.output, ROOM);
    let usage = noted
        .usage
        .as_deref()
        .filter(|usage| usage.len() <= MAX_USAGE && json::parse(usage.as_bytes(), Rules::Payload).is_ok());
    let error = clipped(&noted.error, MAX_ERROR);
    let (correlation_id, idempotency_key) = (text(&noted.correlation_id), text(&noted.idempotency_key));
    let (agent, agent_type, model) =
        (agent_id(&noted.agent_id, MAX_TEXT), text(&noted.agent_type), text(&noted.model));
    let capture_method = text(&noted.capture_method);
    let target =
        noted.target.as_ref().filter(|(system, resource)| !system.is_empty() && !resource.is_empty());
    let (system, resource) =
        target.map(|(system, resource)| (text(system), clipped(resource, MAX_RESOURCE))).unwrap_or_default();
    emitter.emit(&EventToSend {
        tool_server: &server,
        action_type: &action_type,
        input: input.as_deref(),
        output: output.as_deref(),
        error: &error,
        identity: Some(&identity),
        idempotency_key: &idempotency_key,
        correlation_id: &correlation_id,
        agent_id: &agent,
        agent_type: &agent_type,
        model: &model,
        usage,
        capture_method: &capture_method,
        target_system: &system,
        target_resource: &resource,
        ..EventToSend::new(&channel, &tool, noted.decision)
    })?;
    Ok(())
}

fn name(text: &str) -> String {
    clipped(text, MAX_NAME)
}

/// What a frame leaves for input and output together: the other fields are bounded far below the rest.
const ROOM: usize = MAX_FRAME - (192 << 10);
/// The session of events that the host gives none.
const NO_SESSION: &str = "hook";
/// Bounds of ours, which the protocol does not set: together with the payloads they keep below a frame.
const MAX_NAME: usize = 1024;
const MAX_SESSION: usize = 1024;
const MAX_USAGE: usize = 16 << 10;
/// Of an error's text; written as JSON it may take six times as much.
const MAX_ERROR: usize = 16 << 10;
