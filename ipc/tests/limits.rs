//! Caps and time-outs, each against a peer that means harm.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::time::Duration;

use agent_receipts_ipc::{FrameError, Limits, Notice};
use common::{Running, asks, read_to_end, send};

#[test]
fn one_connection_more_than_allowed_is_refused() {
    let running = Running::with(Limits { connections: 3, ..Limits::default() });
    let mut open: Vec<_> = (0..3).map(|_| running.connect_known()).collect();
    assert_eq!(read_to_end(&mut running.connect()), b"");
    running.recorder.wait("a notice", |seen| seen.notices == [Notice::ConnectionLimit { limit: 3 }]);
    assert_eq!((running.totals().refused_by_limit, running.totals().accepted), (1, 3));
    // Those inside are unharmed, and one that leaves makes room.
    open.iter_mut().for_each(|stream| send(stream, b"inside"));
    running.recorder.wait("three frames", |seen| seen.frames.len() == 3);
    drop(open.pop());
    running.recorder.wait("an end", |seen| seen.closed == 1);
    assert_room(&running);
}

#[test]
fn one_connection_more_than_a_user_may_have_is_refused() {
    let running = Running::with(Limits { connections_per_uid: 2, ..Limits::default() });
    let mut open: Vec<_> = (0..2).map(|_| running.connect_known()).collect();
    assert_eq!(read_to_end(&mut running.connect()), b"");
    let uid = rustix::process::geteuid().as_raw();
    running.recorder.wait("a notice", |seen| seen.notices == [Notice::UidLimit { uid, limit: 2 }]);
    assert_eq!((running.totals().refused_by_uid_limit, running.totals().refused_by_limit), (1, 0));
    drop(open.pop());
    running.recorder.wait("an end", |seen| seen.closed == 1);
    assert_room(&running);
}

/// The place is given back just after the session has heard of the end, so a few tries are fair.
fn assert_room(running: &Running) {
    let served = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        asks(&mut running.connect())
    });
    assert!(served, "no room was made");
}

#[test]
fn a_frame_that_is_never_finished_ends_its_connection() {
    let running = Running::with(Limits { frame: Duration::from_millis(50), ..Limits::default() });
    let mut stream = running.connect();
    stream.write_all(&[0, 0, 1, 0, b'x']).unwrap();
    assert_eq!(read_to_end(&mut stream), b"");
    let seen = running.recorder.wait("a rejection", |seen| !seen.rejected.is_empty());
    assert_eq!(seen.rejected, [FrameError::TimedOut { received: 5 }]);
    running.assert_lives();
}

#[test]
fn a_byte_now_and_then_does_not_keep_a_frame_alive() {
    let running = Running::with(Limits { frame: Duration::from_millis(100), ..Limits::default() });
    let mut stream = running.connect();
    stream.write_all(&1000_u32.to_be_bytes()).unwrap();
    // Far more than the time allowed, unless the connection is ended.
    let cut = (0..2000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        stream.write_all(b"x").is_err()
    });
    assert!(cut, "a slow frame was not cut off");
    let seen = running.recorder.wait("a rejection", |seen| !seen.rejected.is_empty());
    assert!(matches!(seen.rejected[..], [FrameError::TimedOut { .. }]), "{seen:?}");
}

#[test]
fn a_connection_that_sends_nothing_is_closed_in_the_end() {
    let running = Running::with(Limits { idle: Duration::from_secs(1), ..Limits::default() });
    let mut stream = running.connect();
    send(&mut stream, b"one");
    assert_eq!(read_to_end(&mut stream), b"");
    let seen = running.recorder.wait("a notice", |seen| !seen.notices.is_empty());
    assert!(matches!(seen.notices[..], [Notice::Idle { .. }]), "{seen:?}");
    assert_eq!((seen.frames.len(), seen.rejected.len(), running.totals().idle_closed), (1, 0, 1));
}

#[test]
fn the_frame_time_out_leaves_idle_connections_alone() {
    let running = Running::with(Limits { frame: Duration::from_millis(20), ..Limits::default() });
    let mut quiet = running.connect_known();
    send(&mut quiet, b"first");
    running.recorder.wait("the first", |seen| seen.frames.len() == 1);
    // Another connection runs into the time-out meanwhile.
    running.connect().write_all(&[0]).unwrap();
    let mut slow = running.connect();
    slow.write_all(&[0]).unwrap();
    assert_eq!(read_to_end(&mut slow), b"");
    send(&mut quiet, b"second");
    running.recorder.wait("the second", |seen| seen.frames.contains(&b"second".to_vec()));
}
