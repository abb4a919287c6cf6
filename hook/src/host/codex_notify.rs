//! What Codex hands to the program that `notify` names: the end of a turn.

use agent_receipts_ipc::Decision;
use serde::Deserialize;

use super::{Unreadable, lifecycle, parse};
use crate::noted::Noted;

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "thread-id")]
    thread_id: Option<String>,
    #[serde(rename = "turn-id")]
    turn_id: Option<String>,
}

/// Reads one; all of it is the event's input.
pub(super) fn read(text: &str) -> Result<Noted<'_>, Unreadable> {
    let said: Said = parse(text)?;
    Ok(Noted {
        session_id: said.thread_id.unwrap_or_default(),
        correlation_id: said.turn_id.unwrap_or_default(),
        input: Some(text),
        capture_method: "hook".to_owned(),
        ..Noted::new(lifecycle::CODEX, &said.kind, Decision::Allowed)
    })
}
