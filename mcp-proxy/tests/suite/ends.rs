//! How it ends, and what was open then.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::daemon::{Daemon, socket_in};
use crate::wrapped::Wrapped;

fn signal(wrapped: &Wrapped, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(wrapped.pid()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn a_server_that_crashes_closes_its_calls_and_its_code_is_passed_on() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "silent", json!({}));
    wrapped.call(2, "crash", json!({}));
    let over = wrapped.wait();
    assert_eq!(over.status.code(), Some(3));
    for tool in ["silent", "crash"] {
        let [pending, last] = over.of(tool)[..] else { panic!("{:#?}", over.frames) };
        assert_eq!((&pending["decision"], &last["decision"]), (&json!("pending"), &json!("allowed")));
        assert_eq!(last["error"], "no answer: the server ended");
        assert_eq!(last["input"], json!({}));
    }
    assert_eq!(over.all.last().unwrap()["output"]["unanswered"], 2);
}

/// Whoever writes to such a server cannot hear that the client has left.
#[test]
fn a_server_that_reads_nothing_holds_no_proxy_whose_client_has_left() {
    let asleep = ["/bin/sleep".to_owned(), "3600".to_owned()];
    let mut wrapped =
        Wrapped::before(&["--grace", "20"], &asleep, |folder| Some(Daemon::start(&socket_in(folder), false)));
    // More than a pipe holds, and less than the pipes on both sides.
    for id in 0..110 {
        wrapped.call(id, "x", json!({"text": "x".repeat(1000)}));
    }
    let over = wrapped.over();
    assert_eq!(over.status.code(), Some(128 + 15));
    let count = |member: &str, value: &str| over.frames.iter().filter(|frame| frame[member] == value).count();
    let (begun, ended) = (count("decision", "pending"), count("error", "no answer: the client left"));
    assert!(begun > 20 && begun == ended, "{begun} {ended}");
}

#[test]
fn a_time_that_never_comes_is_a_wrong_command_line() {
    let over = Wrapped::start(&["--approval-timeout", "9300000000000000000"]).wait();
    assert_eq!((over.status.code(), over.reached.as_str()), (Some(2), ""));
    assert!(over.errors.contains("--approval-timeout"), "{}", over.errors);
}

#[test]
fn a_client_that_leaves_closes_its_calls() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "silent", json!({"a": 1}));
    wrapped.until_reached("silent");
    let over = wrapped.over();
    assert!(over.status.success());
    assert_eq!(over.of("silent")[1]["error"], "no answer: the client left");
}

#[test]
fn answers_that_come_after_the_client_has_nothing_more_to_say_still_pass() {
    let mut wrapped = Wrapped::start(&[]);
    (0..50).for_each(|id| wrapped.call(id, "read", json!({})));
    let over = wrapped.over();
    assert_eq!(over.unheard.len(), 50);
    assert_eq!(over.of("read").iter().filter(|frame| frame.get("output").is_some()).count(), 50);
}

#[test]
fn a_client_that_leaves_right_after_the_answer_loses_no_receipt() {
    for _ in 0..10 {
        let mut wrapped = Wrapped::start(&[]);
        wrapped.call(1, "read", json!({}));
        wrapped.hear();
        signal(&wrapped, Signal::TERM);
        let over = wrapped.wait();
        assert_eq!(over.of("read").len(), 2, "{:#?}", over.frames);
        assert!(over.of("read")[1].get("output").is_some());
    }
}

#[test]
fn a_server_that_does_not_end_is_ended() {
    let mut wrapped = Wrapped::start(&["--grace", "0"]);
    wrapped.call(1, "stubborn", json!({}));
    wrapped.until_reached("stubborn");
    let over = wrapped.over();
    assert_eq!(over.status.code(), Some(128 + 15), "{}", over.errors);
    assert_eq!(over.of("stubborn")[1]["error"], "no answer: the client left");
}

#[test]
fn one_that_ignores_that_is_killed_with_what_it_started() {
    // (What a shell ignores, its children ignore.)
    let command = ["/bin/sh", "-c", "trap '' TERM; sleep 3600 & echo ready; sleep 3600; sleep 3600"];
    let command = command.map(str::to_owned);
    let mut wrapped =
        Wrapped::before(&["--grace", "0"], &command, |folder| Some(Daemon::start(&socket_in(folder), false)));
    assert_eq!(wrapped.line(), b"ready\n");
    wrapped.leave();
    // This reads standard error to its end, which all of them hold.
    let over = wrapped.wait();
    assert_eq!(over.status.code(), Some(128 + 9));
}

#[test]
fn a_signal_ends_the_session_in_the_record() {
    for one in [Signal::TERM, Signal::INT] {
        let mut wrapped = Wrapped::start(&[]);
        wrapped.call(1, "silent", json!({}));
        wrapped.until_reached("silent");
        signal(&wrapped, one);
        let over = wrapped.wait();
        assert_eq!(over.of("silent")[1]["error"], "no answer: the proxy was stopped");
        assert_eq!(over.all.last().unwrap()["output"]["ended"], "the proxy was stopped");
    }
}

#[test]
fn a_server_that_does_not_read_holds_up_no_end() {
    let mut wrapped = Wrapped::start(&["--grace", "0"]);
    wrapped.call(1, "stubborn", json!({}));
    wrapped.until_reached("stubborn");
    // More than the pipe between the two holds, so that a message is on its way for ever.
    for id in 2..10 {
        wrapped.call(id, "late", json!({"x": "x".repeat(16_000)}));
    }
    let pending =
        |frame: &serde_json::Value| frame["idempotency_key"] == "5" && frame["decision"] == "pending";
    wrapped.daemon.as_ref().unwrap().wait("a call that fills the pipe", pending);
    signal(&wrapped, Signal::TERM);
    let over = wrapped.wait();
    // (Calls that nobody had read by then are refused, and recorded as that.)
    let ends: Vec<_> = over.all.iter().filter(|frame| frame["action_type"] == "mcp.session.end").collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0]["output"]["ended"], "the proxy was stopped");
    for id in 2..=5 {
        let key = id.to_string();
        let receipts = over.of("late").iter().filter(|frame| frame["idempotency_key"] == key).count();
        assert_eq!(receipts, 2, "{id}");
    }
}

#[test]
fn the_last_line_of_a_server_passes_without_its_end() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "unfinished", json!({}));
    assert_eq!(wrapped.line(), br#"{"jsonrpc":"2.0","id":1,"result":"the last line"}"#);
    assert_eq!(wrapped.wait().of("unfinished")[1]["output"], "the last line");
}

#[test]
fn another_process_that_holds_the_servers_output_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    // (It leaves standard error alone, which this test reads to its end.)
    let script = format!("sleep 3600 2>/dev/null & echo $! > {}; exit 4", pid.display());
    let command = ["/bin/sh", "-c", &script].map(str::to_owned);
    let mut wrapped = Wrapped::before(&[], &command, |folder| Some(Daemon::start(&socket_in(folder), false)));
    let status = wrapped.status();
    let pid = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    assert_eq!(status.code(), Some(4));
}

#[test]
fn a_server_that_does_not_start_is_said() {
    let command = ["/nowhere/at/all".to_owned()];
    let wrapped = Wrapped::before(&[], &command, |_| None);
    let over = wrapped.wait();
    assert_eq!(over.status.code(), Some(127));
    assert!(over.errors.contains("/nowhere/at/all"), "{}", over.errors);
}
