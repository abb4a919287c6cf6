//! `agent-receipts-mcp approvals`, as an operator runs it.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use agent_receipts_core::json::{Rules, Value, parse};
use agent_receipts_mcp::{Answer, Way};

use crate::place::{Place, listed};
use crate::receiver::Receiver;
use crate::relay::{Lot, relay};

/// Runs it for the user whose run-time folder `place` is, with a daemon at `daemon`.
fn approvals(place: &Place, daemon: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp"));
    command.env_clear().env("XDG_RUNTIME_DIR", place.folder.path()).env("AGENTRECEIPTS_SOCKET", daemon);
    command.arg("approvals").args(args).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

const NO_DAEMON: &str = "/nowhere/at/all";

#[test]
fn calls_of_all_proxies_are_listed_and_only_the_meant_one_is_answered() {
    let (place, receiver) = (Place::new(), Receiver::new());
    let (one, two) = (place.with_socket(), place.with_socket());
    let (first, second) = (place.ask(&one, "delete_file"), place.ask(&two, "send_mail"));
    let list = approvals(&place, NO_DAEMON, &[]);
    assert!(list.status.success() && list.stderr.is_empty(), "{list:?}");
    for part in
        [first.as_str(), second.as_str(), "files: delete_file", "files: send_mail", r#"{"path":"/a"}"#]
    {
        assert!(stdout(&list).contains(part), "{list:?}");
    }
    let json = approvals(&place, NO_DAEMON, &["list", "--json"]);
    assert_eq!(listed(stdout(&json)).len(), 2);

    let approved = approvals(&place, receiver.socket(), &["approve", second.as_str()]);
    assert!(approved.status.success(), "{approved:?}");
    let (id, Answer::Approved(approver)) = place.told() else { panic!() };
    assert_eq!((id, approver.way), (second, Way::Socket));
    let exe = approver.peer.unwrap().exe_path.unwrap();
    assert!(exe.ends_with("/agent-receipts-mcp"), "{exe}");
    let denied = approvals(&place, receiver.socket(), &["deny", &first.as_str()[..8], "--json"]);
    assert!(denied.status.success(), "{denied:?}");
    let said = parse(stdout(&denied).as_bytes(), Rules::Receipt).unwrap().into_object().unwrap();
    assert_eq!(said.get("recorded"), Some(&Value::from(true)));
    assert!(matches!(place.told(), (id, Answer::Denied(_)) if id == first));
    assert!(
        stdout(&approvals(&place, NO_DAEMON, &["list"]))
            .contains("no call waits for an approval; 2 proxies run")
    );
}

#[test]
fn the_answer_is_recorded_by_whoever_gives_it_before_the_proxy_hears_of_it() {
    let (place, receiver) = (Place::new(), Receiver::new());
    let desk = place.with_socket();
    let id = place.ask(&desk, "delete_file");
    assert!(approvals(&place, receiver.socket(), &["approve", id.as_str()]).status.success());
    let (event, peer) = receiver.event();
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
    assert_eq!(text("action_type").as_deref(), Some("mcp.approval.granted"));
    assert_eq!(text("correlation_id").as_deref(), Some("s/1"));
    assert_eq!(text("decision").as_deref(), Some("allowed"));
    assert_eq!(event.get("ack"), Some(&Value::from(true)), "waited for");
    assert!(event.get("input").unwrap().to_string().contains(id.as_str()));
    let (_, Answer::Approved(approver)) = place.told() else { panic!() };
    assert_eq!(approver.peer.unwrap().pid, peer.pid, "the process that recorded is the one that approved");
}

#[test]
fn what_cannot_be_recorded_is_not_approved_unless_told_and_may_always_be_denied() {
    let (place, refusing) = (Place::new(), Receiver::refusing());
    let desk = place.with_socket();
    let id = place.ask(&desk, "t");
    for daemon in [NO_DAEMON, refusing.socket()] {
        let output = approvals(&place, daemon, &["approve", id.as_str()]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("not approved") && stderr(&output).contains("--unrecorded"),
            "{output:?}"
        );
        assert!(place.nothing_told());
    }
    let output = approvals(&place, NO_DAEMON, &["approve", "--unrecorded", id.as_str()]);
    assert!(output.status.success() && stderr(&output).contains("not in your name"), "{output:?}");
    assert!(matches!(place.told().1, Answer::Approved(_)));
    let id = place.ask(&desk, "t");
    let output = approvals(&place, NO_DAEMON, &["deny", id.as_str()]);
    assert!(output.status.success() && stderr(&output).contains("not in your name"), "{output:?}");
    assert!(matches!(place.told().1, Answer::Denied(_)));
}

#[test]
fn an_answer_of_which_nothing_is_heard_is_neither_said_nor_recorded_to_be_of_no_force() {
    const FAILURE: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
    for lot in [Lot::Unanswered, Lot::CutOff, Lot::Answered(FAILURE), Lot::Answered("hello\r\n\r\n")] {
        let (place, behind, receiver) = (Place::new(), Place::new(), Receiver::new());
        let desk = behind.with_socket();
        let id = behind.ask(&desk, "t");
        relay(&place, &behind, lot);
        let output = approvals(&place, receiver.socket(), &["approve", id.as_str()]);
        assert!(matches!(behind.told(), (told, Answer::Approved(_)) if told == id), "{lot:?}: it counts");
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""), "{lot:?}: {output:?}");
        for part in ["not known whether", "approvals list", "`s/1`"] {
            assert!(stderr(&output).contains(part), "{lot:?}: {output:?}");
        }
        let recorded = [(); 2].map(|()| receiver.event().0).map(|event| {
            ["action_type", "decision"].map(|name| event.get(name).unwrap().as_str().unwrap().to_owned())
        });
        let expected = [["mcp.approval.granted", "allowed"], ["mcp.approval.unknown", "pending"]];
        assert_eq!(recorded, expected, "{lot:?}");
        assert!(receiver.is_silent());
    }
}

#[test]
fn an_answer_that_the_proxy_has_certainly_not_taken_is_recorded_as_void() {
    const GONE: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    for answer in [GONE, FORBIDDEN] {
        let (place, behind, receiver) = (Place::new(), Place::new(), Receiver::new());
        let desk = behind.with_socket();
        let id = behind.ask(&desk, "t");
        relay(&place, &behind, Lot::KeptBack(answer));
        let output = approvals(&place, receiver.socket(), &["approve", id.as_str()]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(behind.nothing_told());
        let recorded = [(); 2].map(|()| receiver.event().0.get("action_type").cloned());
        assert_eq!(recorded, ["mcp.approval.granted", "mcp.approval.void"].map(|word| Some(word.into())));
    }
}

#[test]
fn a_call_that_does_not_wait_is_not_answered_and_nothing_is_recorded() {
    let (place, receiver) = (Place::new(), Receiver::new());
    let desk = place.with_socket();
    let (one, two) = (place.ask(&desk, "t"), place.ask(&desk, "u"));
    desk.withdraw(&one);
    place.told();
    for (id, code) in [(one.as_str(), 1), ("", 1), ("zz", 1), ("../x", 1)] {
        let output = approvals(&place, receiver.socket(), &["approve", "--", id]);
        assert_eq!(output.status.code(), Some(code), "{id}: {output:?}");
        assert!(stderr(&output).contains("no call waits"), "{id}: {output:?}");
    }
    assert!(receiver.is_silent() && place.nothing_told());
    drop((desk, two));
    let output = approvals(&place, receiver.socket(), &["approve"]);
    assert_eq!(output.status.code(), Some(2), "an id is wanted");
}

#[test]
fn hostile_names_steer_no_terminal_in_text_or_json() {
    let place = Place::new();
    let desk = place.with_socket();
    place.ask(&desk, "rm\u{1b}[2J\u{9b}1A\r\n\u{202e}approved");
    for args in [&["list"][..], &["list", "--json"], &["watch"]] {
        let output = approvals(&place, NO_DAEMON, args);
        let text = stdout(&output);
        assert!(text.contains("rm") && !text.contains('\u{202e}'), "{text:?}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}

#[test]
fn what_a_killed_proxy_left_is_swept_and_bothers_nobody() {
    let place = Place::new();
    let desk = place.with_socket();
    let dead = place.approvals().join("1-0123456789ab.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    std::fs::set_permissions(&dead, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(dead.with_extension("token"), "secret").unwrap();
    let output = approvals(&place, NO_DAEMON, &["list"]);
    assert!(stdout(&output).contains("1 proxy runs") && output.stderr.is_empty(), "{output:?}");
    assert_eq!(place.names().len(), 2, "{:?}", place.names());
    drop(desk);
    assert!(stdout(&approvals(&place, NO_DAEMON, &["list"])).contains("no proxy runs"));
}

#[test]
fn a_proxy_that_does_not_answer_is_said_and_the_others_are_listed() {
    let place = Place::new();
    let desk = place.with_socket();
    let id = place.ask(&desk, "t");
    let silent = place.approvals().join("1-0123456789ab.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
    std::fs::set_permissions(&silent, std::fs::Permissions::from_mode(0o600)).unwrap();
    let output = approvals(&place, NO_DAEMON, &["list"]);
    assert!(stdout(&output).contains(id.as_str()), "{output:?}");
    assert!(stderr(&output).contains("does not answer"), "{output:?}");
}
