//! The load program on a daemon in this process: that what it says happened did happen. Nothing is timed.
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use agent_receipts_daemon::{Command as Asked, Daemon, Surroundings};
use agent_receipts_keysource::{generate_key_pair, random_seed};
use agent_receipts_store::{ReceiptReader, SqliteReader};
use serde_json::Value;

fn daemon_in(folder: &Path) -> Daemon {
    let path = |name: &str| folder.join(name);
    generate_key_pair(&path("key"), &path("key.pub"), &random_seed().unwrap()).unwrap();
    let mut args = vec![OsString::from("daemon"), "--unsafe-socket-path".into()];
    for (option, name) in
        [("--socket", "s"), ("--db", "receipts.db"), ("--key", "key"), ("--public-key", "key.pub")]
    {
        args.extend([option.into(), path(name).into_os_string()]);
    }
    let Asked::Run(config) = Asked::parse(args, &|_: &str| None).unwrap() else { panic!("not to be run") };
    Daemon::start(&config, Surroundings::system()).unwrap()
}

fn load(folder: &Path, more: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_load"))
        .arg("--socket")
        .arg(folder.join("s"))
        .arg("--db")
        .arg(folder.join("receipts.db"))
        .args(["--patience", "60"])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads what processes use from /proc")]
fn every_event_of_a_load_is_recorded_once() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = daemon_in(folder.path());
    let acknowledged = load(
        folder.path(),
        &[
            "--emitters",
            "2",
            "--connections",
            "2",
            "--events",
            "203",
            "--in-flight",
            "5",
            "--frame-bytes",
            "700",
        ],
    );
    assert_eq!(acknowledged["refused"], 0);
    assert_eq!(acknowledged["ack_microseconds"]["count"], 203);
    let poured = load(folder.path(), &["--emitters", "2", "--events", "101", "--no-ack"]);
    assert_eq!(poured["ack_microseconds"], Value::Null);
    for outcome in [acknowledged, poured] {
        for figure in ["receipts_per_second", "daemon_peak_rss", "bytes_a_receipt"] {
            assert!(outcome[figure].as_f64().is_some_and(|number| number > 0.0), "{figure}: {outcome}");
        }
    }
    daemon.stop().unwrap();
    let reader = SqliteReader::open(folder.path().join("receipts.db")).unwrap();
    // And the terminator.
    assert_eq!(reader.max_rowid().unwrap(), 203 + 101 + 1);
}

#[test]
fn a_load_on_nobody_fails_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_load"))
        .arg("--socket")
        .arg(folder.path().join("nobody"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("could not connect to"), "{said}");
}
