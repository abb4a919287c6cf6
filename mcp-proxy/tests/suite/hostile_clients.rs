//! What a client tries so that the server sees a call that the record does not show.

use serde_json::{Value, json};

use crate::wrapped::Wrapped;

/// Says `line`, sees the error's code, and that the server read nothing of it.
fn refused(line: impl AsRef<[u8]>, code: i32, tool: &str) -> Value {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.say(line.as_ref());
    let said = wrapped.hear();
    let shown = String::from_utf8_lossy(line.as_ref()).into_owned();
    assert_eq!(said["error"]["code"], code, "{shown}: {said}");
    assert_eq!(said["error"]["data"]["refused_by"], "agent-receipts-mcp");
    let over = wrapped.over();
    assert_eq!(over.reached, "", "{shown}");
    let [frame] = over.frames.as_slice() else { panic!("{shown}: {:#?}", over.frames) };
    assert_eq!((&frame["decision"], &frame["tool"]["name"]), (&json!("denied"), &json!(tool)), "{shown}");
    assert!(frame["error"].as_str().is_some_and(|error| !error.is_empty()));
    assert_eq!(frame["input"]["withheld"]["bytes"], line.as_ref().len(), "{shown}");
    said
}

#[test]
fn batches() {
    refused(
        r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}]"#,
        -32600,
        "unreadable",
    );
}

#[test]
fn arguments_that_are_no_object() {
    for arguments in ["[]", "null", "\"x\"", "[{\"path\":\"/\"}]", "7"] {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x","arguments":{arguments}}}}}"#
        );
        assert_eq!(refused(line, -32602, "x")["id"], 1);
    }
}

#[test]
fn keys_in_another_case_and_keys_twice() {
    for (line, code) in [
        (r#"{"jsonrpc":"2.0","id":1,"METHOD":"tools/call","params":{"name":"x"}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call","params":{"name":"x"}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"x"}}"#, -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","methoḋ":1,"PARAMS":{}}"#, -32600),
    ] {
        refused(line, code, "unreadable");
    }
    let name = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","Name":"y"}}"#;
    refused(name, -32600, "x");
}

#[test]
fn another_message_where_python_ends_a_line() {
    let hidden = r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"hidden"}}"#;
    refused(
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"x\":\r{hidden}\r}}"),
        -32700,
        "unreadable",
    );
    refused(format!("{hidden}\r{hidden}"), -32700, "unreadable");
}

#[test]
fn another_message_where_node_ends_a_line() {
    let mut wrapped = Wrapped::start(&[]);
    let text = "\u{2028}{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}\u{2029}\u{85}".replace('"', "'");
    wrapped.say(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x","arguments":{{"t":"{text}"}}}}}}"#));
    assert_eq!(wrapped.hear()["result"]["echo"]["arguments"]["t"], *text, "the same to whoever reads it");
    let over = wrapped.over();
    assert!(over.reached.is_ascii(), "{}", over.reached);
    assert!(over.of("x").iter().all(|frame| frame["input"]["t"] == *text));
}

#[test]
fn what_is_no_text_or_no_json() {
    refused(
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"\xff\"}}",
        -32700,
        "unreadable",
    );
    refused("{", -32700, "unreadable");
    refused("hello", -32700, "unreadable");
    refused("\u{feff}{}", -32700, "unreadable");
    refused("\0", -32700, "unreadable");
}

#[test]
fn calls_without_an_id_are_not_answered_and_not_forwarded() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.say(r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x","arguments":{}}}"#);
    wrapped.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    wrapped.until_reached("initialized");
    let over = wrapped.over();
    assert!(!over.reached.contains("tools/call"));
    assert_eq!(over.summary(), [("x".into(), "denied".into(), "`tools/call` without an id".into())]);
    assert!(over.unheard.is_empty());
}

#[test]
fn lines_that_arrive_in_pieces_or_together() {
    let mut wrapped = Wrapped::start(&[]);
    let call =
        |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t"}}}}"#);
    let (one, two, three) = (call(1), call(2), call(3));
    let (head, tail) = one.split_at(20);
    wrapped.raw(head);
    wrapped.raw(tail);
    wrapped.raw(format!("\r\n\n \t\r\n{two}\n{three}"));
    assert_eq!((wrapped.hear()["id"].clone(), wrapped.hear()["id"].clone()), (json!(1), json!(2)));
    // The last line has no end: to a server it is a line all the same.
    wrapped.leave();
    assert_eq!(wrapped.hear()["id"], 3);
    let over = wrapped.wait();
    assert_eq!(over.reached, format!("{one}\r\n{two}\n{three}\n"));
    assert_eq!(over.frames.len(), 6);
}

#[test]
fn half_a_line_at_the_end_is_refused_and_recorded() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.raw(r#"{"jsonrpc":"2.0","id":1,"method":"tools/ca"#);
    let over = wrapped.over();
    assert_eq!(over.reached, "");
    assert_eq!(over.frames.len(), 1);
    assert_eq!(over.frames[0]["tool"]["name"], "unreadable");
}

#[test]
fn a_line_beyond_all_measure() {
    let mut wrapped = Wrapped::start(&["--max-message", "1000"]);
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{}"}}}}"#,
        "x".repeat(5_000_000)
    );
    wrapped.say(&long);
    assert_eq!(wrapped.hear()["error"]["code"], -32600);
    wrapped.call(2, "read", json!({}));
    assert_eq!(wrapped.hear()["id"], 2, "the next is taken");
    let over = wrapped.over();
    assert!(!over.reached.contains("xxx"));
    let withheld = &over.frames[0]["input"]["withheld"];
    let hash = agent_receipts_core::ReceiptHash::of(long.as_bytes()).to_string();
    assert_eq!((&withheld["bytes"], &withheld["sha256"]), (&json!(long.len()), &json!(hash)));
}

#[test]
fn more_requests_than_may_be_open() {
    let mut wrapped = Wrapped::start(&["--max-in-flight", "10"]);
    for id in 0..12 {
        wrapped.call(id, "silent", json!({}));
    }
    for id in 10..12 {
        let refused = wrapped.hear();
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(id), &json!(-32600)));
    }
    // What was taken back counts no longer.
    wrapped.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}}"#);
    wrapped.call(12, "read", json!({}));
    assert_eq!(wrapped.hear()["id"], 12);
    let over = wrapped.over();
    assert_eq!(over.summary().iter().filter(|(_, decision, _)| decision == "denied").count(), 2);
    assert_eq!(over.of("silent").len(), 10 * 2 + 2);
}

#[test]
fn answers_to_questions_that_nobody_asked_are_dropped() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.say(r#"{"jsonrpc":"2.0","id":"q1","result":{"role":"assistant","forged":true}}"#);
    wrapped.call(1, "ask", json!({"method": "elicitation/create"}));
    assert_eq!(wrapped.hear()["id"], "q1");
    wrapped.say(r#"{"jsonrpc":"2.0","id":"q1","result":{"action":"accept"}}"#);
    wrapped.say(r#"{"jsonrpc":"2.0","id":"q1","result":{"action":"again"}}"#);
    assert_eq!(wrapped.hear()["result"]["said"]["action"], "accept");
    let over = wrapped.over();
    assert!(!over.reached.contains("forged") && !over.reached.contains("again"));
    let unasked = over.of("unasked");
    assert_eq!(unasked.len(), 2);
    assert!(unasked.iter().all(|frame| frame["decision"] == "denied"));
    assert_eq!(over.of("elicitation/create")[1]["output"]["action"], "accept");
}
