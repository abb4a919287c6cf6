//! The form of our own, for every other host: see `docs/hooks.md`.

use agent_receipts_ipc::{Decision, Identity};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Unreadable, parse};
use crate::noted::Noted;

/// A member that is not known is refused: somebody thought that it meant something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said<'a> {
    tool: String,
    server: Option<String>,
    channel: Option<String>,
    session_id: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    error: Option<String>,
    decision: Option<String>,
    action_type: Option<String>,
    target: Option<Target>,
    agent_id: Option<String>,
    agent_type: Option<String>,
    model: Option<String>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    correlation_id: Option<String>,
    idempotency_key: Option<String>,
    issuer_name: Option<String>,
    issuer_model: Option<String>,
    operator_id: Option<String>,
    operator_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    system: String,
    resource: String,
}

/// Reads one.
pub(super) fn read(text: &str) -> Result<Noted<'_>, Unreadable> {
    let said: Said<'_> = parse(text)?;
    let word = said.decision.as_deref().unwrap_or("allowed");
    let decision = Decision::from_word(word).ok_or_else(|| {
        Unreadable::Shape("`decision` is none of `allowed`, `denied`, `pending`".to_owned())
    })?;
    if said.tool.is_empty() {
        return Err(Unreadable::Shape("`tool` is empty".to_owned()));
    }
    Ok(Noted {
        server: said.server.unwrap_or_default(),
        session_id: said.session_id.unwrap_or_default(),
        action_type: said.action_type.unwrap_or_default(),
        input: said.input.map(RawValue::get),
        output: said.output.map(RawValue::get),
        error: said.error.unwrap_or_default(),
        identity: Identity {
            issuer_name: said.issuer_name.unwrap_or_default(),
            issuer_model: said.issuer_model.unwrap_or_default(),
            operator_id: said.operator_id.unwrap_or_default(),
            operator_name: said.operator_name.unwrap_or_default(),
        },
        idempotency_key: said.idempotency_key.unwrap_or_default(),
        correlation_id: said.correlation_id.unwrap_or_default(),
        agent_id: said.agent_id.unwrap_or_default(),
        agent_type: said.agent_type.unwrap_or_default(),
        model: said.model.unwrap_or_default(),
        usage: said.usage.map(|usage| usage.get().to_owned()),
        capture_method: "hook".to_owned(),
        target: said.target.map(|target| (target.system, target.resource)),
        ..Noted::new(said.channel.as_deref().unwrap_or("hook"), &said.tool, decision)
    })
}
