//! `run`.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agent_receipts_ipc::{Decision, Emitter, EventToSend};
use rustix::process::{Pid, Signal, kill_process};

use crate::daemon::Daemon;
use crate::house::{House, Said, daemon_binary, wait_until};

const RECORD: &str = r#""$AGENTRECEIPTS_BIN" emit --tool first; "$AGENTRECEIPTS_BIN" exec -- false"#;

#[test]
fn a_fresh_house_is_set_up_recorded_in_and_verified() {
    let house = House::new();
    let said = house.say_with_daemon(["run", "--", "sh", "-c", &format!("{RECORD}; exit 7")]);
    assert_eq!(said.code, 7, "{}", said.all());
    assert!(said.err.contains("a convenience, not a boundary"), "{}", said.all());
    assert!(said.err.contains("2 receipts recorded in session"), "{}", said.all());
    assert!(
        said.err.contains("cli.first") && said.err.contains("false / system.command.execute"),
        "{}",
        said.all()
    );
    // The interrupted terminator stands in the chain, not in the session.
    assert!(said.err.contains(": VALID (3 receipts)"), "{}", said.all());
    assert!(!house.socket().exists(), "the daemon was stopped");
    assert_eq!(house.say(["verify"]).code, 0);
    let again = house.say_with_daemon(["run", "--", "sh", "-c", RECORD]);
    assert!(again.code == 1 && again.err.contains("VALID"), "{}", again.all());
}

#[test]
fn the_command_is_told_where_to_record_and_not_where_the_key_is() {
    let house = House::new();
    let said = house.say_with_daemon([
        "run",
        "--session-id",
        "s9",
        "--",
        "sh",
        "-c",
        "env; cd /; $AGENTRECEIPTS_BIN list",
    ]);
    for variable in [
        "AGENTRECEIPTS_SESSION_ID=s9".to_owned(),
        format!("AGENTRECEIPTS_SOCKET={}", house.socket().display()),
        format!("AGENTRECEIPTS_DB={}", house.data("receipts.db").display()),
        format!("AGENTRECEIPTS_BIN={}", env!("CARGO_BIN_EXE_agent-receipts")),
    ] {
        assert!(said.out.lines().any(|line| line == variable), "{variable} {}", said.all());
    }
    assert!(said.out.contains("no receipts") && !said.out.contains("AGENTRECEIPTS_KEY"), "{}", said.all());
}

#[test]
fn json_is_the_last_line() {
    let house = House::new();
    let said = house.say_with_daemon(["run", "--json", "--chain-id", "mine", "--", "sh", "-c", RECORD]);
    let report: serde_json::Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!((report["recorded"].as_u64(), report["chains"][0]["chain"].as_str()), (Some(2), Some("mine")));
    assert_eq!(report["chains"][0]["result"], "VALID");
    assert_eq!(report["receipts"][1]["status"], "failure");
}

#[test]
fn a_daemon_that_is_there_is_used_and_left() {
    let house = House::new();
    let mut daemon = Daemon::start(&house);
    let said = house.say(["run", "--daemon-bin", "/nowhere", "--", "sh", "-c", RECORD]);
    assert!(said.code == 1 && said.err.contains("Chain c: VALID (2 receipts)"), "{}", said.all());
    assert!(daemon.is_running());
}

#[test]
fn verify_is_right_while_a_daemon_writes_and_when_it_has_gone() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let emitter = Emitter::builder().socket_path(house.socket()).build().unwrap();
            let event = EventToSend::new("sdk", "t", Decision::Allowed);
            for _ in (0..20_000).take_while(|_| !enough.load(Ordering::Relaxed)) {
                emitter.emit_acknowledged(&event, Duration::from_secs(60)).unwrap();
            }
        });
        let mut lengths = Vec::new();
        wait_until("the chain has grown between five verifications", || {
            let said = house.say(["verify", "--json"]);
            let report = said.json();
            let length = report["receipts"].as_u64().unwrap();
            if length > 0 {
                assert_eq!(
                    (said.code, &report["chains"][0]["result"]),
                    (0, &"VALID".into()),
                    "{}",
                    said.all()
                );
            }
            assert!(lengths.last().is_none_or(|last| *last <= length), "{lengths:?}, then {length}");
            lengths.push(length);
            lengths.dedup();
            lengths.len() > 5
        });
        enough.store(true, Ordering::Relaxed);
    });
    drop(daemon);
    let said = house.say(["verify"]);
    assert!(said.code == 0 && said.out.starts_with("Chain c: VALID ("), "{}", said.all());
}

#[test]
fn a_command_that_cannot_be_run_or_is_killed_has_a_shells_code() {
    let house = House::new();
    let missing = house.say_with_daemon(["run", "--", "no-such-command-anywhere"]);
    assert!(missing.code == 127 && missing.err.contains("nothing was recorded"), "{}", missing.all());
    let directory = house.say_with_daemon(["run", "--", "/"]);
    assert_eq!(directory.code, 126, "{}", directory.all());
    let killed = house.say_with_daemon(["run", "--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(killed.code, 143, "{}", killed.all());
}

#[test]
fn a_signal_ends_the_command_and_not_the_report() {
    let house = House::new();
    // Said by the command itself: a signal that came earlier would only meet the program on its way.
    let script = format!("{RECORD}; trap 'exit 9' TERM; : > ready; while :; do sleep 0.05; done");
    let mut command = house.command(["run", "--", "sh", "-c", &script]);
    command.env("AGENTRECEIPTS_DAEMON_BIN", daemon_binary()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_until("the command is at work", || house.path("ready").exists());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let said = Said::of(&child.wait_with_output().unwrap());
    assert!(said.code == 9 && said.err.contains("VALID (3 receipts)"), "{}", said.all());
    assert!(!house.socket().exists());
}

#[test]
fn without_a_runtime_directory_a_private_one_is_used() {
    let house = House::new();
    std::fs::write(house.path("file"), "").unwrap();
    let mut command = house.command(["run", "--", "sh", "-c", RECORD]);
    command.env("XDG_RUNTIME_DIR", house.path("file")).env("AGENTRECEIPTS_DAEMON_BIN", daemon_binary());
    let said = Said::of(&command.output().unwrap());
    assert!(said.code == 1 && said.err.contains("VALID (3 receipts)"), "{}", said.all());
    assert!(house.data("run").exists());
}

#[test]
fn a_daemon_that_will_not_start_is_quoted_and_nothing_is_run() {
    let house = House::new();
    house.say(["init"]);
    std::fs::create_dir(house.data("receipts.db")).unwrap();
    let said = house.say_with_daemon(["run", "--", "touch", "made"]);
    assert!(
        said.code == 1 && said.err.contains("daemon: ") && said.err.contains("receipts.db"),
        "{}",
        said.all()
    );
    assert!(!house.path("made").exists());
}

#[test]
fn a_lost_key_is_not_made_anew() {
    let house = House::new();
    assert_eq!(house.say_with_daemon(["run", "--", "true"]).code, 0);
    std::fs::remove_file(house.data("signing.key")).unwrap();
    let said = house.say_with_daemon(["run", "--", "touch", "made"]);
    assert!(said.code == 1 && said.err.contains("signing.key"), "{}", said.all());
    assert!(!house.path("made").exists());
}

/// The example of the README, as it stands.
#[test]
fn the_first_session_ends_well() {
    let house = House::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/first-session.sh");
    let said = house.say_with_daemon(["run", "--", "sh", script]);
    assert_eq!(said.code, 0, "{}", said.all());
    let (valid, broken) = (said.out.find(": VALID ("), said.out.find(": BROKEN at receipt"));
    assert!(valid.is_some() && valid < broken, "{}", said.all());
    assert!(said.err.contains("recorded in session") && said.err.contains("failure"), "{}", said.all());
    assert!(said.err.contains(": VALID (") && !said.err.contains("BROKEN"), "{}", said.all());
}
