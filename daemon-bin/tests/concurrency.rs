//! Many emitters at once: one chain, without a gap, and every receipt with its own sender.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::sync::Barrier;
use std::time::Duration;

use agent_receipts_chain::Status;
use agent_receipts_core::Received;
use agent_receipts_ipc::{Ack, Decision, Emitter, EventToSend};
use support::process::{DaemonProcess, Kept, chain_ids, play, valid, wait_for_end};
use support::{Home, event, field};

const PROCESSES: usize = 8;
const EVENTS: usize = 5_000;
const SOCKET: &str = "CONCURRENCY_TEST_SOCKET";

#[test]
fn eight_processes_of_five_thousand_events_make_one_gapless_chain() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let mut emitters: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut command = play("emit_as_one_of_many_processes", SOCKET, &home.config.socket);
            Kept(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
        })
        .collect();
    // All wait for the word, so that all send at once.
    let mut outputs: Vec<_> =
        emitters.iter_mut().map(|child| BufReader::new(child.0.stdout.take().unwrap())).collect();
    for output in &mut outputs {
        assert!(output.lines().any(|line| line.unwrap().ends_with("ready")), "an emitter did not come up");
    }
    emitters.iter_mut().for_each(|child| child.0.stdin.take().unwrap().write_all(b"go\n").unwrap());
    let mut expected = BTreeMap::new();
    for (child, output) in emitters.iter_mut().zip(outputs) {
        let said: Vec<_> = output.lines().map_while(Result::ok).collect();
        let status = wait_for_end(&mut child.0);
        assert!(status.success(), "{status}: {said:?}");
        assert!(said.iter().any(|line| line == "all acknowledged"), "{said:?}");
        expected.insert(u64::from(child.0.id()), EVENTS);
    }
    daemon.stop();

    assert_eq!(chain_ids(&home), ["audit"]);
    let verdict = valid(&home, "audit");
    assert_eq!(verdict.length as usize, PROCESSES * EVENTS + 1);
    assert_eq!(verdict.status, Status::Interrupted);
    let mut by_pid = BTreeMap::<u64, Vec<String>>::new();
    for stored in home.rows() {
        let receipt = Received::parse(stored.row.receipt_json.as_bytes()).unwrap().into_receipt();
        match receipt.subject.action.peer_credential {
            Some(peer) => by_pid.entry(peer.pid).or_default().push(receipt.subject.correlation_id.unwrap()),
            None => assert_eq!(receipt.subject.chain.terminal, Some(true)),
        }
    }
    let counts: BTreeMap<_, _> = by_pid.iter().map(|(pid, events)| (*pid, events.len())).collect();
    assert_eq!(counts, expected, "each process has its own events under its own pid");
    for (pid, events) in by_pid {
        // Within one connection the order of the chain is the order of sending.
        assert!(events.iter().enumerate().all(|(n, id)| *id == format!("{pid}-{n}")), "pid {pid}");
    }
}

#[test]
fn emit_as_one_of_many_processes() {
    // Only does something as a child of the test above.
    let Ok(socket) = std::env::var(SOCKET) else { return };
    let patience = Duration::from_secs(120);
    let emitter = Emitter::builder()
        .socket_path(socket)
        .session_id("s")
        .no_drop_folder()
        .dial_timeout(patience)
        .write_timeout(patience)
        .build()
        .unwrap();
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let pid = std::process::id();
    for n in 0..EVENTS {
        let correlation_id = format!("{pid}-{n}");
        let mut event = EventToSend::new("sdk", "t", Decision::Allowed);
        event.correlation_id = &correlation_id;
        event.input = Some(r#"{"path":"/srv/x"}"#);
        if n + 1 < EVENTS {
            emitter.emit(&event).unwrap();
            continue;
        }
        // Events of one connection are recorded in order, so the last reply speaks for all.
        let ack = emitter.emit_acknowledged(&event, patience).unwrap();
        assert!(matches!(ack, Ack::Accepted { .. }), "{ack:?}");
    }
    assert_eq!(emitter.dropped(), 0);
    println!("all acknowledged");
}

#[test]
fn four_emitters_of_fifty_frames_share_a_chain() {
    let home = Home::new();
    let daemon = home.start();
    std::thread::scope(|scope| {
        for emitter in 0..4 {
            let mut client = home.connect();
            scope.spawn(move || {
                for n in 0..50 {
                    client.record(&event(&format!(r#""correlation_id":"{emitter}-{n}""#)));
                }
            });
        }
    });
    daemon.stop().unwrap();
    assert_eq!(valid(&home, "audit").length, 4 * 50 + 1);
    let mut ids: Vec<_> = home.receipts().into_iter().filter_map(|r| r.subject.correlation_id).collect();
    ids.sort();
    let mut expected: Vec<_> = (0..4).flat_map(|e| (0..50).map(move |n| format!("{e}-{n}"))).collect();
    expected.sort();
    assert_eq!(ids, expected, "every event once, none twice");
}

#[test]
fn two_long_sessions_interleave_on_one_chain() {
    let home = Home::new();
    let daemon = home.start();
    let mut sessions = ["github", "slack"].map(|server| (server, home.connect()));
    // Turn and turn about, and now and then twice, so that neither waits for the other's connection to end.
    for turn in 0..60_u64 {
        let (server, client) = &mut sessions[usize::from(turn % 2 == 1 || turn % 10 == 0)];
        let reply = client.record(&call(server, &format!("turn-{turn}")));
        assert_eq!(field(&reply, "sequence").as_u64(), Some(turn + 1));
    }
    // Then both at once, none waiting for a reply before the last.
    let start = Barrier::new(sessions.len());
    std::thread::scope(|scope| {
        for (server, client) in &mut sessions {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                (0..200).for_each(|n| client.send(&call(server, &format!("{server}-{n}"))));
                client.record(&call(server, &format!("{server}-200")));
            });
        }
    });
    daemon.stop().unwrap();
    assert_eq!(valid(&home, "audit").length, 60 + 2 * 201 + 1);
    let mut by_server = BTreeMap::<String, Vec<String>>::new();
    for receipt in home.receipts() {
        let of = by_server.entry(receipt.subject.action.kind).or_default();
        of.extend(receipt.subject.correlation_id.filter(|id| !id.starts_with("turn-")));
    }
    for server in ["github", "slack"] {
        let expected: Vec<_> = (0..=200).map(|n| format!("{server}-{n}")).collect();
        assert_eq!(by_server[&format!("mcp_proxy.{server}.call")], expected, "each once and in its order");
    }
}

/// A call that a proxy saw on its way to `server`.
fn call(server: &str, id: &str) -> String {
    event(&format!(r#""correlation_id":"{id}""#))
        .replace(r#"{"name":"t"}"#, &format!(r#"{{"server":"{server}","name":"call"}}"#))
        .replace(r#""session_id":"s""#, &format!(r#""session_id":"{server}""#))
        .replace("sdk", "mcp_proxy")
}

#[test]
fn many_agents_at_once_each_have_a_gapless_chain() {
    let home = Home::new();
    let daemon = home.start();
    home.connect().record(&event(""));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let mut client = home.connect();
            // All eight connections write to all twenty chains.
            scope.spawn(move || {
                for n in 0..100 {
                    client.record(&event(&format!(r#""agent_id":"agent-{}""#, n % 20)));
                }
            });
        }
    });
    daemon.stop().unwrap();
    assert_eq!(chain_ids(&home).len(), 21);
    for agent in 0..20 {
        let verdict = valid(&home, &format!("audit/agent/agent-{agent}"));
        assert_eq!((verdict.length, verdict.status), (8 * 5 + 1, Status::Interrupted));
    }
}

#[test]
fn emitters_that_are_there_at_the_restart_leave_no_gap() {
    let home = Home::new();
    DaemonProcess::start(&home).kill();
    for run in 1..=3 {
        let daemon = DaemonProcess::start(&home);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mut client = home.connect();
                scope.spawn(move || (0..25).for_each(|_| drop(client.record(&event("")))));
            }
        });
        daemon.kill();
        assert_eq!(valid(&home, "audit").length, run * 100);
    }
    assert_eq!(chain_ids(&home), ["audit"]);
}
