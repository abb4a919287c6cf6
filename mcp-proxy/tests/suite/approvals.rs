//! Calls that wait for somebody.

use serde_json::json;

use crate::policy::by;
use crate::wrapped::ruling;

const PAUSE: &str =
    "rules: [{name: ask, description: ask first, enabled: true, tool_pattern: 'put*', action: pause}]\n";

fn asking(answer: &str) -> Vec<String> {
    vec!["--approval-command".into(), format!("/bin/echo {answer}")]
}

#[test]
fn an_approved_call_goes_on_and_the_decision_is_a_receipt() {
    let args = asking("approve");
    let mut wrapped = by(PAUSE, &args.iter().map(String::as_str).collect::<Vec<_>>());
    wrapped.call(1, "put_x", json!({"a": 1}));
    assert_eq!(wrapped.hear()["result"]["echo"]["arguments"], json!({"a": 1}));
    let over = wrapped.over();
    let [pending, last] = over.of("put_x")[..] else { panic!("{:#?}", over.frames) };
    assert_eq!((&pending["decision"], &last["decision"]), (&json!("pending"), &json!("allowed")));
    let [approval] = over.of("approval")[..] else { panic!("{:#?}", over.frames) };
    assert_eq!(
        (&approval["action_type"], &approval["decision"]),
        (&json!("mcp.approval.granted"), &json!("allowed"))
    );
    assert_eq!(approval["correlation_id"], pending["correlation_id"]);
    assert_eq!(ruling(approval)["approver"]["by"], "command");
    assert!(
        approval["input"]["approval_id"].is_string() && approval["input"]["arguments_sha256"].is_string()
    );
}

#[test]
fn a_denied_call_never_reaches_the_server() {
    let args = asking("deny");
    let mut wrapped = by(PAUSE, &args.iter().map(String::as_str).collect::<Vec<_>>());
    wrapped.call(1, "put_x", json!({}));
    let answer = wrapped.hear();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32002)));
    let data = &answer["error"]["data"];
    assert_eq!(
        (&data["status"], &data["tool_name"], &data["rule_name"]),
        (&json!("denied"), &json!("put_x"), &json!("ask"))
    );
    assert_eq!(data["approval_timeout_ms"], 60_000);
    let over = wrapped.over();
    assert_eq!(over.reached, "");
    assert_eq!(over.of("put_x")[1]["decision"], "denied");
    assert_eq!(over.of("approval")[0]["action_type"], "mcp.approval.denied");
}

/// What a call answers of an earlier round is given when the call goes on, and not before somebody has approved it.
#[test]
fn what_a_waiting_call_answers_is_recorded_when_it_goes_on() {
    for (answer, recorded) in [("deny", 0), ("approve", 1)] {
        let args = asking(answer);
        let mut wrapped = by(PAUSE, &args.iter().map(String::as_str).collect::<Vec<_>>());
        wrapped.say(
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"put_x","inputResponses":{"q":{"action":"accept"}}}}"#,
        );
        wrapped.hear();
        let over = wrapped.over();
        assert_eq!(over.of("unasked").len(), recorded, "{answer}: {:#?}", over.summary());
        let order: Vec<_> = over.summary().into_iter().map(|(tool, ..)| tool).take(3).collect();
        assert!(recorded == 0 || order == ["put_x", "approval", "unasked"], "{order:?}");
    }
}

#[test]
fn nobody_to_ask_and_nobody_in_time() {
    for (args, code, status) in [
        (&["--approvals", "off"][..], -32003, "no_approver"),
        (&["--approval-timeout", "0"], -32002, "timed_out"),
    ] {
        let mut wrapped = by(PAUSE, args);
        wrapped.call(1, "put_x", json!({}));
        let answer = wrapped.hear();
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["data"]["status"]),
            (&json!(code), &json!(status))
        );
        let over = wrapped.over();
        assert_eq!(over.reached, "");
        assert_eq!(ruling(over.of("approval")[0])["approver"]["by"], "nobody");
    }
}

#[test]
fn a_call_that_waits_holds_up_no_other() {
    let mut wrapped = by(PAUSE, &[]);
    wrapped.call(1, "put_x", json!({}));
    for id in 2..20 {
        wrapped.call(id, "read", json!({}));
        assert_eq!(wrapped.hear()["id"], id);
    }
    // Its id is taken meanwhile, and the server never hears that it was taken back.
    wrapped.call(1, "read", json!({}));
    assert_eq!(wrapped.hear()["id"], json!(null));
    wrapped.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    wrapped
        .daemon
        .as_ref()
        .unwrap()
        .wait("a withdrawal", |frame| frame["action_type"] == "mcp.approval.withdrawn");
    let over = wrapped.over();
    assert!(!over.reached.contains("put_x") && !over.reached.contains("cancelled"));
    assert_eq!(over.of("put_x")[1]["decision"], "denied");
    assert!(over.unheard.is_empty(), "what was taken back is not answered");
}

#[test]
fn what_waits_when_the_client_leaves_is_denied() {
    let mut wrapped = by(PAUSE, &[]);
    wrapped.call(1, "put_x", json!({}));
    wrapped.daemon.as_ref().unwrap().wait("the call", |frame| frame["tool"]["name"] == "put_x");
    let over = wrapped.over();
    assert_eq!(over.reached, "");
    assert_eq!(over.of("put_x")[1]["decision"], "denied");
    assert_eq!(over.of("approval")[0]["action_type"], "mcp.approval.withdrawn");
}
