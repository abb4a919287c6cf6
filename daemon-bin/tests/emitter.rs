//! The emitter client and the daemon together, and readers beside them.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agent_receipts_chain::{Outcome, Status};
use agent_receipts_ipc::{Ack, Decision, Emitter, EventToSend};
use support::process::{DaemonProcess, Kept, play, valid, verdict, wait_for_end};
use support::{Home, event, field};

const PATIENCE: Duration = Duration::from_secs(60);
const CONFINED: &str = "EMITTER_TEST_SOCKET";

fn emitter(home: &Home) -> Emitter {
    Emitter::builder()
        .socket_path(&home.config.socket)
        .session_id("s")
        .no_drop_folder()
        .write_timeout(PATIENCE)
        .build()
        .unwrap()
}

fn acknowledged(emitter: &Emitter, event: &EventToSend<'_>) -> u64 {
    match emitter.emit_acknowledged(event, PATIENCE).unwrap() {
        Ack::Accepted { sequence, .. } => sequence,
        refused => panic!("{refused:?}"),
    }
}

#[test]
fn what_an_emitter_lost_while_the_daemon_was_away_stands_right_before_its_next_event() {
    let home = Home::new();
    let emitter = emitter(&home);
    let event = EventToSend::new("sdk", "t", Decision::Allowed);
    // The daemon ends by crashes: an orderly stop would close the chain, and one chain is to tell it all.
    for (lost, sequence) in [(0, 1), (3, 3), (2, 5)] {
        for count in 1..=lost {
            emitter.emit_acknowledged(&event, PATIENCE).unwrap_err();
            assert_eq!(emitter.dropped(), count);
        }
        let daemon = DaemonProcess::start(&home);
        assert_eq!(acknowledged(&emitter, &event), sequence);
        assert_eq!(emitter.dropped(), 0, "told, and not told again");
        daemon.kill();
    }
    let told: Vec<_> = home
        .chain("audit")
        .iter()
        .map(|r| r.subject.action.emitter_metadata.as_ref().and_then(|metadata| metadata.drop_count))
        .collect();
    assert_eq!(told, [None, Some(3), None, Some(2), None]);
    assert_eq!(valid(&home, "audit").status, Status::Unknown);
}

// Elsewhere there is no folder that refuses even root.
#[cfg(target_os = "linux")]
#[test]
fn an_emitter_needs_nothing_but_the_socket() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    // Where nobody, not even root, can make a file.
    let nowhere = "/proc/self/fdinfo";
    let mut command = play("emit_from_a_confined_place", CONFINED, &home.config.socket);
    command.env_clear().env(CONFINED, &home.config.socket).current_dir(nowhere);
    for variable in
        ["HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"]
    {
        command.env(variable, nowhere);
    }
    let mut child = Kept(command.stdout(std::process::Stdio::null()).spawn().unwrap());
    assert!(wait_for_end(&mut child.0).success());
    daemon.stop();
    let chain = home.chain("audit");
    assert_eq!(chain[0].subject.action.kind, "sdk.confined");
    assert_eq!(chain[0].subject.action.peer_credential.as_ref().unwrap().pid, u64::from(child.0.id()));
}

#[cfg(target_os = "linux")]
#[test]
fn emit_from_a_confined_place() {
    // Only does something as the child of the test above.
    let Ok(socket) = std::env::var(CONFINED) else { return };
    assert!(std::fs::File::create("probe").is_err(), "this place was to be read-only");
    let emitter = Emitter::builder().socket_path(socket).build().unwrap();
    let event = EventToSend::new("sdk", "confined", Decision::Allowed);
    assert_eq!(acknowledged(&emitter, &event), 1);
}

#[test]
fn emitters_of_different_channels_interleave_on_one_chain() {
    let home = Home::new();
    let daemon = home.start();
    std::thread::scope(|scope| {
        for (channel, server) in [("sdk", ""), ("mcp_proxy", "github"), ("mcp", "slack"), ("claude-code", "")]
        {
            let emitter = emitter(&home);
            scope.spawn(move || {
                for n in 0..40 {
                    let input = format!("{{\"n\":{n}}}");
                    let mut event = EventToSend::new(channel, "call", Decision::Allowed);
                    (event.tool_server, event.input, event.output) =
                        (server, Some(input.as_str()), Some("[true]"));
                    acknowledged(&emitter, &event);
                }
            });
        }
    });
    daemon.stop().unwrap();
    assert_eq!(valid(&home, "audit").length, 161);
    for kind in ["sdk.call", "mcp_proxy.github.call", "mcp.slack.call", "claude-code.call"] {
        let chain = home.chain("audit");
        let of_kind: Vec<_> = chain.iter().filter(|r| r.subject.action.kind == kind).collect();
        assert_eq!(of_kind.len(), 40, "{kind}");
        for (n, receipt) in of_kind.iter().enumerate() {
            let expected =
                agent_receipts_core::ReceiptHash::of(format!("{{\"n\":{n}}}").as_bytes()).to_string();
            assert_eq!(receipt.subject.action.parameters_hash.as_ref(), Some(&expected), "{kind}, {n}");
            let expected = agent_receipts_core::ReceiptHash::of(b"[true]").to_string();
            assert_eq!(receipt.subject.outcome.response_hash.as_ref(), Some(&expected), "{kind}, {n}");
        }
    }
}

#[test]
fn a_chain_verifies_while_it_is_written_and_when_the_daemon_has_gone() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    home.connect().record(&event(""));
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (mut client, enough) = (home.connect(), &enough);
        scope.spawn(move || {
            (0..100_000)
                .take_while(|_| !enough.load(Ordering::Relaxed))
                .for_each(|_| drop(client.record(&event(""))));
        });
        let mut last = 0;
        for _ in 0..20 {
            let verdict = verdict(&home, "audit");
            assert_eq!((verdict.outcome, verdict.status), (Outcome::Valid, Status::Unknown), "{verdict:?}");
            assert!(verdict.length >= last);
            last = verdict.length;
        }
        enough.store(true, Ordering::Relaxed);
    });
    daemon.stop();
    assert_eq!(valid(&home, "audit").status, Status::Interrupted);
}

#[test]
fn the_first_receipt_after_a_restart_links_to_the_last_before() {
    let home = Home::new();
    let mut last = None;
    for run in 0..3 {
        let daemon = DaemonProcess::start(&home);
        let mut client = home.connect();
        let first = client.record(&event(""));
        let sequence = field(&first, "sequence").as_u64().unwrap();
        assert_eq!(sequence, run * 2 + 1);
        let link = home.chain("audit")[sequence as usize - 1].subject.chain.previous_receipt_hash.clone();
        assert_eq!(link, last);
        last = field(&client.record(&event("")), "receipt_hash").as_str().map(str::to_owned);
        daemon.kill();
    }
}
