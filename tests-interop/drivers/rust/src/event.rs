use agent_receipts_ipc::{Decision, EventToSend, Identity};
use serde_json::{Value, json};

pub(super) fn event<'a>(given: &'a Value, identity: Option<&'a Identity>) -> Result<EventToSend<'a>, Value> {
    let word = text(given, "decision");
    // A decision is a type here: another word cannot even be said.
    let decision = Decision::from_word(word)
        .ok_or_else(|| json!({"error": "caller", "message": format!("unknown decision `{word}`")}))?;
    Ok(EventToSend {
        channel: text(given, "channel"),
        tool_server: text(given, "tool_server"),
        tool_name: text(given, "tool_name"),
        action_type: text(given, "action_type"),
        input: given["input"].as_str(),
        output: given["output"].as_str(),
        error: text(given, "error"),
        decision,
        identity,
        idempotency_key: text(given, "idempotency_key"),
        correlation_id: text(given, "correlation_id"),
        agent_id: text(given, "agent_id"),
        agent_type: text(given, "agent_type"),
        model: text(given, "model"),
        usage: given["usage"].as_str(),
        capture_method: text(given, "capture_method"),
        target_system: text(given, "target_system"),
        target_resource: text(given, "target_resource"),
    })
}

/// Who acts, if anybody is named.
pub(super) fn identity(given: &Value) -> Option<Identity> {
    let members = ["issuer_name", "issuer_model", "operator_id", "operator_name"];
    let [issuer_name, issuer_model, operator_id, operator_name] =
        members.map(|member| text(given, member).to_owned());
    let identity = Identity { issuer_name, issuer_model, operator_id, operator_name };
    (identity != Identity::default()).then_some(identity)
}

pub(super) fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}

pub(super) fn number(object: &Value, member: &str) -> u64 {
    object[member].as_u64().unwrap_or_default()
}
