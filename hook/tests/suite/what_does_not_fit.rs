//! What the protocol has no room for is cut or digested, and never lost.

use agent_receipts_ipc::{Event, MAX_FRAME, MAX_RESOURCE, MAX_TEXT};
use serde_json::json;

use crate::receiver::Receiver;

#[test]
fn payloads_above_the_frame_are_sent_as_digests() {
    let long = "x".repeat(3 * MAX_FRAME);
    let said = json!({"hook_event_name": "PostToolUse", "session_id": "s", "tool_name": "Read",
        "tool_input": {"file_path": "/f"}, "tool_response": {"content": long}});
    let (output, frame) = Receiver::new().hook(&["--strict"], said.to_string().as_bytes());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(frame["input"], said["tool_input"]);
    let withheld = &frame["output"]["withheld"];
    assert_eq!(withheld["bytes"], said["tool_response"].to_string().len());
    assert!(withheld["sha256"].as_str().is_some_and(|hash| hash.len() == 71));
    assert!(withheld["canonical"].is_string());
}

#[test]
fn every_text_at_once_may_be_too_long() {
    let long = "\u{1}".repeat(200_000);
    let said = json!({"tool": long, "server": long, "channel": long, "session_id": long, "error": long, "action_type": long,
        "target": {"system": long, "resource": long}, "agent_id": format!("a/{long}"), "agent_type": long, "model": long,
        "correlation_id": long, "idempotency_key": long, "issuer_name": long, "issuer_model": long, "operator_id": long,
        "operator_name": long, "usage": [long], "input": "x".repeat(500_000), "output": "y".repeat(500_000)});
    let (output, frame) = Receiver::new().hook(&["--strict"], said.to_string().as_bytes());
    assert!(output.status.success(), "{output:?}");
    let event = Event::decode(frame.to_string().as_bytes()).unwrap();
    let lengths =
        [&event.agent_id, &event.model, &event.correlation_id, &event.issuer_name, &event.target_system];
    assert!(lengths.iter().all(|text| text.as_ref().is_some_and(|text| text.len() <= MAX_TEXT)));
    assert!(event.target_resource.is_some_and(|text| text.len() <= MAX_RESOURCE));
}

#[test]
fn what_is_beyond_all_measure_is_not_read_and_recorded_as_that() {
    let endless = vec![b' '; (64 << 20) + 2];
    let (output, frame) = Receiver::new().hook(&["--strict"], &endless);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("more than"), "{output:?}");
    assert_eq!(frame["tool"]["name"], "unreadable");
    assert!(frame["error"].as_str().is_some_and(|error| error.contains("more than")), "{frame}");
}
