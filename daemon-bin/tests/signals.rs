//! How the daemon's process ends: by signals, and never by one that is not meant to end it.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agent_receipts_chain::Status;
use agent_receipts_core::json::{Rules, parse};
use rustix::process::{Signal, kill_process};
use support::process::{DaemonProcess, Kept, chain_ids, daemon, daemon_after, valid, wait_for_end};
use support::{Home, event, field, wait_until};

/// Ends a daemon that has recorded one event, and expects a good end.
fn ends_well(signal: Signal) {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    home.connect().record(&event(""));
    daemon.signal(signal);
    let (status, lines) = daemon.wait();
    assert_eq!(status.code(), Some(0), "{signal:?}: {status} {lines:?}");
    let verdict = valid(&home, "audit");
    assert_eq!((verdict.length, verdict.status), (2, Status::Interrupted), "{signal:?}");
    assert!(!home.config.socket.exists(), "{signal:?}: the socket's file was left behind");
}

#[test]
fn sigterm_closes_the_chain_and_ends_with_success() {
    ends_well(Signal::TERM);
}

#[test]
fn sigint_does_the_same() {
    ends_well(Signal::INT);
}

#[test]
fn a_terminal_that_closes_ends_the_daemon_in_good_order() {
    // Whoever runs the tests may ignore it, as `nohup` has it, and a daemon inherits that. What is caught here, it does not.
    let _caught = signal_hook::iterator::Signals::new([Signal::HUP.as_raw()]).unwrap();
    ends_well(Signal::HUP);
}

#[test]
fn a_daemon_that_was_told_to_ignore_the_terminal_outlives_it() {
    let home = Home::new();
    let mut daemon = DaemonProcess::start_with(daemon_after("trap '' HUP", &home));
    daemon.signal(Signal::HUP);
    home.connect().record(&event(""));
    assert!(daemon.is_running());
    daemon.stop();
    assert_eq!(valid(&home, "audit").length, 2);
}

#[test]
fn an_empty_chain_is_left_empty() {
    let home = Home::new();
    DaemonProcess::start(&home).stop();
    assert_eq!(home.rows().len(), 0);
}

#[test]
fn a_deadline_that_has_passed_is_a_good_end_without_a_terminator() {
    let home = Home::new();
    let mut command = daemon(&home);
    command.arg("--shutdown-deadline=0s");
    let daemon = DaemonProcess::start_with(command);
    home.connect().record(&event(""));
    daemon.signal(Signal::TERM);
    let (status, lines) = daemon.wait();
    assert_eq!(status.code(), Some(0), "{status} {lines:?}");
    assert!(lines.iter().any(|line| line.contains("deadline")), "{lines:?}");
    let verdict = valid(&home, "audit");
    assert_eq!((verdict.length, verdict.status), (1, Status::Unknown));
}

#[test]
fn idle_clients_do_not_hold_up_the_end() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let _idle = home.connect();
    let mut within_a_frame = home.connect();
    within_a_frame.0.write_all(&[0, 0, 1, 0, b'{']).unwrap();
    home.connect().record(&event(""));
    daemon.stop();
    let verdict = valid(&home, "audit");
    assert_eq!(verdict.status, Status::Interrupted);
}

#[test]
fn traffic_at_the_end_loses_nothing_acknowledged_and_nothing_follows_the_terminator() {
    for signals in [&[Signal::TERM][..], &[Signal::INT, Signal::TERM, Signal::TERM, Signal::INT]] {
        let home = Home::new();
        let daemon = DaemonProcess::start(&home);
        let recorded = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let stream = UnixStream::connect(&home.config.socket).unwrap();
                let recorded = Arc::clone(&recorded);
                std::thread::spawn(move || send_until_refused(stream, &recorded))
            })
            .collect();
        wait_until("some traffic", || recorded.load(Ordering::Relaxed) > 20);
        signals.iter().for_each(|signal| daemon.signal(*signal));
        let (status, lines) = daemon.wait();
        assert_eq!(status.code(), Some(0), "{status} {lines:?}");
        let stored: Vec<_> = home.rows().into_iter().map(|row| row.row.id).collect();
        let acknowledged: Vec<_> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        assert!(acknowledged.len() > 20);
        for id in &acknowledged {
            assert!(stored.contains(id), "{id} was acknowledged and is not there");
        }
        assert_eq!(chain_ids(&home), ["audit"]);
        let verdict = valid(&home, "audit");
        assert_eq!(verdict.status, Status::Interrupted, "the terminator is there and the last");
    }
}

/// Sends until the daemon has gone; gives the ids of the receipts that it acknowledged.
fn send_until_refused(mut stream: UnixStream, recorded: &AtomicUsize) -> Vec<String> {
    let body = event(r#""ack":true"#);
    let mut ids = Vec::new();
    for _ in 0..100_000 {
        let mut length = [0; 4];
        let sent = stream
            .write_all(&[&(body.len() as u32).to_be_bytes(), body.as_bytes()].concat())
            .and_then(|()| stream.read_exact(&mut length));
        if sent.is_err() {
            break;
        }
        let mut reply = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut reply).unwrap();
        let reply = parse(&reply, Rules::Receipt).unwrap();
        match field(&reply, "ok").as_bool() {
            Some(true) => {
                ids.push(field(&reply, "receipt_id").as_str().unwrap().to_owned());
                recorded.fetch_add(1, Ordering::Relaxed);
            }
            _ => {
                assert_eq!(field(field(&reply, "error"), "code").as_str(), Some("shutting_down"), "{reply}");
                break;
            }
        }
    }
    ids
}

#[test]
fn a_signal_during_the_start_is_not_lost() {
    let home = Home::new();
    // At every moment of a start: before the handlers it kills, after them it stops; never does it hang or leave a mess.
    for lines in 0..4 {
        let daemon = DaemonProcess::spawn(daemon(&home));
        wait_until("the start", || daemon.lines().len() >= lines);
        daemon.signal(Signal::TERM);
        let (status, said) = daemon.wait();
        let stopped = status.code() == Some(0);
        let killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(Signal::TERM.as_raw());
        assert!(stopped || (killed && lines == 0), "{status} {said:?}");
    }
    DaemonProcess::start(&home).stop();
}

#[test]
fn a_broken_pipe_or_a_full_file_does_not_end_it() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    let mut client = home.connect();
    client.record(&event(""));
    for signal in [Signal::PIPE, Signal::XFSZ] {
        daemon.signal(signal);
        client.record(&event(""));
    }
    // Replies to a peer that has gone are writes to a broken pipe.
    let mut rude = home.connect();
    (0..50).for_each(|_| rude.send(&event(r#""ack":true"#)));
    drop(rude);
    client.record(&event(""));
    daemon.stop();
    assert_eq!(valid(&home, "audit").status, Status::Interrupted);
}

#[test]
fn a_log_that_nobody_reads_any_more_does_not_end_it() {
    let home = Home::new();
    let mut child = Kept(daemon(&home).stderr(Stdio::piped()).spawn().unwrap());
    let pid = rustix::process::Pid::from_child(&child.0);
    let mut log = std::io::BufReader::new(child.0.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening on") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut log, &mut line).unwrap(), 0, "it ended");
    }
    drop(log);
    let mut client = home.connect();
    // Each of these is worth a line in the log.
    client.send("not an event");
    client.record(&event(r#""unknown":1"#));
    let mut broken = home.connect();
    broken.0.write_all(&[255; 4]).unwrap();
    assert_eq!(broken.0.read_to_end(&mut Vec::new()).unwrap(), 0);
    client.record(&event(""));
    home.connect().record(&event(""));
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(wait_for_end(&mut child.0).code(), Some(0));
    let verdict = valid(&home, "audit");
    assert_eq!(verdict.status, Status::Interrupted);
}

/// The key must not end up in a core file, wherever the system would put it.
#[cfg(target_os = "linux")]
#[test]
fn its_memory_is_written_to_no_core_file() {
    let home = Home::new();
    let daemon = DaemonProcess::start_with(daemon_after("ulimit -c unlimited 2>/dev/null", &home));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid().as_raw_nonzero())).unwrap();
    let core: Vec<_> = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(&core[4..6], ["0", "0"], "{limits}");
    daemon.stop();
}
