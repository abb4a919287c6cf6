//! What of a frame arrives in an event.

#![allow(clippy::unwrap_used)]

use agent_receipts_core::Timestamp;
use agent_receipts_core::json;
use agent_receipts_ipc::{Decision, Event};

const LEAST: &str = r#"{"v":"1","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","channel":"sdk","tool":{"name":"t"},"decision":"allowed"}"#;

fn with(members: &str) -> Event {
    let body = format!("{},{members}}}", LEAST.strip_suffix('}').unwrap());
    Event::decode(body.as_bytes()).unwrap()
}

fn input_as_canonical(input: &str) -> String {
    let event = with(&format!(r#""input":{input}"#));
    String::from_utf8(json::canonical(&event.input.unwrap())).unwrap()
}

#[test]
fn the_least_event_has_nothing_else() {
    let event = Event::decode(LEAST.as_bytes()).unwrap();
    assert_eq!(event.ts_emit, Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    assert_eq!(
        (event.session_id.as_str(), event.channel.as_str(), event.tool_name.as_str()),
        ("s", "sdk", "t")
    );
    assert_eq!(
        (event.decision, event.drop_count, event.ack, event.unknown_keys),
        (Decision::Allowed, 0, false, 0)
    );
    let texts = [
        event.tool_server,
        event.action_type,
        event.error,
        event.issuer_name,
        event.issuer_model,
        event.operator_id,
        event.operator_name,
        event.idempotency_key,
        event.correlation_id,
        event.agent_id,
        event.agent_type,
        event.model,
        event.capture_method,
        event.target_system,
        event.target_resource,
    ];
    assert!(texts.iter().all(Option::is_none));
    assert!(event.input.is_none() && event.output.is_none() && event.usage.is_none());
}

#[test]
fn decisions_arrive() {
    for (word, decision) in
        [("allowed", Decision::Allowed), ("denied", Decision::Denied), ("pending", Decision::Pending)]
    {
        let body = LEAST.replace("allowed", word);
        assert_eq!(Event::decode(body.as_bytes()).unwrap().decision, decision);
        assert_eq!(decision.to_string(), word);
    }
}

#[test]
fn payloads_keep_null_apart_from_other_emptiness() {
    assert!(with(r#""input":null"#).input.is_none());
    for empty in ["false", "0", r#""""#, "[]", "{}", "[null]"] {
        assert_eq!(input_as_canonical(empty), empty);
    }
}

#[test]
fn payload_quirks_are_the_references() {
    assert_eq!(input_as_canonical(r#""\ud800""#), "\"\u{fffd}\"");
    assert_eq!(input_as_canonical(r#"{"a":1,"a":2}"#), r#"{"a":2}"#);
    assert_eq!(input_as_canonical("9007199254740993"), "9007199254740992");
    assert_eq!(input_as_canonical("1e-400"), "0");
    let mut raw = LEAST.strip_suffix('}').unwrap().as_bytes().to_vec();
    raw.extend_from_slice(b",\"input\":\"\xff\"}");
    assert_eq!(json::canonical(&Event::decode(&raw).unwrap().input.unwrap()), "\"\u{fffd}\"".as_bytes());
}

#[test]
fn a_deep_payload_neither_overflows_nor_is_refused() {
    let deep = format!("{}{}", "[".repeat(9_999), "]".repeat(9_999));
    assert_eq!(input_as_canonical(&deep), deep);
}

#[test]
fn unknown_keys_are_counted_and_change_nothing() {
    let event = with(r#""DECISION":"denied","V":"2","future":[{}],"ack":true"#);
    assert_eq!((event.unknown_keys, event.decision, event.ack), (3, Decision::Allowed, true));
    let body = LEAST.replace(r#"{"name":"t"}"#, r#"{"name":"t","Name":"u","version":1}"#);
    let event = Event::decode(body.as_bytes()).unwrap();
    assert_eq!((event.unknown_keys, event.tool_name.as_str()), (2, "t"));
}

#[test]
fn drop_counts_arrive_exactly() {
    for (literal, count) in
        [("0", 0), ("-0", 0), ("7", 7), ("9007199254740991", 9_007_199_254_740_991), ("null", 0)]
    {
        assert_eq!(with(&format!(r#""drop_count":{literal}"#)).drop_count, count, "{literal}");
    }
    // Not the count: one inside a payload, and one in another case.
    let event = with(r#""input":{"drop_count":1.5},"Drop_Count":2.5,"drop_count":3"#);
    assert_eq!(event.drop_count, 3);
}

#[test]
fn lengths_are_bytes_after_unescaping() {
    let event = with(&format!(r#""model":"{}","issuer_name":"{}""#, "\\u00e9".repeat(128), "é".repeat(128)));
    assert_eq!(event.model.map(|model| model.len()), Some(256));
    assert_eq!(event.issuer_name.map(|name| name.len()), Some(256));
}

#[test]
fn session_channel_tool_and_error_have_no_limit_of_their_own() {
    let long = "x".repeat(100_000);
    let body = LEAST
        .replace(r#""s""#, &format!("\"{long}\""))
        .replace(r#""t""#, &format!("\"{long}\""))
        .replace(r#""sdk""#, &format!("\"{long}\""));
    let event = Event::decode(body.as_bytes()).unwrap();
    assert_eq!([event.session_id.len(), event.tool_name.len(), event.channel.len()], [100_000; 3]);
}

#[test]
fn a_payload_is_not_printed() {
    let event =
        with(r#""input":{"password":"hunter2"},"output":"hunter2","error":"hunter2","usage":["hunter2"]"#);
    let printed = format!("{event:?}");
    assert!(printed.contains("session_id") && !printed.contains("hunter2"), "{printed}");
}
