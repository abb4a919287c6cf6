//! What a client may say, and what it may not.

use super::*;

fn message(text: &str) -> Message {
    decode(text.as_bytes()).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}")).message
}

fn refusal(text: impl AsRef<[u8]>) -> Refusal {
    match decode(text.as_ref()) {
        Err(refusal) => *refusal,
        Ok(decoded) => panic!("{}: {decoded:?}", String::from_utf8_lossy(text.as_ref())),
    }
}

fn call(params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
}

#[test]
fn a_call_is_read_with_the_bytes_of_its_arguments() {
    let text = call(
        r#"{"name":"t\u0065st","arguments": { "b":1.50 ,"a":9007199254740993},"_meta":{"claudecode/toolUseId":"u1"}}"#,
    );
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.bytes, text.as_bytes());
    let Message::Call(id, call) = decoded.message else { panic!() };
    assert_eq!((id.as_json(), call.name.as_str()), ("1", "test"));
    assert_eq!(call.text.as_deref(), Some(r#"{ "b":1.50 ,"a":9007199254740993}"#));
    assert!(call.arguments.is_some_and(|arguments| arguments.as_object().is_some_and(|o| o.len() == 2)));
    assert_eq!(call.correlation_id.as_deref(), Some("u1"));
}

#[test]
fn arguments_may_be_absent_and_nothing_else_than_an_object() {
    let Message::Call(_, none) = message(&call(r#"{"name":"t"}"#)) else { panic!() };
    assert_eq!((none.arguments, none.text), (None, None));
    for other in ["null", "[]", "[{}]", "\"{}\"", "1", "true"] {
        let refusal = refusal(call(&format!(r#"{{"name":"t","arguments":{other}}}"#)));
        assert!(matches!(refusal.fault, MessageFault::Arguments { .. }), "{other}: {refusal:?}");
        assert_eq!((refusal.fault.code(), refusal.id.unwrap().as_json()), (-32602, "1"));
        assert_eq!(refusal.tool.as_deref(), Some("t"));
    }
}

#[test]
fn what_two_readers_take_for_two_things_is_refused() {
    for (text, code) in [
        // Duplicates, wherever they stand.
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#.to_owned(), -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call"}"#.into(), -32700),
        (call(r#"{"name":"a","name":"b"}"#), -32700),
        (call(r#"{"name":"a","arguments":{"x":{"y":1,"y":2}}}"#), -32700),
        // Another case, and what folds to it.
        (r#"{"jsonrpc":"2.0","id":1,"METHOD":"tools/call","params":{"name":"a"}}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method\u0000":"tools/call"}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"ID":2,"method":"ping"}"#.into(), -32600),
        (call(r#"{"name":"a","Name":"b"}"#), -32600),
        (call(r#"{"NAME":"b"}"#), -32600),
        (call(r#"{"name":"a","argumentſ":{}}"#), -32600),
        (call("{\"name\":\"a\",\"tas\u{212a}\":{}}"), -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a","URI":"b"}}"#.into(),
            -32600,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"a"}}"#.into(), -32601),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call\u0000","params":{"name":"a"}}"#.into(), -32600),
        // What JavaScript reads all other members from, once the object is copied by `Object.assign`.
        (call(r#"{"name":"a","__proto__":{"arguments":{"path":"/"}}}"#), -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"__proto__":{"params":{"name":"a"}},"method":"tools/call"}"#.into(),
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"\u005f_proto__":{"uri":"b"}}}"#
                .into(),
            -32600,
        ),
        // Both or neither.
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","result":{}}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#.into(), -32600),
        ("{}".into(), -32600),
        // Versions.
        (r#"{"id":1,"method":"ping"}"#.into(), -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#.into(), -32600),
        (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#.into(), -32600),
        // Batches, and what is no object.
        (format!("[{}]", call(r#"{"name":"a"}"#)), -32600),
        ("[]".into(), -32600),
        ("7".into(), -32600),
        ("null".into(), -32600),
        // Ids.
        (r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"a"}}"#.into(), -32602 + 2),
        (r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1e0,"method":"ping"}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":-0,"method":"ping"}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}"#.into(), -32600),
        // Methods and names.
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":null}"#.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#.into(), -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[{"name":"a"}]}"#.into(), -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":null}"#.into(), -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":"x"}"#.into(), -32602),
        (call(r#"{"name":""}"#), -32602),
        (call(r#"{"name":7}"#), -32602),
        (call(r#"{"name":"a\u0000b"}"#), -32602),
        (call(&format!(r#"{{"name":"{}"}}"#, "x".repeat(MAX_NAME + 1))), -32602),
        (call("{}"), -32602),
        // What is no JSON to one of them.
        (String::new(), -32700),
        ("{".into(), -32700),
        ("\u{feff}{}".into(), -32700),
        (call(r#"{"name":"\ud800"}"#), -32700),
        (call(r#"{"name":"a","arguments":{"x":1e400}}"#), -32700),
        (call(r#"{"name":"a",}"#), -32700),
        (format!("{}{}", call("{}"), call("{}")), -32700),
        (format!("{} x", call("{}")), -32700),
        ("[".repeat(1_000_000), -32700),
    ] {
        let refusal = refusal(&text);
        assert_eq!(refusal.fault.code(), code, "{}: {refusal:?}", text.chars().take(120).collect::<String>());
        assert!(refusal.is_answered || refusal.id.is_none() || text.contains("result"), "{text}");
    }
    assert_eq!(refusal(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}").fault.code(), -32700);
}

#[test]
fn another_message_behind_a_carriage_return_is_refused() {
    let inner = call(r#"{"name":"hidden"}"#);
    let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\",\"x\":\r{inner}\r}}");
    assert_eq!(refusal(text).fault, MessageFault::CarriageReturn);
    assert!(decode(format!("{inner}\r").as_bytes()).is_ok());
}

#[test]
fn separators_of_unicode_are_escaped_and_mean_the_same() {
    let text = call("{\"name\":\"a\",\"arguments\":{\"x\":\"1\u{2028}2\u{2029}3\u{85}4\"}}");
    let decoded = decode(text.as_bytes()).unwrap();
    assert!(String::from_utf8(decoded.bytes.clone()).unwrap().contains(r"1\u20282\u20293\u00854"));
    let Message::Call(_, call) = decoded.message else { panic!() };
    let x = call.arguments.as_ref().and_then(|a| a.as_object()?.get("x")?.as_str()).unwrap();
    assert_eq!(x, "1\u{2028}2\u{2029}3\u{85}4");
    assert!(call.text.unwrap().is_ascii());
}

#[test]
fn nobody_calls_without_an_id() {
    for method in ["tools/call", "resources/read", "prompts/get"] {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"name":"t"}}}}"#);
        let refusal = refusal(text);
        assert_eq!(refusal.fault, MessageFault::NoId { method: method.into() });
        assert!(!refusal.is_answered);
        assert_eq!(refusal.tool.is_some(), method == "tools/call");
    }
    let free = r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#;
    assert!(matches!(message(free), Message::Notification(_)));
}

#[test]
fn answers_are_never_answered() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1.5,"result":{}}"#,
        r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
        r#"{"jsonrpc":"2.0","result":{}}"#,
    ] {
        assert!(!refusal(text).is_answered, "{text}");
    }
    let Message::Reply(id, answer) = message(r#"{"jsonrpc":"2.0","id":"1","result":{ "a":1 }}"#) else {
        panic!()
    };
    assert_eq!(
        (id.unwrap().as_json(), answer.text.as_str(), answer.is_error),
        ("\"1\"", r#"{ "a":1 }"#, false)
    );
    let unknown = message(r#"{"jsonrpc":"2.0","id":null,"error":{"code":1}}"#);
    assert!(matches!(unknown, Message::Reply(None, Reply { is_error: true, .. })));
}

#[test]
fn unknown_members_and_methods_pass() {
    let text =
        r#"{"jsonrpc":"2.0","id":"x","method":"future/thing","params":[1],"extra":{"Name":1,"name":2}}"#;
    assert!(matches!(message(text), Message::Request(..)));
    let arguments = call(r#"{"name":"t","arguments":{"Name":1,"name":2,"METHOD":3}}"#);
    assert!(matches!(message(&arguments), Message::Call(..)));
}

#[test]
fn taking_back_needs_a_request() {
    let cancel = |id: &str| {
        message(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":"r"}}}}"#
        ))
    };
    assert!(matches!(cancel("7"), Message::Cancelled(id) if id.as_json() == "7"));
    assert!(matches!(cancel("7.0"), Message::Notification(_)));
    assert!(matches!(cancel("null"), Message::Notification(_)));
}

#[test]
fn what_a_request_is_about_is_told() {
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{ "uri":"file:///x" }}"#;
    let Message::Request(_, request) = message(text) else { panic!() };
    assert_eq!(request.subject.as_deref(), Some("file:///x"));
    assert_eq!(request.params.as_deref(), Some(r#"{ "uri":"file:///x" }"#));
}

#[test]
fn no_error_repeats_what_may_be_secret_or_ends_a_line() {
    let text =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","ID\u0000\n\u001b{}":1}}"#, "x".repeat(9999));
    let said = refusal(text).fault.to_string();
    assert!(said.len() < 200 && !said.contains(['\n', '\u{1b}', '\0']), "{said:?}");
}
