//! Ending a listener: what was received is handled, nobody is waited for.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::time::Duration;

use agent_receipts_ipc::{FrameError, Limits};
use common::{PATIENCE, Running, read_to_end, send};

#[test]
fn an_idle_client_does_not_delay_the_end() {
    // Were the idle connection waited for, this would last for as long as the test may.
    let running = Running::with(Limits { drain: PATIENCE * 100, ..Limits::default() });
    let mut idle = running.connect_known();
    let path = running.path.clone();
    let (stopped, seen) = running.stop();
    assert_eq!((stopped.unfinished, seen.closed), (0, 1));
    assert!(!path.exists());
    assert_eq!(read_to_end(&mut idle), b"");
}

#[test]
fn what_was_received_is_handled_before_the_end() {
    let running = Running::start();
    let mut stream = running.connect();
    send(&mut stream, b"block");
    running.recorder.wait("the blocking frame", |seen| seen.frames.len() == 1);
    // These stay in the kernel: the session is still in its first frame when the stop comes.
    (0..100).for_each(|_| send(&mut stream, b"late"));
    running.stop.stop();
    running.recorder.open_gate();
    let (stopped, seen) = running.stop();
    assert_eq!((stopped.unfinished, seen.frames.len(), seen.closed), (0, 101, 1));
}

#[test]
fn connections_that_wait_to_be_accepted_are_handled_too() {
    let dir = common::dir();
    let path = dir.path().join("s");
    let recorder = std::sync::Arc::new(common::Recorder::default());
    let listener =
        agent_receipts_ipc::Listener::bind(&path, common::options(Limits::default(), &recorder)).unwrap();
    for number in 0..20_u8 {
        send(&mut common::connect(&path), &[b'n', number]);
    }
    // Stopped before it ever ran: all twenty are still in the queue.
    listener.shutdown_handle().stop();
    let handler = std::sync::Arc::new(common::RecorderHandler(std::sync::Arc::clone(&recorder)));
    assert_eq!(listener.run(handler).unfinished, 0);
    assert_eq!(recorder.seen().frames.len(), 20);
}

#[test]
fn a_frame_cut_by_the_end_is_told_and_not_handled() {
    let running = Running::start();
    let mut stream = running.connect();
    send(&mut stream, b"whole");
    stream.write_all(&[0, 0, 0, 9, b'h', b'a', b'l', b'f']).unwrap();
    running.recorder.wait("the whole frame", |seen| seen.frames.len() == 1);
    let (_, seen) = running.stop();
    assert_eq!(seen.frames, [b"whole"]);
    assert_eq!(seen.rejected, [FrameError::TruncatedBody { expected: 9, received: 4 }]);
}

#[test]
fn a_client_that_never_stops_sending_cannot_hold_up_the_end() {
    let running = Running::with(Limits { drain: PATIENCE * 100, ..Limits::default() });
    let mut stream = running.connect();
    let sender = std::thread::spawn(move || {
        let mut sent = 0_usize;
        // Bounded only by the listener's end.
        while stream.write_all(b"\0\0\0\x04more").is_ok() {
            sent += 1;
        }
        sent
    });
    running.recorder.wait("some frames", |seen| seen.frames.len() > 100);
    let (stopped, seen) = running.stop();
    let sent = sender.join().unwrap();
    assert_eq!(stopped.unfinished, 0);
    // Every write that succeeded was handled: the door was closed before the last was read.
    assert_eq!(seen.frames.len(), sent);
}

#[test]
fn a_session_that_does_not_return_is_counted_and_left() {
    let limits = Limits { drain: Duration::from_millis(10), ..Limits::default() };
    let running = Running::with(limits);
    let mut stream = running.connect();
    send(&mut stream, b"block");
    running.recorder.wait("the blocking frame", |seen| seen.frames.len() == 1);
    let recorder = std::sync::Arc::clone(&running.recorder);
    let (stopped, _) = running.stop();
    assert_eq!(stopped.unfinished, 1);
    recorder.open_gate();
    recorder.wait("its end", |seen| seen.closed == 1);
}

#[test]
fn stopping_twice_is_stopping_once() {
    let running = Running::start();
    running.stop.stop();
    running.stop.clone().stop();
    assert_eq!(running.stop().0.unfinished, 0);
}

#[test]
fn the_path_is_free_for_the_next_at_once() {
    let dir = common::dir();
    let path = dir.path().join("s");
    for _ in 0..5 {
        let recorder = std::sync::Arc::new(common::Recorder::default());
        let options = common::options(Limits::default(), &recorder);
        let listener = agent_receipts_ipc::Listener::bind(&path, options).unwrap();
        let stop = listener.shutdown_handle();
        let handler = std::sync::Arc::new(common::RecorderHandler(recorder));
        let thread = std::thread::spawn(move || listener.run(handler));
        drop(common::connect(&path));
        stop.stop();
        assert_eq!(thread.join().unwrap().unfinished, 0);
    }
}
