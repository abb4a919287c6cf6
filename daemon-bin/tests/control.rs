//! The control socket: what it tells, whom it obeys, and what it does not let itself be talked into.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use agent_receipts_core::json::{Object, Value};
use agent_receipts_ipc::{ControlReply, ControlRequest, MAX_CONTROL_REQUEST, ask};
use support::process::DaemonProcess;
use support::{Client, Home, event, field, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

fn asked(home: &Home, request: &ControlRequest) -> ControlReply {
    ask(&home.path("control.sock"), request, PATIENCE, |_| true).unwrap()
}

fn status(home: &Home) -> Object {
    match asked(home, &ControlRequest::new("status")) {
        ControlReply::Done(object) => object,
        refused => panic!("{refused:?}"),
    }
}

fn code(reply: &ControlReply) -> &str {
    match reply {
        ControlReply::Refused { code, .. } => code,
        done => panic!("{done:?}"),
    }
}

/// A connection on which anything can be said.
fn raw(home: &Home) -> Client {
    Client(UnixStream::connect(home.path("control.sock")).unwrap())
}

fn error_code(reply: &Value) -> Option<&str> {
    field(field(reply, "error"), "code").as_str()
}

#[test]
fn status_tells_who_this_is_and_what_it_has_written() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let about = std::fs::symlink_metadata(home.path("control.sock")).unwrap();
    assert!(about.file_type().is_socket());
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    let mut client = home.connect();
    client.record(&event(""));
    client.record(&event(r#""agent_id":"a""#));
    let status = status(&home);
    let text = |name: &str| status.get(name).and_then(Value::as_str).unwrap().to_owned();
    let number = |name: &str| status.get(name).and_then(Value::as_u64).unwrap();
    assert_eq!(number("pid"), u64::from(daemon.pid().as_raw_nonzero().get() as u32));
    assert_eq!((number("receipts"), number("heads")), (2, 2));
    assert_eq!(
        (text("chain_id"), text("version")),
        ("audit".to_owned(), env!("CARGO_PKG_VERSION").to_owned())
    );
    assert_eq!(text("key_fingerprint"), home.public_key.fingerprint().to_string());
    assert_eq!(PathBuf::from(text("db")), home.config.db);
    wait_until("the request in the log", || daemon.logged("control: `status`"));
    daemon.stop();
    assert!(!home.path("control.sock").exists());
}

#[test]
fn what_is_no_request_is_refused_and_the_next_one_is_answered() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let names = || -> BTreeSet<_> {
        std::fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    let before = names();
    let mut client = raw(&home);
    let bad = [
        ("garbage", "invalid_request"),
        ("[]", "invalid_request"),
        (r#"{"v":"2","request":"status"}"#, "invalid_request"),
        (r#"{"v":"1"}"#, "invalid_request"),
        (r#"{"v":"1","request":"Status"}"#, "unknown_request"),
        (r#"{"v":"1","request":"shutdown"}"#, "unknown_request"),
        (r#"{"v":"1","request":"status","verbose":true}"#, "unknown_argument"),
        (r#"{"v":"1","request":"rotate","seed":"AAAA"}"#, "unknown_argument"),
        (r#"{"v":"1","request":"rotate","anchor_log":"relative"}"#, "invalid_argument"),
        (r#"{"v":"1","request":"rotate","anchor_log":7}"#, "invalid_argument"),
    ];
    for (body, expected) in bad {
        client.send(body);
        assert_eq!(error_code(&client.reply()), Some(expected), "{body}");
    }
    client.send(r#"{"v":"1","request":"status"}"#);
    assert_eq!(field(&client.reply(), "ok").as_bool(), Some(true));
    let told = "control: refused: this daemon knows no request `shutdown`";
    wait_until("the refusal in the log", || daemon.logged(told));
    assert_eq!(names(), before, "no request has made a file");
    daemon.stop();
}

#[test]
fn a_request_that_is_too_long_is_not_even_read() {
    let home = Home::new();
    let mut daemon = DaemonProcess::start(&home);
    for length in [MAX_CONTROL_REQUEST as u32 + 1, u32::MAX] {
        let mut client = raw(&home);
        client.0.write_all(&length.to_be_bytes()).unwrap();
        client.0.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(client.0.read(&mut [0]).unwrap(), 0, "closed without an answer");
    }
    let mut longest = format!(r#"{{"v":"1","request":"{}"}}"#, "x".repeat(MAX_CONTROL_REQUEST));
    longest.truncate(MAX_CONTROL_REQUEST - 2);
    longest.push_str("\"}");
    let mut client = raw(&home);
    client.send(&longest);
    let reply = client.reply();
    assert_eq!(error_code(&reply), Some("unknown_request"));
    assert!(reply.to_string().len() < 300, "what is unknown is not echoed whole");
    wait_until("the refusal in the log", || daemon.logged("frame too large"));
    assert!(daemon.is_running());
    daemon.stop();
}

#[test]
fn many_connections_cost_neither_the_daemon_nor_its_emitters_anything() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let idle: Vec<_> = (0..40).map(|_| raw(&home)).collect();
    home.connect().record(&event(""));
    wait_until("connections to be refused", || daemon.logged("control: connection of uid"));
    drop(idle);
    wait_until("room for another request", || {
        ask(&home.path("control.sock"), &ControlRequest::new("status"), PATIENCE, |_| true).is_ok()
    });
    daemon.stop();
}

/// The socket is a convenience unless somebody asked for it.
#[test]
fn without_a_control_socket_the_daemon_records_unless_one_was_named() {
    let mut home = Home::new();
    std::fs::write(home.path("control.sock"), "somebody's").unwrap();
    let daemon = home.start();
    home.connect().record(&event(""));
    assert!(home.logged("no control socket"));
    daemon.stop().unwrap();
    home.config.control_socket = Some(home.path("control.sock"));
    let error = home.try_start().unwrap_err().to_string();
    assert!(error.contains("control.sock"), "{error}");
    assert_eq!(std::fs::read_to_string(home.path("control.sock")).unwrap(), "somebody's");
    home.config.control_socket = Some(home.path("named"));
    let daemon = home.start();
    assert!(ask(&home.path("named"), &ControlRequest::new("status"), PATIENCE, |_| true).is_ok());
    daemon.stop().unwrap();
}

#[test]
fn who_answers_is_judged_before_anything_is_said() {
    let home = Home::new();
    let daemon = home.start();
    let refused = ask(&home.path("control.sock"), &ControlRequest::new("rotate"), PATIENCE, |peer| {
        assert_eq!(peer.pid as u32, std::process::id());
        false
    });
    assert!(refused.unwrap_err().to_string().contains("neither root nor one of ours"));
    assert_eq!(code(&asked(&home, &ControlRequest::new("x"))), "unknown_request");
    daemon.stop().unwrap();
    assert!(home.rows().iter().all(|stored| stored.row.action_type != "agent.key.rotate"));
    let absent = ask(&home.path("control.sock"), &ControlRequest::new("status"), PATIENCE, |_| true);
    assert!(absent.unwrap_err().is_absent());
}
