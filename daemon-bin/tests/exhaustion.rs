//! Peers that use up what there is: descriptors, connections, the queue, their own replies. The daemon lives on.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agent_receipts_chain::Status;
use support::process::{DaemonProcess, daemon, daemon_after, valid};
use support::{Client, Home, event, field, wait_until};

/// The reference ends with 42 idle connections where 40 descriptors are allowed.
const DESCRIPTORS: &str = "ulimit -n 40";
const IDLE: usize = 60;

/// Whether the daemon has closed this connection.
fn is_closed(stream: &UnixStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let closed = matches!((&*stream).read(&mut [0]), Ok(0));
    stream.set_nonblocking(false).unwrap();
    closed
}

#[test]
fn without_descriptors_it_serves_whom_it_has_and_later_others() {
    let home = Home::new();
    let mut daemon = DaemonProcess::start_with(daemon_after(DESCRIPTORS, &home));
    let mut early = home.connect();
    early.record(&event(""));
    let idle: Vec<_> = (0..IDLE).map(|_| home.connect()).collect();
    wait_until("descriptors to run out", || daemon.logged("out of file descriptors"));
    // Whoever was there before is served as ever.
    (0..20).for_each(|_| drop(early.record(&event(""))));
    // Whoever found no room was told so by the end of the connection, and not left waiting.
    wait_until("the surplus to be closed", || {
        idle.iter().filter(|client| is_closed(&client.0)).count() >= 20
    });
    let kept = idle.iter().filter(|client| !is_closed(&client.0)).count();
    assert!(kept >= 5, "{kept} of {IDLE} were kept");
    assert!(daemon.is_running());
    drop(idle);
    // Others are served again once there is room.
    let mut served = false;
    wait_until("a new connection to be served", || {
        let mut late = home.connect();
        late.0.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let frame = event(r#""ack":true"#);
        let sent = late.0.write_all(&[&(frame.len() as u32).to_be_bytes(), frame.as_bytes()].concat());
        served = sent.is_ok() && late.0.read_exact(&mut [0; 4]).is_ok();
        served
    });
    daemon.stop();
    let verdict = valid(&home, "audit");
    assert_eq!(verdict.status, Status::Interrupted);
    assert!(verdict.length >= 23);
}

#[test]
fn without_descriptors_it_still_ends_in_good_order() {
    let home = Home::new();
    let daemon = DaemonProcess::start_with(daemon_after(DESCRIPTORS, &home));
    let mut early = home.connect();
    early.record(&event(""));
    let _idle: Vec<_> = (0..IDLE).map(|_| home.connect()).collect();
    wait_until("descriptors to run out", || daemon.logged("out of file descriptors"));
    // An agent's first event and the terminators touch the database, which needs no descriptor that it has not.
    early.record(&event(r#""agent_id":"a""#));
    daemon.stop();
    assert_eq!(valid(&home, "audit").status, Status::Interrupted);
    assert_eq!(valid(&home, "audit/agent/a").status, Status::Interrupted);
    assert!(!home.config.socket.exists());
}

#[test]
fn connections_beyond_a_cap_are_closed_and_logged_and_those_within_are_served() {
    let uid = rustix::process::getuid().as_raw();
    for (flag, line) in [
        ("--max-connections=3", "connection refused: 3 connections are open".to_owned()),
        (
            "--max-connections-per-uid=3",
            format!("connection of uid {uid} refused: 3 of its connections are open"),
        ),
    ] {
        let home = Home::new();
        let mut command = daemon(&home);
        command.arg(flag);
        let daemon = DaemonProcess::start_with(command);
        let mut within: Vec<_> = (0..3).map(|_| home.connect()).collect();
        within.iter_mut().for_each(|client| drop(client.record(&event(""))));
        for _ in 0..5 {
            let mut beyond = home.connect();
            // Closed, not kept waiting: the read ends at once, without a byte.
            assert_eq!(beyond.0.read_to_end(&mut Vec::new()).unwrap_or(0), 0, "{flag}");
        }
        wait_until(&line, || daemon.logged(&line));
        within.iter_mut().for_each(|client| drop(client.record(&event(""))));
        within.pop();
        wait_until("the place that was given back", || {
            let mut again = home.connect();
            let frame = event(r#""ack":true"#);
            let sent = again.0.write_all(&[&(frame.len() as u32).to_be_bytes(), frame.as_bytes()].concat());
            sent.is_ok() && again.0.read_exact(&mut [0; 4]).is_ok()
        });
        daemon.stop();
        let verdict = valid(&home, "audit");
        assert_eq!((verdict.length, verdict.status), (3 + 3 + 1 + 1, Status::Interrupted), "{flag}");
    }
}

#[test]
fn a_client_that_reads_no_replies_is_cut_off_and_the_others_are_served() {
    let home = Home::new();
    let daemon = home.start();
    let mut flooding = home.connect();
    let flood = std::thread::spawn(move || {
        let frame = event(r#""ack":true"#);
        let frame = [&(frame.len() as u32).to_be_bytes(), frame.as_bytes()].concat();
        (0..1_000_000).take_while(|_| flooding.0.write_all(&frame).is_ok()).count()
    });
    let mut polite = home.connect();
    while !home.logged("does not read its replies") {
        polite.record(&event(""));
        assert!(home.lines.lock().unwrap().len() < 1_000, "a flood of frames is no flood of lines");
    }
    polite.record(&event(""));
    let sent = flood.join().unwrap();
    assert!(sent < 1_000_000, "the flood was never stopped");
    polite.record(&event(""));
    daemon.stop().unwrap();
    assert_eq!(valid(&home, "audit").status, Status::Interrupted);
}

#[test]
fn floods_without_replies_hold_back_their_senders_and_starve_nobody() {
    let home = Home::new();
    let daemon = home.start();
    let enough = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let floods: Vec<_> = (0..4)
            .map(|_| {
                let mut client = home.connect();
                let enough = &enough;
                scope.spawn(move || {
                    let frames = (0..1_000_000).take_while(|_| !enough.load(Ordering::Relaxed));
                    frames.map(|_| client.send(&event(r#""input":[1]"#))).count()
                })
            })
            .collect();
        let mut polite = home.connect();
        (0..20).for_each(|_| drop(polite.record(&event(""))));
        enough.store(true, Ordering::Relaxed);
        floods.into_iter().map(|flood| flood.join().unwrap()).sum::<usize>()
    });
    // Frames that the kernel had taken from clients that have gone are recorded all the same.
    daemon.stop().unwrap();
    assert_eq!(valid(&home, "audit").length as usize, sent + 20 + 1);
}

#[test]
fn a_frame_that_never_ends_and_a_client_that_says_nothing_are_hung_up_on() {
    let home = Home::new();
    let mut command = daemon(&home);
    command.args(["--read-timeout", "300ms", "--idle-timeout", "1s"]);
    let daemon = DaemonProcess::start_with(command);
    let mut silent = home.connect();
    let mut slow = home.connect();
    slow.0.write_all(&[0, 0, 0, 200, b'{']).unwrap();
    assert_eq!(slow.0.read_to_end(&mut Vec::new()).unwrap(), 0);
    assert_eq!(silent.0.read_to_end(&mut Vec::new()).unwrap(), 0);
    wait_until("both in the log", || {
        daemon.logged("not finished in time") && daemon.logged("idle connection")
    });
    // The unfinished frame is a loss like another, and told as one.
    let reply = home.connect().record(&event(""));
    assert_eq!(field(&reply, "sequence").as_u64(), Some(2));
    daemon.stop();
    let chain = home.chain("audit");
    assert_eq!(chain[0].subject.action.emitter_metadata.as_ref().unwrap().drop_count, Some(1));
}

#[test]
fn one_rejected_peer_after_another_does_not_fill_the_log() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    (0..5_000).for_each(|_| client.send("nonsense"));
    client.record(&event(""));
    daemon.stop().unwrap();
    let lines = home.lines.lock().unwrap().iter().filter(|line| line.contains("frame refused")).count();
    assert!((8..40).contains(&lines), "{lines} lines for 5,000 frames");
    let chain = home.chain("audit");
    assert_eq!(chain[0].subject.action.emitter_metadata.as_ref().unwrap().drop_count, Some(5_000));
}

#[test]
fn the_largest_frames_from_many_at_once_are_bounded_and_recorded() {
    let home = Home::new();
    let daemon = home.start();
    let shell = event(r#""ack":true,"input":"""#).len();
    let full = event(&format!(r#""ack":true,"input":"{}""#, "x".repeat((1 << 20) - shell)));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (mut client, full): (Client, &str) = (home.connect(), &full);
            scope.spawn(move || {
                for _ in 0..10 {
                    client.send(full);
                    assert_eq!(field(&client.reply(), "ok").as_bool(), Some(true));
                }
            });
        }
    });
    daemon.stop().unwrap();
    assert_eq!(valid(&home, "audit").length, 81);
}
