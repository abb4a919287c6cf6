//! Calls of a client, through the proxy to a server, that wait for an operator in between.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver as Lines, channel};
use std::time::{Duration, Instant};

use agent_receipts_core::json::{Rules, Value, parse};

use crate::place::{Place, listed};
use crate::receiver::Receiver;

/// The proxy in front of a server that answers every line with its id.
struct Wrapped {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<String>,
}

impl Wrapped {
    fn new(place: &Place, receiver: &Receiver, name: &str) -> Self {
        let rules = place.folder.path().join("rules.yaml");
        let text = "rules:\n- {name: ask, description: ask first, enabled: true, tool_pattern: 'slow_*', action: pause}\n";
        std::fs::write(&rules, text).unwrap();
        let server = r#"while read -r line; do id=${line#*\"id\":}; id=${id%%,*};
            echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[]}}"; done"#;
        let mut command = Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("XDG_RUNTIME_DIR", place.folder.path());
        command.args(["--name", name, "--socket", receiver.socket(), "--rules"]).arg(rules);
        command.args(["--approval-timeout", "3600", "--", "/bin/sh", "-c", server]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { stdin: child.stdin.take(), child, lines }
    }

    fn call(&mut self, id: u32, tool: &str) {
        let params = format!(r#"{{"name":"{tool}","arguments":{{"n":{id}}}}}"#);
        let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#);
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next answer's id, and its error's code if it is one.
    fn answer(&self) -> (u64, Option<f64>) {
        let line = self.lines.recv_timeout(Duration::from_secs(60)).unwrap();
        let answer = parse(line.as_bytes(), Rules::Receipt).unwrap().into_object().unwrap();
        let code = answer
            .get("error")
            .map(|error| error.as_object().unwrap().get("code").unwrap().as_f64().unwrap());
        (answer.get("id").unwrap().as_u64().unwrap(), code)
    }
}

impl Drop for Wrapped {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn approvals(place: &Place, receiver: &Receiver, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp"));
    command.env_clear().env("XDG_RUNTIME_DIR", place.folder.path());
    command.args(["approvals", "--socket", receiver.socket()]).args(args);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The ids of the calls that wait, by tool, once there are `count`.
fn waiting(place: &Place, receiver: &Receiver, count: usize) -> Vec<(String, String)> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let calls = listed(&approvals(place, receiver, &["list", "--json"]));
        if calls.len() == count {
            let text = |call: &Value, name: &str| {
                call.as_object().unwrap().get(name).unwrap().as_str().unwrap().to_owned()
            };
            return calls.iter().map(|call| (text(call, "tool_name"), text(call, "approval_id"))).collect();
        }
        assert!(Instant::now() < end, "{calls:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn id_of<'a>(waiting: &'a [(String, String)], tool: &str) -> &'a str {
    &waiting.iter().find(|(name, _)| name == tool).unwrap().1
}

#[test]
fn a_call_that_waits_stalls_no_other() {
    let (place, receiver) = (Place::new(), Receiver::new());
    let mut wrapped = Wrapped::new(&place, &receiver, "files");
    wrapped.call(1, "slow_one");
    wrapped.call(2, "slow_two");
    for id in 3..50 {
        wrapped.call(id, "quick");
        assert_eq!(wrapped.answer(), (u64::from(id), None));
    }
    let calls = waiting(&place, &receiver, 2);
    approvals(&place, &receiver, &["deny", id_of(&calls, "slow_two")]);
    assert_eq!(wrapped.answer(), (2, Some(-32002.0)));
    wrapped.call(50, "quick");
    assert_eq!(wrapped.answer(), (50, None));
    approvals(&place, &receiver, &["approve", id_of(&calls, "slow_one")]);
    assert_eq!(wrapped.answer(), (1, None));
}

#[test]
fn both_the_proxy_and_the_approver_say_who_approved() {
    let (place, receiver) = (Place::new(), Receiver::new());
    let mut wrapped = Wrapped::new(&place, &receiver, "files");
    wrapped.call(1, "slow_one");
    let calls = waiting(&place, &receiver, 1);
    approvals(&place, &receiver, &["approve", id_of(&calls, "slow_one")]);
    assert_eq!(wrapped.answer(), (1, None));
    let is_grant = |event: &agent_receipts_core::json::Object| {
        event.get("action_type").and_then(Value::as_str) == Some("mcp.approval.granted")
    };
    let mut grants = Vec::new();
    while grants.len() < 2 {
        let (event, peer) = receiver.event();
        if is_grant(&event) {
            grants.push((event, peer));
        }
    }
    let [(approvers, approver), (proxys, proxy)] = grants.try_into().unwrap();
    assert_ne!(approver.pid, proxy.pid);
    assert_eq!(proxy.pid, wrapped.child.id() as i32);
    assert_eq!(approvers.get("correlation_id"), proxys.get("correlation_id"));
    let named = Value::from(proxys).to_string();
    assert!(named.contains(&format!(r#"\"pid\":{}"#, approver.pid)), "{named}");
    assert!(named.contains(r#"\"by\":\"socket\""#), "{named}");
}

#[test]
fn two_proxies_at_once_are_answered_each_for_itself() {
    let (place, receiver) = (Place::new(), Receiver::new());
    let mut one = Wrapped::new(&place, &receiver, "one");
    let mut two = Wrapped::new(&place, &receiver, "two");
    one.call(1, "slow_one");
    two.call(1, "slow_two");
    let calls = waiting(&place, &receiver, 2);
    approvals(&place, &receiver, &["approve", id_of(&calls, "slow_two")]);
    assert_eq!(two.answer(), (1, None));
    approvals(&place, &receiver, &["deny", id_of(&calls, "slow_one")]);
    assert_eq!(one.answer(), (1, Some(-32002.0)));
    drop((one, two));
    assert_eq!(place.names(), [""; 0]);
}
