//! Event frames: names that stand twice are refused where the daemon looks, and allowed inside payloads.

use agent_receipts_core::json::{JsonError, Rules, parse};

#[test]
fn a_name_that_stands_twice_in_the_frame_or_its_tool_is_refused() {
    for (text, name) in [
        (r#"{"decision":"allowed","decision":"denied"}"#, "decision"),
        (r#"{"decision":"allowed","d\u0065cision":"allowed"}"#, "decision"),
        (r#"{"tool":{"name":"a"},"tool":{"name":"b"}}"#, "tool"),
        (r#"{"tool":{"name":"a","name":"b"}}"#, "name"),
        (r#"{"v":"1","input":{"a":1,"a":2},"input":{}}"#, "input"),
        (r#"{"unknown":1,"unknown":1}"#, "unknown"),
    ] {
        let error = JsonError::DuplicateMember { name: name.to_owned() };
        assert_eq!(parse(text.as_bytes(), Rules::Frame), Err(error), "{text}");
        assert!(parse(text.as_bytes(), Rules::Payload).is_ok(), "{text}");
    }
}

#[test]
fn inside_a_payload_the_last_of_equal_names_wins() {
    for (text, expected) in [
        (r#"{"input":{"a":1,"a":2}}"#, r#"{"input":{"a":2}}"#),
        (r#"{"input":{"tool":{"a":1,"a":2}}}"#, r#"{"input":{"tool":{"a":2}}}"#),
        (r#"{"tool":{"extra":{"a":1,"a":2}}}"#, r#"{"tool":{"extra":{"a":2}}}"#),
        (r#"{"output":[{"a":1,"a":2}]}"#, r#"{"output":[{"a":2}]}"#),
        (
            "{\"error\":\"\u{fffd}\",\"output\":\"\\ud800\"}",
            "{\"error\":\"\u{fffd}\",\"output\":\"\u{fffd}\"}",
        ),
    ] {
        assert_eq!(parse(text.as_bytes(), Rules::Frame).unwrap().to_string(), expected, "{text}");
        assert!(parse(text.as_bytes(), Rules::Receipt).is_err(), "{text}");
    }
}

/// Names are exact: what the reference would take for `decision` is another member here.
#[test]
fn names_that_differ_in_case_are_different_names() {
    let frame = parse(br#"{"decision":"allowed","DECISION":"denied"}"#, Rules::Frame).unwrap();
    assert_eq!(frame.as_object().unwrap().get("decision").unwrap().as_str(), Some("allowed"));
}

/// An error ends in a log: a name of somebody's choice must not fill it or break its lines.
#[test]
fn an_error_repeats_little_of_a_hostile_name() {
    let name = format!("a\\n{}", "b".repeat(100_000));
    let error =
        parse(format!("{{\"{name}\":1,\"{name}\":2}}").as_bytes(), Rules::Frame).unwrap_err().to_string();
    assert!(error.len() < 120, "{} bytes", error.len());
    assert!(!error.contains('\n'), "{error}");
}
