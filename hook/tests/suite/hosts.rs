//! Every event of every host, as `inputs/` has it, with what must be sent for it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::receiver::Receiver;

/// What each event has of its own accord, and no test is about.
const ALWAYS: [&str; 2] = ["v", "ts_emit"];

fn held(name: &str, lines: &str) -> BTreeSet<String> {
    let receiver = Receiver::new();
    let mut events = BTreeSet::new();
    for line in lines.lines() {
        let case: Map<String, Value> = serde_json::from_str(line).unwrap();
        let said = case["said"].to_string();
        let (output, frame) = receiver.hook(&[], said.as_bytes());
        assert!(output.status.success() && output.stderr.is_empty(), "{name}: {said}: {output:?}");
        let mut frame = frame.as_object().unwrap().clone();
        ALWAYS.into_iter().for_each(|member| assert!(frame.remove(member).is_some()));
        let mut sent = case["sent"].as_object().unwrap().clone();
        if sent.get("input") == Some(&Value::from("<all>")) {
            sent.insert("input".into(), case["said"].clone());
        }
        assert_eq!(Value::from(frame), Value::from(sent), "{name}: {said}");
        events.insert(case["said"]["hook_event_name"].as_str().unwrap_or("-").to_owned());
    }
    events
}

#[test]
fn claude_code() {
    let events = held("claude-code", include_str!("inputs/claude-code.jsonl"));
    for event in [
        "PreToolUse",
        "PostToolUse",
        "PostToolUseFailure",
        "PermissionRequest",
        "PermissionDenied",
        "SubagentStart",
        "SubagentStop",
        "SessionStart",
        "SessionEnd",
        "UserPromptSubmit",
        "Notification",
        "Stop",
        "PreCompact",
    ] {
        assert!(events.contains(event), "no input for {event}");
    }
}

#[test]
fn codex() {
    let events = held("codex", include_str!("inputs/codex.jsonl"));
    for event in
        ["PreToolUse", "PostToolUse", "PermissionRequest", "SessionStart", "UserPromptSubmit", "Stop", "-"]
    {
        assert!(events.contains(event), "no input for {event}");
    }
}

#[test]
fn anybody_else() {
    assert_eq!(held("generic", include_str!("inputs/generic.jsonl")).len(), 1);
}

#[test]
fn codex_gives_the_end_of_a_turn_as_an_argument() {
    let said = r#"{"type":"agent-turn-complete","thread-id":"t1","turn-id":"u1"}"#;
    let (_, frame) = Receiver::new().hook(&[said], b"");
    assert_eq!((&frame["channel"], &frame["session_id"]), (&Value::from("codex"), &Value::from("t1")));
}

#[test]
fn the_model_and_what_it_used_come_from_the_transcript() {
    let receiver = Receiver::new();
    let transcript = receiver.socket().with_file_name("t.jsonl");
    let line = r#"{"message":{"model":"m1","usage":{"input_tokens":3},"content":[{"type":"tool_use","id":"toolu_1"}]}}"#;
    std::fs::write(&transcript, format!("{line}\n")).unwrap();
    let said = serde_json::json!({
        "hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Bash", "tool_input": {"command": "ls"},
        "tool_use_id": "toolu_1", "transcript_path": transcript,
    });
    let (_, frame) = receiver.hook(&[], said.to_string().as_bytes());
    assert_eq!((&frame["model"], &frame["capture_method"]), (&Value::from("m1"), &Value::from("transcript")));
    assert_eq!(frame["usage"], serde_json::json!({"input_tokens": 3}));
}
