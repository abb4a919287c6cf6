//! The daemon: absent, gone, back, and unwilling.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::daemon::{Daemon, socket_in};
use crate::server;
use crate::wrapped::Wrapped;

#[test]
fn without_a_daemon_calls_go_on_and_the_loss_is_told_when_it_is_there() {
    let mut wrapped = Wrapped::begin(&[], |_| None);
    for id in 0..5 {
        wrapped.call(id, "read", json!({}));
        assert_eq!(wrapped.hear()["id"], id);
    }
    wrapped.daemon = Some(Daemon::start(&socket_in(wrapped.path("s").parent().unwrap()), false));
    wrapped.daemon.as_ref().unwrap().wait("a look", |frame| frame["action_type"] == "mcp.recording.resumed");
    // The road opens right after that.
    let told = |wrapped: &mut Wrapped| {
        wrapped.call("again", "read", json!({}));
        wrapped.hear();
        wrapped.daemon.as_ref().unwrap().frames().iter().any(|frame| frame["tool"]["name"] == "read")
    };
    let end = std::time::Instant::now() + crate::daemon::PATIENCE;
    while !told(&mut wrapped) {
        assert!(std::time::Instant::now() < end, "the road stays shut");
    }
    let over = wrapped.over();
    let counted: u64 = over.all.iter().filter_map(|frame| frame["drop_count"].as_u64()).sum();
    assert!(counted >= 11, "the session's start, and two for each call: {counted}");
    assert!(over.errors.contains("cannot reach the daemon"), "{}", over.errors);
    assert_eq!(over.errors.matches("cannot reach").count(), 1, "said once: {}", over.errors);
}

#[test]
fn a_daemon_that_goes_away_in_between_costs_no_call() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "read", json!({}));
    wrapped.hear();
    wrapped.daemon.as_mut().unwrap().stop();
    for id in 2..6 {
        wrapped.call(id, "read", json!({}));
        assert_eq!(wrapped.hear()["id"], id);
    }
    let over = wrapped.over();
    assert!(over.status.success());
    assert!(over.reached.matches("tools/call").count() == 5);
}

#[test]
fn what_nobody_was_told_of_is_left_in_a_file() {
    let mut wrapped = Wrapped::begin(&[], |_| None);
    let drops = wrapped.path("run").join("agentreceipts/drops");
    wrapped.leave();
    assert!(wrapped.status().success());
    let files: Vec<_> = fs::read_dir(&drops).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn strict_lets_no_call_go_on_that_is_not_on_disk() {
    for refuses in [true, false] {
        let mut wrapped =
            Wrapped::begin(&["--strict"], |folder| Some(Daemon::start(&socket_in(folder), refuses)));
        wrapped.call(1, "read", json!({}));
        let answer = wrapped.hear();
        wrapped.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
        assert_eq!(wrapped.hear()["id"], 1, "what is not recorded goes on, and the id is free");
        let over = wrapped.over();
        assert_eq!(over.reached.contains("tools/call"), !refuses);
        assert_eq!(answer["error"]["code"] == -32004, refuses, "{answer}");
        let pending = over.of("read")[0];
        assert_eq!(pending["ack"], true);
        // Whether there is a receipt of the first, the daemon may know alone: it shall not stand there as if the call had gone on.
        let last = over.of("read")[1];
        let (decision, error) =
            (last["decision"].as_str().unwrap(), last["error"].as_str().unwrap_or_default());
        let expected = if refuses { ("denied", "not recorded, so not forwarded") } else { ("allowed", "") };
        assert_eq!((decision, error), expected);
    }
    let mut alone = Wrapped::begin(&["--strict"], |_| None);
    alone.call(1, "read", json!({}));
    assert_eq!(alone.hear()["error"]["code"], -32004);
    assert_eq!(alone.over().reached, "");
}

/// A server that asks before it is asked, and then takes everything.
const ASKS: &str =
    r#"echo '{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage"}'; exec 9>&1; exec cat >log"#;

#[test]
fn strict_waits_for_what_the_client_asks_and_for_nothing_else() {
    let command = ["/bin/sh", "-c", &format!("cd \"$HOME\"; {ASKS}")].map(str::to_owned);
    let refusing = |folder: &std::path::Path| Some(Daemon::start(&socket_in(folder), true));
    let mut wrapped = Wrapped::before(&["--strict"], &command, refusing);
    assert_eq!(wrapped.hear()["method"], "sampling/createMessage", "it goes on whatever the daemon says");
    wrapped.call(1, "read", json!({}));
    let answer = wrapped.hear();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
    let subject = [
        ("resources/read", "uri"),
        ("prompts/get", "name"),
        ("tasks/result", "taskId"),
        ("tasks/cancel", "taskId"),
    ];
    for (id, (method, name)) in (2..).zip(subject) {
        wrapped
            .say(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{"{name}":"a:b"}}}}"#));
        let answer = wrapped.hear();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32004)), "{answer}");
    }
    wrapped.say(r#"{"jsonrpc":"2.0","id":"q","result":{"role":"assistant"}}"#);
    wrapped.say(r#"{"jsonrpc":"2.0","id":9,"method":"tools/list"}"#);
    wrapped.until_reached("tools/list");
    let over = wrapped.over();
    assert!(over.reached.starts_with(r#"{"jsonrpc":"2.0","id":"q","result""#), "{}", over.reached);
    assert_eq!(over.reached.lines().count(), 2, "{}", over.reached);
    let waited = over.all.iter().filter(|frame| frame["ack"] == true);
    let waited: Vec<_> = waited.map(|frame| frame["tool"]["name"].as_str().unwrap()).collect();
    assert_eq!(waited, ["read", "resources/read", "prompts/get", "tasks/result", "tasks/cancel"]);
    assert_eq!(over.of("sampling/createMessage").len(), 2);
}

/// What is not waited for must not be found out by whoever relied on it.
#[test]
fn the_help_says_what_strict_does_not_wait_for() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp")).arg("--help").output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    let strict = help.split("--strict").nth(1).and_then(|rest| rest.split("\n      --").next()).unwrap();
    let strict = strict.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["a call", "an approval", "sampling, elicitation", "not waited for"] {
        assert!(strict.contains(part), "{strict}");
    }
}

#[test]
fn a_read_only_home_still_records() {
    let mut wrapped = Wrapped::begin(&[], |folder| {
        let daemon = Daemon::start(&socket_in(folder), false);
        for place in [folder.join("run"), folder.to_owned()] {
            fs::set_permissions(place, fs::Permissions::from_mode(0o555)).unwrap();
        }
        Some(daemon)
    });
    wrapped.call(1, "read", json!({}));
    // (The scripted server writes its log there, too; where it cannot, it does not answer.)
    wrapped.daemon.as_ref().unwrap().wait("a receipt", |frame| frame["tool"]["name"] == "read");
    fs::set_permissions(wrapped.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    drop(wrapped);
}

#[test]
fn who_acts_is_what_the_command_line_says() {
    let args =
        ["--issuer-name", "claude", "--issuer-model", "m", "--operator-id", "o", "--operator-name", "O"];
    let mut wrapped = Wrapped::start(&args);
    wrapped.call(1, "read", json!({}));
    wrapped.hear();
    let over = wrapped.over();
    for frame in &over.all {
        assert_eq!((&frame["issuer_name"], &frame["issuer_model"]), (&json!("claude"), &json!("m")));
        assert_eq!((&frame["operator_id"], &frame["operator_name"]), (&json!("o"), &json!("O")));
    }
}

#[test]
fn a_standard_error_that_takes_nothing_ends_no_session() {
    for script in ["exec \"$0\" \"$@\" 2>/dev/full", "exec \"$0\" \"$@\" 2>&-"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        // Something to warn of, at once.
        fs::write(&file, "rules: [{name: never, tool_pattern: '*', action: block}]\n").unwrap();
        let args = ["--rules", file.to_str().unwrap()];
        let mut wrapped = Wrapped::by_way_of(script, &args, &server::command(), |folder| {
            Some(Daemon::start(&socket_in(folder), false))
        });
        wrapped.call(1, "read", json!({}));
        assert_eq!(wrapped.hear()["id"], 1);
        // A result is with the client before it is recorded.
        let daemon = wrapped.daemon.as_ref().unwrap();
        daemon.wait("its receipt", |frame| frame["tool"]["name"] == "read" && frame["decision"] == "allowed");
        fs::write(&file, "surprise: 1\n").unwrap();
        let pid = Pid::from_raw(i32::try_from(wrapped.pid()).unwrap()).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
        let daemon = wrapped.daemon.as_mut().unwrap();
        daemon.wait("a load", |frame| frame["action_type"] == "mcp.policy.loaded");
        // Its absence is something to say, too.
        daemon.stop();
        for id in 2..5 {
            wrapped.call(id, "read", json!({}));
            assert_eq!(wrapped.hear()["id"], id);
        }
        let over = wrapped.over();
        assert!(over.status.success(), "{script}: {:?}", over.status);
        assert_eq!(over.of("read").len(), 2);
    }
}
