//! The fields of an event in their one order, whichever way they came.

use agent_receipts_ipc::{Decision, EventToSend, Identity};

use crate::code::Err;
use crate::failure::Failure;

/// How many fields an event has.
pub(super) const COUNT: usize = 21;

/// Their names, in the order of `ar_event`. New ones are added at the end, here and there.
pub(super) const NAMES: [&str; COUNT] = [
    "channel",
    "tool_server",
    "tool_name",
    "action_type",
    "input",
    "output",
    "error",
    "decision",
    "issuer_name",
    "issuer_model",
    "operator_id",
    "operator_name",
    "idempotency_key",
    "correlation_id",
    "agent_id",
    "agent_type",
    "model",
    "usage",
    "capture_method",
    "target_system",
    "target_resource",
];

/// An event's fields, in the order of [`NAMES`].
pub(super) type Fields<'a> = [Option<&'a str>; COUNT];

/// Calls `send` with the event that `fields` make.
pub(super) fn with_event<R>(
    fields: &Fields<'_>,
    send: impl FnOnce(&EventToSend<'_>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let [
        channel,
        tool_server,
        tool_name,
        action_type,
        input,
        output,
        error,
        decision,
        issuer_name,
        issuer_model,
        operator_id,
        operator_name,
        idempotency_key,
        correlation_id,
        agent_id,
        agent_type,
        model,
        usage,
        capture_method,
        target_system,
        target_resource,
    ] = *fields;
    let text = |field: Option<&'_ str>| field.unwrap_or_default().to_owned();
    let own = [issuer_name, issuer_model, operator_id, operator_name];
    let identity = own.iter().any(|field| field.is_some_and(|text| !text.is_empty())).then(|| Identity {
        issuer_name: text(issuer_name),
        issuer_model: text(issuer_model),
        operator_id: text(operator_id),
        operator_name: text(operator_name),
    });
    send(&EventToSend {
        channel: channel.unwrap_or_default(),
        tool_server: tool_server.unwrap_or_default(),
        tool_name: tool_name.unwrap_or_default(),
        action_type: action_type.unwrap_or_default(),
        input,
        output,
        error: error.unwrap_or_default(),
        decision: decision_of(decision.unwrap_or_default())?,
        identity: identity.as_ref(),
        idempotency_key: idempotency_key.unwrap_or_default(),
        correlation_id: correlation_id.unwrap_or_default(),
        agent_id: agent_id.unwrap_or_default(),
        agent_type: agent_type.unwrap_or_default(),
        model: model.unwrap_or_default(),
        usage,
        capture_method: capture_method.unwrap_or_default(),
        target_system: target_system.unwrap_or_default(),
        target_resource: target_resource.unwrap_or_default(),
    })
}

fn decision_of(word: &str) -> Result<Decision, Failure> {
    Decision::from_word(word).ok_or_else(|| {
        const SHOWN: usize = 48;
        let shown: String = word.chars().take(SHOWN).flat_map(char::escape_debug).collect();
        let why = format!("unknown decision `{shown}` (want allowed|denied|pending)");
        Failure::new(Err::UnknownDecision, why)
    })
}
