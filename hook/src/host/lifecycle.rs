//! Claude Code and Codex: one object an event, with the event's name in `hook_event_name`.

use std::path::Path;

use agent_receipts_ipc::Decision;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Unreadable, parse};
use crate::failure_of::failure_of;
use crate::noted::Noted;
use crate::tool::meaning;
use crate::transcript;

/// The channels under which their events are recorded.
pub(super) const CLAUDE_CODE: &str = "claude-code";
pub(super) const CODEX: &str = "codex";

#[derive(Deserialize)]
struct Said<'a> {
    hook_event_name: String,
    session_id: Option<String>,
    transcript_path: Option<String>,
    tool_name: Option<String>,
    tool_use_id: Option<String>,
    #[serde(borrow)]
    tool_input: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_response: Option<&'a RawValue>,
    /// A text; in another shape it is taken as it stands.
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    is_interrupt: Option<bool>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    agent_id: Option<String>,
    agent_type: Option<String>,
    model: Option<String>,
}

/// Reads one event of either.
pub(super) fn read<'a>(channel: &str, text: &'a str) -> Result<Noted<'a>, Unreadable> {
    let said: Said<'a> = parse(text)?;
    let mut noted = match &said.tool_name {
        Some(tool) => of_tool(channel, tool, &said),
        // Sessions, sub-agents, and whatever else the hook was asked to hear: the event is its own tool.
        None => Noted { input: Some(text), ..Noted::new(channel, &said.hook_event_name, Decision::Allowed) },
    };
    noted.session_id = said.session_id.unwrap_or_default();
    noted.agent_id = said.agent_id.unwrap_or_default();
    noted.agent_type = said.agent_type.unwrap_or_default();
    noted.capture_method = "hook".to_owned();
    if let Some(model) = said.model {
        noted.model = model;
    }
    let called = said.transcript_path.zip(said.tool_use_id.as_deref());
    if let Some(called) = called.and_then(|(path, id)| transcript::called(Path::new(&path), id)) {
        noted.capture_method = "transcript".to_owned();
        noted.model = called.model;
        noted.usage = called.usage;
    }
    noted.correlation_id = said.tool_use_id.unwrap_or_default();
    Ok(noted)
}

fn of_tool<'a>(channel: &str, tool: &str, said: &Said<'a>) -> Noted<'a> {
    let decision = match said.hook_event_name.as_str() {
        "PreToolUse" | "PermissionRequest" => Decision::Pending,
        "PermissionDenied" => Decision::Denied,
        _ => Decision::Allowed,
    };
    let error = match said.hook_event_name.as_str() {
        "PostToolUseFailure" => {
            let interrupted = said.is_interrupt == Some(true);
            let otherwise = if interrupted { "interrupted" } else { "the tool failed" };
            said.error.map(words).filter(|words| !words.is_empty()).unwrap_or_else(|| otherwise.to_owned())
        }
        "PermissionDenied" => said.reason.or(said.error).map(words).unwrap_or_default(),
        _ => said.tool_response.map(|response| failure_of(response.get())).unwrap_or_default(),
    };
    let meaning = meaning(tool, said.tool_input);
    Noted {
        server: meaning.server,
        action_type: meaning.action_type.to_owned(),
        target: meaning.target,
        input: said.tool_input.map(RawValue::get),
        output: said.tool_response.map(RawValue::get),
        error,
        ..Noted::new(channel, &meaning.name, decision)
    }
}

fn words(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}
