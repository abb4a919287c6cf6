//! In front of a server elsewhere: clients over HTTP, on a port of this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::daemon::{Daemon, PATIENCE, socket_in};
use crate::remote;
use crate::remote_server::{Server, accepted, event, events, hung_up};
use crate::wrapped::Wrapped;

struct Listening {
    child: Child,
    address: SocketAddr,
    said: String,
    daemon: Daemon,
    _folder: tempfile::TempDir,
}

impl Listening {
    fn before(server: &Server, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let daemon = Daemon::start(&socket_in(folder.path()), false);
        let mut proxy = Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp"));
        proxy.env_clear().env("HOME", folder.path()).env("XDG_RUNTIME_DIR", folder.path());
        proxy.env("AGENTRECEIPTS_SOCKET", socket_in(folder.path()));
        proxy.args(["--name", "srv", "--patience", "60000", "--listen", "127.0.0.1:0", "--remote"]);
        proxy.arg(server.url() + "?key=s3cret").args(more);
        let mut child = proxy.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut line) = (String::new(), String::new());
        let address = loop {
            line.clear();
            assert!(errors.read_line(&mut line).unwrap() > 0, "{said}");
            said.push_str(&line);
            if let Some((address, _)) =
                line.split_once("http://").and_then(|(_, rest)| rest.split_once("/mcp stands"))
            {
                break address.parse().unwrap();
            }
        };
        // What it says later is not waited for, and must not stop it either.
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        Self { child, address, said, daemon, _folder: folder }
    }

    /// The status and the body of the answer to one message.
    fn post(&self, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let text = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
             {headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// A connection that has sent one message, and waits.
    fn begin(&self, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        stream
    }

    /// Tells it to end, and gives what was recorded.
    fn over(mut self) -> Vec<Value> {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        self.daemon.stop();
        self.daemon.frames()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn call(id: u32, tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"n":1.0}}}}}}"#
    )
}

fn of<'a>(frames: &'a [Value], tool: &str) -> Vec<&'a Value> {
    frames.iter().filter(|frame| frame["tool"]["name"] == tool).collect()
}

#[test]
fn calls_over_http_are_recorded_as_any_others() {
    let server = remote::server();
    let listening = Listening::before(&server, &[]);
    assert!(!listening.said.contains("s3cret"), "{}", listening.said);
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
    assert_eq!(listening.post("", initialize).0, 200);
    let (status, body) = listening.post("Mcp-Session-Id: s3ssion\r\n", &call(1, "read"));
    assert_eq!(
        (status, serde_json::from_str::<Value>(&body).unwrap()["result"]["text"].clone()),
        (200, json!("done"))
    );
    assert_eq!(server.wait_for(|seen| seen.what() == "tools/call").body, call(1, "read"));
    let frames = listening.over();
    let receipts = of(&frames, "read");
    assert_eq!((&receipts[0]["decision"], &receipts[1]["decision"]), (&json!("pending"), &json!("allowed")));
    assert_eq!(receipts[1]["output"], json!({"text": "done"}));
    let types = |kind: &str| frames.iter().filter(|frame| frame["action_type"] == kind).count();
    assert_eq!(
        (types("mcp.session.start"), types("mcp.session.end")),
        (2, 2),
        "the listener's and the client's"
    );
}

#[test]
fn many_clients_may_use_the_same_id_at_once() {
    let server = remote::server();
    let listening = Listening::before(&server, &[]);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let (status, body) = listening.post("", &call(1, "read"));
                assert!(status == 200 && body.contains("done"), "{status} {body}");
            });
        }
    });
    assert_eq!(of(&listening.over(), "read").len(), 32);
}

#[test]
fn a_budget_is_one_for_all_who_name_no_session_or_make_one_up() {
    let server = remote::server();
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let limits = "limits:\n  - name: few\n    tool_pattern: \"read\"\n    calls: 3\n    per: session\n    action: block\n";
    std::fs::write(&rules, format!("rules: []\n{limits}")).unwrap();
    let listening = Listening::before(&server, &["--rules", rules.to_str().unwrap()]);
    let passed = (0..8).filter(|n| {
        let session = if n % 2 == 0 { String::new() } else { format!("Mcp-Session-Id: made-up-{n}\r\n") };
        !listening.post(&session, &call(*n, "read")).1.contains("-32001")
    });
    assert_eq!(passed.count(), 3);
}

#[test]
fn a_header_that_lies_is_refused_and_recorded() {
    let server = remote::server();
    let listening = Listening::before(&server, &[]);
    let (status, body) =
        listening.post("Mcp-Method: tools/call\r\nMcp-Name: harmless\r\n", &call(1, "delete"));
    assert!(status == 400 && body.contains("-32020"), "{status} {body}");
    assert!(server.seen().is_empty());
    let frames = listening.over();
    let denied: Vec<_> = frames.iter().filter(|frame| frame["decision"] == "denied").collect();
    assert_eq!(denied.len(), 1);
    assert!(denied[0]["error"].as_str().unwrap().contains("`mcp-name` says something else"), "{denied:?}");
}

#[test]
fn two_proxies_at_once_have_a_port_each() {
    let server = remote::server();
    let (one, other) = (Listening::before(&server, &[]), Listening::before(&server, &[]));
    assert_ne!(one.address, other.address);
    for listening in [one, other] {
        assert_eq!(listening.post("", &call(1, "read")).0, 200);
        assert_eq!(of(&listening.over(), "read").len(), 2);
    }
}

#[test]
fn what_waits_for_the_server_is_closed_when_the_proxy_ends() {
    let server = remote::server();
    let listening = Listening::before(&server, &[]);
    let _stream = listening.begin("", &call(1, "slow"));
    server.wait_for(|seen| seen.body.contains("slow"));
    let frames = listening.over();
    let receipts = of(&frames, "slow");
    assert_eq!(receipts.len(), 2, "{receipts:?}");
    assert!(receipts[1]["error"].as_str().unwrap().contains("the proxy was stopped"), "{receipts:?}");
    assert_eq!(frames.last().unwrap()["action_type"], "mcp.session.end");
}

/// A file of rules by which somebody is asked before anything is read.
fn rules_that_ask(folder: &tempfile::TempDir) -> String {
    let rules = folder.path().join("rules.yaml");
    let ask =
        "rules:\n  - {name: ask, description: ask, enabled: true, tool_pattern: 'read', action: pause}\n";
    std::fs::write(&rules, ask).unwrap();
    rules.to_str().unwrap().to_owned()
}

#[test]
fn a_call_that_waits_for_somebody_is_withdrawn_when_its_client_hangs_up() {
    let server = remote::server();
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_that_ask(&folder);
    let listening = Listening::before(&server, &["--rules", &rules]);
    let stream = listening.begin("", &call(1, "read"));
    listening.daemon.wait("the call", |frame| frame["tool"]["name"] == "read");
    // Nobody waits for it: others go on.
    assert_eq!(listening.post("", &call(1, "other")).0, 200);
    drop(stream);
    listening.daemon.wait("its end", |frame| frame["action_type"] == "mcp.approval.withdrawn");
    assert!(server.seen().iter().all(|seen| !seen.body.contains("\"read\"")), "it never left");
}

#[test]
fn a_port_that_is_taken_is_said_with_the_mend_and_begins_no_session() {
    let server = remote::server();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let url = server.url();
    let over = Wrapped::before(&["--remote", &url, "--listen", &address], &[], |folder| {
        Some(Daemon::start(&socket_in(folder), false))
    });
    let over = over.wait();
    assert_eq!(over.status.code(), Some(1));
    assert!(over.errors.contains(&address) && over.errors.contains("port 0"), "{}", over.errors);
    assert_eq!(over.all, Vec::<Value>::new(), "what never began needs no end");
}

/// Sessions are for the server to offer. One that offers none may ask all the same, in the stream that answers a call.
#[test]
fn a_server_without_sessions_is_answered_what_it_asks() {
    let server = Server::new(|request, stream| match request.what().as_str() {
        "tools/call" => {
            events(stream);
            event(stream, r#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{}}"#);
            hung_up(stream);
            false
        }
        _ => accepted(stream),
    });
    let listening = Listening::before(&server, &[]);
    let mut stream = listening.begin("", &call(1, "ask"));
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("elicitation") {
        let mut piece = [0; 1024];
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "{heard:?}");
        heard.extend_from_slice(&piece[..length]);
    }
    let answer = r#"{"jsonrpc":"2.0","id":"q","result":{"action":"accept"}}"#;
    assert_eq!(listening.post("", answer).0, 202);
    assert_eq!(server.wait_for(|seen| seen.body.contains("accept")).body, answer);
    let frames = listening.over();
    let asked = of(&frames, "elicitation/create");
    assert_eq!((&asked[0]["decision"], &asked[0]["idempotency_key"]), (&json!("pending"), &json!("\"q\"")));
    let answered = of(&frames, "unasked");
    assert_eq!(answered.len(), 1, "{answered:?}");
    assert_eq!(
        (&answered[0]["decision"], &answered[0]["input"]),
        (&json!("allowed"), &json!({"action": "accept"}))
    );
}

/// A session outlives its connections: what was asked on one that is gone is not left open until the session's end.
#[test]
fn what_nobody_waits_for_any_more_is_closed_though_the_session_goes_on() {
    let server = remote::server();
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_that_ask(&folder);
    let listening = Listening::before(&server, &["--rules", &rules, "--max-in-flight", "2"]);
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
    assert_eq!(listening.post("", initialize).0, 200);
    let session = "Mcp-Session-Id: s3ssion\r\n";
    for id in 1..=3 {
        let key = id.to_string();
        let stream = listening.begin(session, &call(id, "slow"));
        server.wait_for(|seen| seen.body == call(id, "slow"));
        drop(stream);
        listening.daemon.wait("its end", |frame| {
            frame["idempotency_key"].as_str() == Some(&key)
                && frame["error"] == "no answer: the client hung up"
        });
    }
    let stream = listening.begin(session, &call(4, "read"));
    listening.daemon.wait("the call", |frame| frame["tool"]["name"] == "read");
    drop(stream);
    listening.daemon.wait("its end", |frame| frame["action_type"] == "mcp.approval.withdrawn");
    assert_eq!(listening.post(session, &call(1, "other")).0, 200, "the session goes on, and the id is free");
    let slow = of(&listening.over(), "slow").len();
    assert_eq!(slow, 6, "two receipts of each, and no more at the end");
}
