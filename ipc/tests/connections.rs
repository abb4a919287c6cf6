//! What connections may send, and what becomes of those that send something else.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use agent_receipts_ipc::{FrameError, Limits, MAX_FRAME, Notice, read_frame};
use common::{Running, read_to_end, send};

#[test]
fn many_frames_come_in_order_on_one_connection() {
    let running = Running::start();
    let mut stream = running.connect();
    let bodies: Vec<Vec<u8>> = (0..500).map(|number: u32| number.to_string().into_bytes()).collect();
    bodies.iter().for_each(|body| send(&mut stream, body));
    let seen = running.recorder.wait("500 frames", |seen| seen.frames.len() == 500);
    assert_eq!(seen.frames, bodies);
    assert_eq!((running.totals().frames, running.totals().accepted), (500, 1));
}

#[test]
fn frames_in_pieces_and_frames_in_one_piece_are_the_same() {
    let running = Running::start();
    let mut stream = running.connect();
    for byte in b"\0\0\0\x03abc\0\0\0\x01d" {
        stream.write_all(&[*byte]).unwrap();
    }
    stream.write_all(b"\0\0\0\x01e\0\0\0\x02fg").unwrap();
    let seen = running.recorder.wait("4 frames", |seen| seen.frames.len() == 4);
    assert_eq!(seen.frames, [&b"abc"[..], b"d", b"e", b"fg"]);
}

#[test]
fn the_largest_frame_is_taken() {
    let running = Running::start();
    let body = vec![b'x'; MAX_FRAME];
    send(&mut running.connect(), &body);
    running.recorder.wait("the frame", |seen| seen.frames == [&body[..]]);
}

/// Sends `wire`, lets go of the sending side, and gives the one reason for which that was refused.
fn refused(wire: &[u8]) -> FrameError {
    let running = Running::start();
    let mut neighbour = running.connect_known();
    let mut stream = running.connect();
    stream.write_all(wire).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut stream), b"", "a refused frame gets no reply");
    let seen = running.recorder.wait("a rejection", |seen| seen.rejected.len() == 1 && seen.closed == 1);
    let error = seen.rejected[0].clone();
    let pid = std::process::id() as i32;
    let noticed = |notice: &Notice| matches!(notice, Notice::Frame { pid: of, error: why, .. } if *of == pid && *why == error);
    running.recorder.wait("a notice", |seen| seen.notices.iter().any(noticed));
    assert_eq!(running.totals().frame_errors, 1);
    assert!(seen.frames.is_empty());
    // Others are unharmed, old connections and new ones.
    send(&mut neighbour, b"neighbour");
    running.recorder.wait("the neighbour", |seen| seen.frames.contains(&b"neighbour".to_vec()));
    running.assert_lives();
    error
}

#[test]
fn an_oversized_header_is_refused() {
    let length = MAX_FRAME as u64 + 1;
    assert_eq!(refused(&(length as u32).to_be_bytes()), FrameError::TooLarge { length });
    assert_eq!(refused(&[0xff; 4]), FrameError::TooLarge { length: u64::from(u32::MAX) });
}

#[test]
fn text_instead_of_a_header_is_refused() {
    assert_eq!(refused(b"GET / HTTP/1.1\r\n\r\n"), FrameError::TooLarge { length: 0x4745_5420 });
}

#[test]
fn a_zero_header_is_refused() {
    assert_eq!(refused(&[0; 4]), FrameError::ZeroLength);
}

#[test]
fn half_a_header_is_refused() {
    assert_eq!(refused(&[0, 0]), FrameError::TruncatedHeader { received: 2 });
}

#[test]
fn half_a_body_is_refused() {
    let wire = [&100_u32.to_be_bytes()[..], &[b'x'; 50]].concat();
    assert_eq!(refused(&wire), FrameError::TruncatedBody { expected: 100, received: 50 });
}

#[test]
fn frames_before_a_bad_one_count() {
    let running = Running::start();
    let mut stream = running.connect();
    stream.write_all(b"\0\0\0\x01a\0\0\0\0\0\0\0\x01b").unwrap();
    let seen = running.recorder.wait("the end", |seen| seen.closed == 1);
    assert_eq!((seen.frames, seen.rejected), (vec![b"a".to_vec()], vec![FrameError::ZeroLength]));
}

#[test]
fn a_peer_that_leaves_between_frames_leaves_quietly() {
    let running = Running::start();
    let mut stream = running.connect();
    send(&mut stream, b"a");
    drop(stream);
    drop(running.connect());
    let seen = running.recorder.wait("two ends", |seen| seen.closed == 2);
    assert!(seen.rejected.is_empty() && seen.notices.is_empty(), "{seen:?}");
}

#[test]
fn a_session_may_close() {
    let running = Running::start();
    let mut stream = running.connect();
    stream.write_all(b"\0\0\0\x05close\0\0\0\x05after").unwrap();
    assert_eq!(read_to_end(&mut stream), b"");
    let seen = running.recorder.wait("the end", |seen| seen.closed == 1);
    assert_eq!(seen.frames, [b"close"]);
}

#[test]
fn a_session_that_panics_harms_nobody_else() {
    let running = Running::start();
    let mut neighbour = running.connect_known();
    let mut stream = running.connect();
    send(&mut stream, b"panic");
    assert_eq!(read_to_end(&mut stream), b"");
    running.recorder.wait("a notice", |seen| {
        seen.closed == 1 && seen.notices.iter().any(|notice| matches!(notice, Notice::HandlerPanicked { .. }))
    });
    assert_eq!(running.totals().panics, 1);
    send(&mut neighbour, b"neighbour");
    running.recorder.wait("the neighbour", |seen| seen.frames.contains(&b"neighbour".to_vec()));
    let (stopped, _) = running.stop();
    assert_eq!(stopped.unfinished, 0);
}

#[test]
fn the_peer_is_known_before_it_says_anything() {
    let running = Running::start();
    let _stream = running.connect_known();
    let seen = running.recorder.seen();
    assert_eq!(seen.peers[0].pid, std::process::id() as i32);
    assert!(seen.frames.is_empty());
}

#[test]
fn a_frame_that_asks_gets_its_reply_and_no_other_byte() {
    let running = Running::start();
    let mut stream = running.connect();
    send(&mut stream, b"silent");
    send(&mut stream, b"reply");
    let mut reply = Vec::new();
    assert_eq!(read_frame(&mut stream, &mut reply), Ok(Some(())));
    assert_eq!(reply, b"reply to you");
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut stream), b"");
}

#[test]
fn a_reply_reaches_a_peer_that_has_sent_its_last() {
    let running = Running::start();
    let mut stream = running.connect();
    send(&mut stream, b"reply");
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut stream), b"\0\0\0\x0creply to you");
}

#[test]
fn a_peer_that_reads_no_replies_is_shut_down() {
    let running = Running::with(Limits { reply: Duration::from_millis(20), ..Limits::default() });
    let mut stream = running.connect();
    send(&mut stream, b"flood");
    running.recorder.wait("the end", |seen| {
        seen.closed == 1 && seen.notices.iter().any(|notice| matches!(notice, Notice::ReplyStuck { .. }))
    });
    assert_eq!(running.totals().replies_stuck, 1);
    running.assert_lives();
    // What had gone out can still be read, then comes the end.
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    assert!(!all.is_empty());
}
