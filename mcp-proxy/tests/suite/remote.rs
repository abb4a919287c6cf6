//! In front of a server elsewhere: the client on standard input and output.

use std::io::Write;

use serde_json::{Value, json};

use crate::daemon::{Daemon, socket_in};
use crate::remote_server::{
    Seen, Server, accepted, event, events, hung_up, json as answer, not_offered, reply, result,
};
use crate::wrapped::{Over, Wrapped, ruling};

/// A server that answers what is not `slow`.
pub(crate) fn server() -> Server {
    Server::new(|request, stream| match request.what().as_str() {
        "initialize" => {
            let head = "200 OK\r\nMcp-Session-Id: s3ssion";
            reply(stream, head, "application/json", &result(request, "initialized"))
        }
        "tools/call" if request.body.contains("slow") => {
            events(stream);
            hung_up(stream);
            false
        }
        "tools/call" if request.body.contains("breaks") => {
            events(stream);
            event(stream, r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#);
            let _ = stream.write_all(b"data: {\"jso");
            false
        }
        "GET" => not_offered(stream),
        "DELETE" => reply(stream, "204 No Content", "text/plain", ""),
        _ if request.json().get("id").is_none() => accepted(stream),
        _ => answer(stream, &result(request, "done")),
    })
}

fn before(server: &Server, more: &[&str]) -> Wrapped {
    let url = server.url();
    let args: Vec<&str> = ["--remote", &url].into_iter().chain(more.iter().copied()).collect();
    Wrapped::before(&args, &[], |folder| Some(Daemon::start(&socket_in(folder), false)))
}

fn initialize(wrapped: &mut Wrapped) {
    wrapped.say(r#"{"jsonrpc":"2.0","id":"init","method":"initialize","params":{}}"#);
    assert_eq!(wrapped.hear()["id"], "init");
    wrapped.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
}

fn calls(server: &Server) -> Vec<Seen> {
    server.seen().into_iter().filter(|seen| seen.what() == "tools/call").collect()
}

fn last<'a>(over: &'a Over, tool: &str) -> &'a Value {
    over.of(tool).last().copied().unwrap()
}

#[test]
fn a_call_is_recorded_before_it_is_sent_and_when_it_is_answered() {
    let server = server();
    let mut wrapped = before(&server, &[]);
    initialize(&mut wrapped);
    let text =
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","arguments":{"n":1.0}}}"#;
    wrapped.say(text);
    assert_eq!(wrapped.hear()["result"]["text"], "done");
    let over = wrapped.over();
    assert!(over.status.success(), "{over:?}", over = over.errors);
    assert_eq!(calls(&server)[0].body, text, "the very bytes");
    let receipts = over.of("read");
    assert_eq!(receipts.len(), 2, "{receipts:?}");
    assert_eq!((&receipts[0]["decision"], &receipts[1]["decision"]), (&json!("pending"), &json!("allowed")));
    assert_eq!(receipts[1]["output"], json!({"text": "done"}));
    assert_eq!(ruling(receipts[0])["action"], "pass");
    for receipt in receipts {
        assert_eq!((&receipt["input"], &receipt["idempotency_key"]), (&json!({"n": 1.0}), &json!("7")));
        assert_eq!(receipt["tool"]["server"], "srv");
    }
    let types: Vec<&Value> = over.all.iter().map(|frame| &frame["action_type"]).collect();
    assert_eq!((types[0], *types.last().unwrap()), (&json!("mcp.session.start"), &json!("mcp.session.end")));
}

#[test]
fn what_is_refused_or_blocked_never_leaves_this_machine() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    std::fs::write(
        &rules,
        "rules:\n  - name: none\n    enabled: true\n    tool_pattern: \"*delete*\"\n    action: block\n",
    )
    .unwrap();
    let mut wrapped = before(&server, &["--rules", rules.to_str().unwrap()]);
    wrapped.call(1, "delete_all", json!({}));
    assert_eq!(wrapped.hear()["error"]["code"], -32001);
    for hostile in [
        r#"[{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"x"}}]"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"x","name":"y"}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","Method":"ping","params":{"name":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"x","arguments":[]}}"#,
        "not json",
    ] {
        wrapped.say(hostile);
        assert!(wrapped.hear()["error"]["data"]["refused_by"] == "agent-receipts-mcp", "{hostile}");
    }
    let over = wrapped.over();
    assert!(server.seen().is_empty(), "{:?}", server.seen());
    let denied = over.frames.iter().filter(|frame| frame["decision"] == "denied").count();
    assert_eq!(denied, 7, "{:?}", over.summary());
}

#[test]
fn a_stream_that_breaks_closes_the_call() {
    let server = server();
    let mut wrapped = before(&server, &[]);
    initialize(&mut wrapped);
    wrapped.call(1, "breaks", json!({}));
    assert_eq!(wrapped.hear()["method"], "notifications/progress");
    assert_eq!(wrapped.hear()["error"]["code"], -32000);
    let over = wrapped.over();
    let closing = last(&over, "breaks");
    assert_eq!(closing["decision"], "allowed");
    assert!(
        closing["error"].as_str().unwrap().contains("the server's stream ended without an answer"),
        "{closing}"
    );
}

#[test]
fn a_client_that_leaves_in_the_middle_leaves_a_closed_record() {
    let server = server();
    let mut wrapped = before(&server, &[]);
    initialize(&mut wrapped);
    wrapped.call(1, "slow", json!({}));
    server.wait_for(|seen| seen.body.contains("slow"));
    let over = wrapped.over();
    assert!(over.status.success());
    assert_eq!(over.of("slow").len(), 2);
    assert_eq!(last(&over, "slow")["error"], "no answer: the client left");
}

#[test]
fn a_proxy_that_is_told_to_end_closes_what_is_open() {
    let server = server();
    let mut wrapped = before(&server, &[]);
    initialize(&mut wrapped);
    wrapped.call(1, "slow", json!({}));
    server.wait_for(|seen| seen.body.contains("slow"));
    let pid = rustix::process::Pid::from_raw(i32::try_from(wrapped.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let over = wrapped.wait();
    assert_eq!(over.of("slow").len(), 2, "{:?}", over.summary());
    assert!(last(&over, "slow")["error"].as_str().unwrap().contains("the proxy ended"));
}

#[test]
fn a_server_that_ends_the_session_ends_the_proxy() {
    let server = Server::new(|request, stream| match request.what().as_str() {
        "initialize" => {
            let head = "200 OK\r\nMcp-Session-Id: s3ssion";
            reply(stream, head, "application/json", &result(request, "initialized"))
        }
        "tools/call" => reply(stream, "404 Not Found", "text/plain", ""),
        "GET" => not_offered(stream),
        _ => accepted(stream),
    });
    let mut wrapped = before(&server, &[]);
    initialize(&mut wrapped);
    wrapped.call(1, "read", json!({}));
    assert_eq!(wrapped.hear()["error"]["message"], "the server has ended the session");
    let over = wrapped.wait();
    assert_eq!(over.status.code(), Some(1));
    assert!(last(&over, "read")["error"].as_str().unwrap().contains("ended the session"));
}

#[test]
fn nothing_goes_out_unrecorded_where_that_is_asked_for() {
    let server = server();
    let url = server.url();
    let mut wrapped = Wrapped::before(&["--strict", "--remote", &url], &[], |_| None);
    wrapped.call(1, "read", json!({}));
    assert_eq!(wrapped.hear()["error"]["code"], -32004);
    wrapped.over();
    assert!(server.seen().is_empty());
}

#[test]
fn what_cannot_be_used_is_said_and_nothing_is_started() {
    for (args, said) in [
        (&["--remote", "http://mcp.example.com/mcp"][..], "would show every call to the network"),
        (&["--remote", "https://me:s3cret@mcp.example.com/"], "no name and password in an address"),
        (&["--remote", "ftp://127.0.0.1/"], "by `https`, or by `http` on this machine"),
        (&["--remote", "http://127.0.0.1:1/", "--listen", "0.0.0.0:0"], "open to other machines"),
        (
            &["--remote", "http://127.0.0.1:1/", "--header-env", "Authorization=NOT_THERE"],
            "`NOT_THERE` is not set",
        ),
        (
            &["--remote", "http://127.0.0.1:1/", "--header-env", "Mcp-Session-Id=HOME"],
            "is the protocol's own",
        ),
        (
            &[
                "--remote",
                "http://127.0.0.1:1/",
                "--listen",
                "127.0.0.1:0",
                "--header-env",
                "Authorization=HOME",
            ],
            "lend the credential",
        ),
        (&["--listen", "127.0.0.1:0"], "--remote"),
    ] {
        let over = Wrapped::before(args, &[], |_| None).over();
        assert_eq!(over.status.code(), Some(2), "{args:?}: {}", over.errors);
        assert!(over.errors.contains(said), "{args:?}: {}", over.errors);
        assert!(!over.errors.contains("s3cret"), "{}", over.errors);
    }
}

#[test]
fn a_credential_goes_to_the_server_and_nowhere_else() {
    let server = server();
    // A variable that is set and that no other text has.
    let mut wrapped = before(&server, &["--header-env", "X-Api-Key=XDG_RUNTIME_DIR"]);
    let secret = wrapped.path("run").to_str().unwrap().to_owned();
    initialize(&mut wrapped);
    wrapped.call(1, "breaks", json!({}));
    wrapped.hear();
    let told = wrapped.hear().to_string();
    let over = wrapped.over();
    let brought = |seen: &Seen| seen.target == "/mcp" && seen.header("x-api-key") == Some(&secret);
    assert!(server.seen().iter().all(brought));
    let recorded = serde_json::to_string(&over.all).unwrap();
    for text in [told, recorded, over.errors] {
        assert!(!text.contains(&secret), "{text}");
    }
}
