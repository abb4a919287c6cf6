//! What rules do to calls on their way.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::daemon::{Daemon, socket_in};
use crate::wrapped::{Wrapped, ruling};

/// In front of the scripted server, by these rules.
pub(crate) fn by(rules: &str, args: &[&str]) -> Wrapped {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    fs::write(&file, rules).unwrap();
    let args = [args, &["--rules", file.to_str().unwrap()]].concat();
    let wrapped = Wrapped::start(&args);
    // They are read before the first receipt.
    wrapped.daemon.as_ref().unwrap().wait("the start", |frame| frame["action_type"] == "mcp.session.start");
    wrapped
}

const BLOCK: &str = "rules:
  - {name: no_rm, description: nothing is removed, enabled: true, tool_pattern: 'rm*', action: block}
  - {name: seen, enabled: true, tool_pattern: 'read*', action: flag}
";

#[test]
fn what_is_blocked_never_reaches_the_server() {
    let mut wrapped = by(BLOCK, &[]);
    wrapped.call(1, "RM_all", json!({"path": "/"}));
    let answer = wrapped.hear();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32001)));
    assert_eq!(answer["error"]["message"], "blocked by policy: nothing is removed");
    wrapped.call(2, "read_x", json!({}));
    assert!(wrapped.hear()["result"].is_object());
    let over = wrapped.over();
    assert!(!over.reached.contains("RM_all"));
    let blocked = over.of("RM_all");
    assert_eq!(blocked.len(), 1);
    assert_eq!((&blocked[0]["decision"], &blocked[0]["input"]), (&json!("denied"), &json!({"path": "/"})));
    assert_eq!(blocked[0]["error"], "blocked by policy: nothing is removed");
    assert_eq!(
        (&ruling(blocked[0])["action"], &ruling(blocked[0])["rule"]),
        (&json!("block"), &json!("no_rm"))
    );
    assert!(
        over.of("read_x")
            .iter()
            .all(|frame| ruling(frame)["rule"] == "seen" && ruling(frame)["action"] == "flag")
    );
}

#[test]
fn limits_count_over_the_session() {
    let rules = "limits: [{name: few, tool_pattern: '*', calls: 2, per: session, action: block}]\n";
    let mut wrapped = by(rules, &[]);
    (0..3).for_each(|id| wrapped.call(id, "read", json!({})));
    let answers: Vec<Value> = (0..3).map(|_| wrapped.hear()).collect();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.get("error").is_some()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["id"], 2);
    assert_eq!(wrapped.over().reached.matches("tools/call").count(), 2);
}

#[test]
fn rules_are_read_again_when_the_process_is_told_and_bad_ones_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    fs::write(&file, "rules: []\n").unwrap();
    let mut wrapped = Wrapped::begin(&["--rules", file.to_str().unwrap()], |folder| {
        Some(Daemon::start(&socket_in(folder), false))
    });
    wrapped.call(1, "rm", json!({}));
    assert!(wrapped.hear()["result"].is_object());
    let pid = Pid::from_raw(i32::try_from(wrapped.pid()).unwrap()).unwrap();
    let mut reload = |rules: &str, loads: usize| {
        fs::write(&file, rules).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
        let daemon = wrapped.daemon.as_ref().unwrap();
        let is_load = |frame: &Value| frame["action_type"] == "mcp.policy.loaded";
        let frames = (0..).find_map(|_| {
            let frames = daemon.wait("a load", is_load);
            let seen: Vec<_> = frames.into_iter().filter(is_load).collect();
            (seen.len() == loads).then_some(seen)
        });
        wrapped.call(loads + 1, "rm", json!({}));
        (frames.unwrap().pop().unwrap(), wrapped.hear())
    };
    let (loaded, answer) = reload(BLOCK, 1);
    assert_eq!(answer["error"]["code"], -32001);
    assert_ne!(loaded["output"]["from"], loaded["output"]["to"]);
    assert_eq!(ruling(&loaded)["rules"], loaded["output"]["to"]);
    let (failed, answer) = reload("rules: [{surprise: 1}]\n", 2);
    assert_eq!(answer["error"]["code"], -32001, "as before");
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("stay as they were")), "{failed}");
    assert_eq!(ruling(&failed)["rules"], loaded["output"]["to"]);
}

#[test]
fn no_secret_that_the_rules_know_is_in_the_record_of_an_error() {
    let mut wrapped = by("rules: []\nredact: [{name: key, pattern: 'corp_[a-z0-9]{8,}'}]\n", &[]);
    // Cut where receipts cut it, half of the key would be left of its form.
    let long = format!("{} corp_0123456789abcdef", "x".repeat(16_340));
    let endless = format!("corp_0123456789abcdef {}", "x".repeat(1 << 20));
    for (id, message) in ["wrong key corp_0123456789abcdef", &long, &endless].into_iter().enumerate() {
        wrapped.call(id, "refuse", json!({"message": message}));
        // Who asked is told as it is.
        assert_eq!(wrapped.hear()["error"]["message"], *message);
    }
    let over = wrapped.over();
    let errors: Vec<&str> = over.of("refuse").iter().filter_map(|frame| frame["error"].as_str()).collect();
    assert_eq!(errors[0], r#"{"code":-1,"message":"wrong key [REDACTED]"}"#);
    assert!(errors[2].starts_with(r#"{"withheld":{"bytes":"#), "{}", errors[2]);
    assert!(errors.len() == 3 && errors.iter().all(|error| !error.contains("corp_")));
}

#[test]
fn what_is_said_of_rules_steers_no_terminal() {
    let over = by("rules: [{name: \"\\e[2J\", action: block}]\n", &[]).over();
    assert!(over.errors.contains("[2J") && !over.errors.contains('\u{1b}'), "{:?}", over.errors);
}

#[test]
fn without_sound_rules_nothing_begins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    fs::write(&file, "rules: [{name: x, enabled: true, action: destroy}]\n").unwrap();
    let over = Wrapped::begin(&["--rules", file.to_str().unwrap()], |_| None).wait();
    assert_eq!((over.status.code(), over.reached.as_str()), (Some(2), ""));
}
