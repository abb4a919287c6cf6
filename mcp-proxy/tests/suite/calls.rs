//! What a call leaves, and what both sides see of it.

use serde_json::{Value, json};

use crate::wrapped::{Wrapped, ruling};

#[test]
fn a_call_leaves_pending_before_and_its_result_after() {
    let mut wrapped = Wrapped::start(&[]);
    let line = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_file","arguments":{ "b":1.50 ,"a":"\u00e9"},"_meta":{"claudecode/toolUseId":"toolu_1"}}}"#;
    wrapped.say(line);
    assert_eq!(wrapped.hear()["result"]["echo"]["arguments"], json!({"a": "é", "b": 1.5}));
    let over = wrapped.over();
    assert!(over.status.success());
    assert_eq!(over.reached, format!("{line}\n"), "byte for byte");
    let [pending, last] = over.frames.as_slice() else { panic!("{:#?}", over.frames) };
    for frame in [pending, last] {
        assert_eq!(frame["channel"], "mcp");
        assert_eq!(frame["tool"], json!({"server": "srv", "name": "read_file"}));
        assert_eq!(frame["input"], json!({"a": "é", "b": 1.5}));
        assert_eq!((&frame["correlation_id"], &frame["idempotency_key"]), (&json!("toolu_1"), &json!("7")));
        let ruling = ruling(frame);
        assert_eq!((&ruling["action"], &ruling["operation"]), (&json!("pass"), &json!("read")));
        assert!(ruling["rules"].as_str().is_some_and(|rules| rules.starts_with("sha256:")), "{ruling}");
    }
    assert_eq!((&pending["decision"], pending.get("output")), (&json!("pending"), None));
    assert_eq!(last["decision"], "allowed");
    assert_eq!(last["output"]["echo"]["name"], "read_file");
    assert_eq!(last.get("error"), None);
}

#[test]
fn failures_are_failures() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "error", json!({}));
    assert_eq!(wrapped.hear()["error"]["message"], "no such file");
    wrapped.call(2, "fails", json!({}));
    assert_eq!(wrapped.hear()["result"]["isError"], true);
    let over = wrapped.over();
    let error = &over.of("error")[1];
    assert!(error["error"].as_str().is_some_and(|text| text.contains("no such file")), "{error}");
    let fails = &over.of("fails")[1];
    assert_eq!(
        (&fails["error"], &fails["output"]["isError"]),
        (&json!("the result says that the tool failed"), &json!(true))
    );
}

#[test]
fn ids_that_look_alike_are_two() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "silent", json!({"which": "number"}));
    wrapped.call("1", "silent", json!({"which": "text"}));
    wrapped.call(2, "read", json!({}));
    wrapped.hear();
    let over = wrapped.over();
    let keys: Vec<_> =
        over.of("silent").iter().map(|f| (f["idempotency_key"].clone(), f["input"].clone())).collect();
    let (number, text) = (json!({"which": "number"}), json!({"which": "text"}));
    assert_eq!(keys.len(), 4, "{keys:?}");
    assert!(
        keys.iter().all(|(key, input)| *input == if key == "1" { number.clone() } else { text.clone() }),
        "{keys:?}"
    );
}

#[test]
fn an_id_in_flight_is_not_used_again() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "silent", json!({"call": "first"}));
    wrapped.call(1, "read", json!({"call": "second"}));
    let refused = wrapped.hear();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&Value::Null, &json!(-32600)));
    assert_eq!(refused["error"]["data"]["refused_by"], "agent-receipts-mcp");
    // A request of another kind would have its answer taken for the call's.
    wrapped.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    assert_eq!(wrapped.hear()["id"], Value::Null);
    // And so would the refusal of what is not understood.
    wrapped.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":[]}}"#);
    assert_eq!(wrapped.hear()["id"], Value::Null);
    let over = wrapped.over();
    assert!(!over.reached.contains("second") && !over.reached.contains("tools/list"), "{}", over.reached);
    let denied: Vec<_> = over.summary().into_iter().filter(|(_, decision, _)| decision == "denied").collect();
    assert_eq!(denied.len(), 3, "{denied:?}");
}

#[test]
fn many_calls_at_once_each_have_their_own() {
    let mut wrapped = Wrapped::start(&[]);
    for id in 0..200 {
        wrapped.call(id, "read", json!({"n": id}));
    }
    for _ in 0..200 {
        let answer = wrapped.hear();
        assert_eq!(answer["id"], answer["result"]["echo"]["arguments"]["n"]);
    }
    let over = wrapped.over();
    assert_eq!(over.frames.len(), 400);
    for frame in over.frames.iter().filter(|frame| frame["decision"] == "allowed") {
        assert_eq!(frame["output"]["echo"]["arguments"], frame["input"]);
        assert_eq!(frame["idempotency_key"], frame["input"]["n"].to_string());
    }
}

#[test]
fn a_result_of_ten_megabytes_passes_and_is_recorded_by_its_digest() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "long", json!({"bytes": 10_000_000}));
    assert_eq!(wrapped.hear()["result"].as_str().unwrap().len(), 10_000_000);
    let over = wrapped.over();
    let withheld = &over.of("long")[1]["output"]["withheld"];
    assert_eq!(withheld["bytes"], 10_000_002);
    assert!(withheld["sha256"].is_string() && withheld["canonical"].is_string(), "{withheld}");
}

#[test]
fn arguments_of_two_megabytes_reach_the_server_and_are_recorded_by_their_digest() {
    let mut wrapped = Wrapped::start(&[]);
    let long = "x".repeat(2_000_000);
    wrapped.call(1, "silent", json!({"long": long}));
    wrapped.until_reached("silent");
    let over = wrapped.over();
    assert!(over.reached.contains(&long));
    assert!(over.of("silent").iter().all(|frame| frame["input"]["withheld"]["canonical"].is_string()));
}

#[test]
fn what_is_taken_back_is_closed_as_that_and_a_late_answer_is_recorded() {
    let mut wrapped = Wrapped::start(&[]);
    let cancel = |id: u32| {
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#)
    };
    wrapped.call(1, "silent", json!({}));
    wrapped.say(cancel(1));
    wrapped.call(2, "ask", json!({"method": "ping"}));
    wrapped.hear();
    wrapped.say(cancel(2));
    wrapped.say(r#"{"jsonrpc":"2.0","id":"q1","result":{}}"#);
    assert_eq!(wrapped.hear()["id"], 2, "late, and passed on");
    let over = wrapped.over();
    assert!(over.reached.contains("requestId"), "the server hears of it");
    assert_eq!(over.of("silent")[1]["error"], "no answer: the client took it back");
    assert_eq!(over.of("ask")[1]["output"], json!({"said": {}}));
}

#[test]
fn resources_prompts_and_what_the_server_asks_are_recorded_unless_only_tools_are_wanted() {
    for (args, recorded) in [(&[][..], true), (&["--record", "tools"], false)] {
        let mut wrapped = Wrapped::start(args);
        wrapped.say(r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///x"}}"#);
        wrapped.hear();
        wrapped.say(r#"{"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"p"}}"#);
        wrapped.hear();
        wrapped.say(r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#);
        wrapped.hear();
        wrapped.call(4, "ask", json!({"method": "sampling/createMessage"}));
        assert_eq!(wrapped.hear()["method"], "sampling/createMessage");
        wrapped.say(r#"{"jsonrpc":"2.0","id":"q1","result":{"role":"assistant"}}"#);
        wrapped.hear();
        let over = wrapped.over();
        let read = over.of("resources/read");
        assert_eq!(read.len(), if recorded { 2 } else { 0 });
        assert_eq!(over.of("prompts/get").len(), read.len());
        assert_eq!(over.of("tools/list").len(), 0);
        assert_eq!(over.of("ask").len(), 2);
        if recorded {
            assert_eq!(
                (&read[0]["target_system"], &read[0]["target_resource"]),
                (&json!("mcp"), &json!("file:///x"))
            );
            let sampling = over.of("sampling/createMessage");
            assert_eq!(
                (&sampling[0]["decision"], &sampling[0]["input"]),
                (&json!("pending"), &json!({"p": 1}))
            );
            assert_eq!(sampling[1]["output"]["role"], "assistant");
        }
    }
}

/// A target is not hashed, and some addresses hold what opens the door.
#[test]
fn no_secret_of_an_address_is_in_the_record() {
    let mut wrapped = Wrapped::start(&[]);
    let uri = "db://me:s3cret@h.example/t?key=s3cret";
    wrapped.say(
        json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}}).to_string(),
    );
    wrapped.hear();
    let over = wrapped.over();
    let read = over.of("resources/read");
    assert!(over.reached.contains(uri) && read[0]["input"]["uri"] == uri, "it is hashed as it is");
    assert_eq!((read[0]["target_resource"].as_str(), read.len()), (Some("db://h.example/t?…"), 2));
}

#[test]
fn sessions_begin_and_end_in_the_record_and_the_command_is_only_hashed() {
    let wrapped = Wrapped::start(&[]);
    let over = wrapped.over();
    let types: Vec<_> = over.all.iter().map(|frame| frame["action_type"].clone()).collect();
    assert_eq!(types, ["mcp.session.start", "mcp.session.end"]);
    let start = &over.all[0];
    assert_eq!(ruling(start)["server"], "srv");
    assert!(start["input"]["command"].is_array());
    assert!(!start["target_resource"].to_string().contains("exec"), "{start}");
    assert_eq!(over.all[1]["output"]["ended"], "the client left");
}
