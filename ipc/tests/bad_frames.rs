//! Frames that must be refused, each in the folder named after its error class; and some that must not.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agent_receipts_ipc::{Event, EventFault};

/// Every class there is, with the phrase by which an operator finds it in the log.
const CLASSES: [(&str, &str); 12] = [
    ("bad_agent_id", "agent_id must not contain '/' or null bytes"),
    ("bad_drop_count", "drop_count"),
    ("bad_timestamp", "is not RFC3339/RFC3339Nano"),
    ("duplicate_key", "duplicate member"),
    ("field_too_long", "exceeds "),
    ("half_target", "target_system and target_resource must both be set or both absent"),
    ("malformed_json", "decode emitter frame: "),
    ("missing_field", "missing "),
    ("operator_name_alone", "operator_name set without operator_id"),
    ("unknown_decision", "(want allowed|denied|pending)"),
    ("unsupported_version", "(this daemon accepts `1`)"),
    ("wrong_type", "decode emitter frame: "),
];

#[test]
fn every_bad_frame_is_refused_for_its_own_reason() {
    let mut refused = 0;
    for (class, phrase) in CLASSES {
        for (file, body) in frames(class) {
            let error = Event::decode(&body).expect_err(&file);
            assert_eq!(error.fault.code(), class, "{file}: {error}");
            let text = error.to_string();
            assert!(text.contains(phrase), "{file}: {text}");
            assert!(
                text.len() < 400 && !text.contains(char::is_control),
                "{file}: unfit for a log: {text:?}"
            );
            refused += 1;
        }
    }
    assert!(refused >= 120, "only {refused} bad frames are left in the corpus");
}

#[test]
fn no_folder_of_the_corpus_goes_unread() {
    let mut folders: Vec<String> = std::fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let known: Vec<&str> = std::iter::once("accepted").chain(CLASSES.map(|(class, _)| class)).collect();
    assert_eq!(folders, known);
}

#[test]
fn frames_that_the_reference_takes_are_taken() {
    let accepted = frames("accepted");
    assert!(accepted.len() >= 20);
    for (file, body) in accepted {
        Event::decode(&body).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

#[test]
fn cut_anywhere_a_frame_is_refused() {
    for (file, body) in frames("accepted").into_iter().filter(|(_, body)| body.len() < 1000) {
        let end = body.trim_ascii_end().len();
        for cut in 0..end {
            assert!(Event::decode(&body[..cut]).is_err(), "{file} cut at {cut}");
        }
    }
}

#[test]
fn missing_fields_are_named_in_the_protocols_order() {
    // Each frame lacks everything from one field on; the first that is missing is named.
    let order = ["v", "session_id", "ts_emit", "channel", "tool.name", "decision"];
    let given = [
        r#""v":"1""#,
        r#""session_id":"s""#,
        r#""ts_emit":"2026-01-01T00:00:00Z""#,
        r#""channel":"c""#,
        r#""tool":{"name":"t"}"#,
    ];
    for (count, key) in order.into_iter().enumerate() {
        let body = format!("{{{}}}", given[..count].join(","));
        assert_eq!(Event::decode(body.as_bytes()).unwrap_err().fault, EventFault::Missing { key });
    }
}

#[test]
fn of_two_faults_the_protocols_first_is_named() {
    let long = "x".repeat(257);
    let start =
        r#"{"v":"1","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","channel":"c","tool":{"name":"t"}"#;
    // Each fault stands before those that follow it: the frame has them all, then one less each time.
    let faults: [(String, &str); 9] = [
        (r#""decision":"maybe""#.into(), "unknown decision `maybe`"),
        (r#""drop_count":-5"#.into(), "drop_count -5 is negative"),
        (format!(r#""issuer_name":"{long}""#), "issuer_name exceeds 256 bytes (got 257)"),
        (r#""operator_name":"n""#.into(), "operator_name set without operator_id"),
        (format!(r#""idempotency_key":"{long}""#), "idempotency_key exceeds 256 bytes (got 257)"),
        (r#""agent_id":"a/b""#.into(), "agent_id must not contain"),
        (format!(r#""agent_type":"{long}""#), "agent_type exceeds 256 bytes (got 257)"),
        (format!(r#""capture_method":"{long}""#), "capture_method exceeds 256 bytes (got 257)"),
        (r#""target_system":"s""#.into(), "must both be set or both absent"),
    ];
    for first in 0..faults.len() {
        let decision = if first == 0 { String::new() } else { r#","decision":"allowed""#.into() };
        let rest: Vec<&str> = faults[first..].iter().map(|(member, _)| member.as_str()).collect();
        let body = format!("{start}{decision},{}}}", rest.join(","));
        let text = Event::decode(body.as_bytes()).unwrap_err().to_string();
        assert!(text.contains(faults[first].1), "{text}");
    }
}

#[test]
fn a_refused_frame_still_says_whether_its_sender_waits() {
    let asked = |body: &str| Event::decode(body.as_bytes()).unwrap_err().ack_requested;
    assert!(asked(r#"{"ack":true}"#));
    assert!(asked(r#"{"ack":true,"v":2}"#));
    assert!(asked(r#"{"ack":true,"v":"1","v":"1"}"#));
    assert!(!asked(r#"{"ack":false}"#));
    assert!(!asked(r#"{"ack":null}"#));
    assert!(!asked(r#"{"ack":"true"}"#));
    assert!(!asked(r#"{"Ack":true}"#));
    assert!(!asked(r#"{"tool":{"ack":true}}"#));
    assert!(!asked(r#"[{"ack":true}]"#));
    assert!(!asked("{}"));
}

fn frames(class: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = corpus().join(class);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = format!("{class}/{}", path.file_name().unwrap().to_string_lossy());
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/frames")
}
