//! The emitter client against daemons that listen, refuse, stall and lie.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent_receipts_ipc::{
    Ack, CallerError, Decision, EmitError, Emitter, EmitterBuilder, Event, EventFault, EventToSend, Handler,
    Identity, Limits, Listener, MAX_FRAME, Next, Peer, ReplyWriter, Session, ShutdownHandle, Stopped,
    SystemReason, TransportError, Untold,
};
use common::{PATIENCE, dir};

fn builder(path: &Path) -> EmitterBuilder {
    // Generous, since nothing here is about how long things take.
    Emitter::builder()
        .socket_path(path)
        .session_id("s")
        .dial_timeout(PATIENCE)
        .write_timeout(PATIENCE)
        .no_drop_folder()
}

fn emitter(path: &Path) -> Emitter {
    builder(path).build().unwrap()
}

fn event() -> EventToSend<'static> {
    EventToSend::new("sdk", "tool", Decision::Allowed)
}

/// A listener on `path` that decodes every frame and acknowledges those that ask.
struct Daemon {
    log: Arc<Log>,
    stop: ShutdownHandle,
    thread: std::thread::JoinHandle<Stopped>,
}

#[derive(Default)]
struct Log {
    events: Mutex<Vec<Event>>,
    sequence: AtomicU64,
}

struct Acknowledge(Arc<Log>);

struct Acknowledging(Arc<Log>, ReplyWriter);

impl Handler for Acknowledge {
    fn connected(&self, _: &Peer, reply: ReplyWriter) -> Box<dyn Session> {
        Box::new(Acknowledging(Arc::clone(&self.0), reply))
    }
}

impl Session for Acknowledging {
    fn frame(&mut self, body: &[u8]) -> Next {
        let event = Event::decode(body).unwrap();
        let sequence = self.0.sequence.fetch_add(1, Ordering::SeqCst) + 1;
        let reply = match event.channel.as_str() {
            "refuse" => Some(Ack::Refused { code: "full".into(), message: "disk full".into() }),
            "garble" => Some(Ack::Refused { code: "invalid_frame".into(), message: "what?".into() }),
            _ => Some(Ack::Accepted {
                receipt_id: event.correlation_id.clone().unwrap_or_default(),
                chain_id: "c".into(),
                sequence,
                receipt_hash: "sha256:0".into(),
            }),
        };
        let asked = event.ack;
        let silent = event.channel == "silent";
        let garbled = event.channel == "garbled";
        self.0.events.lock().unwrap().push(event);
        if garbled {
            self.1.send(b"[]").unwrap();
        } else if asked && !silent {
            self.1.send(&reply.unwrap().to_json()).unwrap();
        }
        Next::Continue
    }
}

impl Daemon {
    fn start(path: &Path) -> Self {
        let log = Arc::new(Log::default());
        let options = common::options(Limits::default(), &Arc::default());
        let listener = Listener::bind(path, options).unwrap();
        let stop = listener.shutdown_handle();
        let handler = Arc::new(Acknowledge(Arc::clone(&log)));
        Self { log, stop, thread: std::thread::spawn(move || listener.run(handler)) }
    }

    /// Stops and gives all that was received, which a graceful stop hands over first.
    fn stop(self) -> Vec<Event> {
        self.stop.stop();
        assert_eq!(self.thread.join().unwrap().unfinished, 0);
        std::mem::take(&mut self.log.events.lock().unwrap())
    }
}

#[test]
fn an_event_arrives_as_it_was_sent() {
    let dir = dir();
    let path = dir.path().join("s");
    let daemon = Daemon::start(&path);
    let identity = Identity { issuer_name: "Host".into(), operator_id: "o".into(), ..Identity::default() };
    let emitter = builder(&path).identity(identity).build().unwrap();
    let sent =
        EventToSend { input: Some(r#"{"b":2,"a":[1.0]}"#), error: "é\"\u{0}", agent_id: "ag", ..event() };
    emitter.emit(&sent).unwrap();
    let events = daemon.stop();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].session_id.as_str(), events[0].unknown_keys, events[0].ack), ("s", 0, false));
    assert_eq!(
        (events[0].issuer_name.as_deref(), events[0].operator_id.as_deref()),
        (Some("Host"), Some("o"))
    );
    assert_eq!((events[0].error.as_deref(), events[0].agent_id.as_deref()), (Some("é\"\u{0}"), Some("ag")));
    assert!(events[0].ts_emit.unix_seconds() > 1_600_000_000);
}

#[test]
fn nothing_is_dialled_until_something_is_sent() {
    let dir = dir();
    let path = dir.path().join("s");
    let emitter = emitter(&path);
    // The daemon starts after the emitter was made.
    let daemon = Daemon::start(&path);
    emitter.emit(&event()).unwrap();
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn drops_are_counted_and_told_with_the_next_event() {
    let dir = dir();
    let path = dir.path().join("s");
    let emitter = emitter(&path);
    for count in 1..=3 {
        let error = emitter.emit(&event()).unwrap_err();
        assert!(matches!(&error, EmitError::Transport(TransportError::Dial { .. })), "{error}");
        assert_eq!(emitter.dropped(), count);
    }
    let daemon = Daemon::start(&path);
    emitter.emit(&event()).unwrap();
    emitter.emit(&event()).unwrap();
    assert_eq!(emitter.dropped(), 0);
    let counts: Vec<u64> = daemon.stop().iter().map(|event| event.drop_count).collect();
    assert_eq!(counts, [3, 0]);
}

#[test]
fn best_effort_keeps_the_error_and_counts_the_drop() {
    let dir = dir();
    let emitter = builder(&dir.path().join("s")).best_effort(true).build().unwrap();
    assert_eq!(emitter.emit(&event()), Ok(()));
    assert_eq!(emitter.dropped(), 1);
    // A fault of the caller is told all the same.
    assert!(emitter.emit(&EventToSend { tool_name: "", ..event() }).is_err());
    assert!(emitter.emit_acknowledged(&event(), PATIENCE).is_err());
}

#[test]
fn a_daemon_that_restarts_is_found_again() {
    let dir = dir();
    let path = dir.path().join("s");
    let emitter = emitter(&path);
    for _ in 0..3 {
        let daemon = Daemon::start(&path);
        // The old connection is known to be dead before anything is written into it: nothing is lost.
        emitter.emit(&event()).unwrap();
        assert_eq!(daemon.stop().len(), 1);
    }
    assert_eq!(emitter.dropped(), 0);
}

#[test]
fn faults_of_the_caller_are_no_drops_and_touch_no_socket() {
    let dir = dir();
    let emitter = emitter(&dir.path().join("s"));
    let long = "x".repeat(257);
    let resource = "x".repeat(4097);
    let huge = format!("\"{}\"", "x".repeat(MAX_FRAME));
    let payload = |json| EventToSend { input: Some(json), ..event() };
    let cases = [
        (EventToSend { channel: "", ..event() }, "missing channel"),
        (EventToSend { tool_name: "", ..event() }, "missing tool.name"),
        (EventToSend { model: &long, ..event() }, "model exceeds 256 bytes (got 257)"),
        (EventToSend { agent_id: "a/b", ..event() }, "agent_id must not contain"),
        (EventToSend { target_system: "s", ..event() }, "both be set or both absent"),
        (
            EventToSend { target_system: "s", target_resource: &resource, ..event() },
            "target_resource exceeds 4096 bytes (got 4097)",
        ),
        (payload("{"), "input is not valid json"),
        (payload(""), "input is not valid json"),
        (payload("1 2"), "input is not valid json"),
        (payload("1,\"decision\":\"denied\""), "input is not valid json"),
        (payload("NaN"), "input is not valid json"),
        (payload("1e400"), "input is not valid json"),
        (EventToSend { output: Some("}"), ..event() }, "output is not valid json"),
        (EventToSend { usage: Some("[1e999]"), ..event() }, "usage is not valid json"),
        (payload(&huge), "frame too large"),
        (EventToSend { error: &huge, ..event() }, "frame too large"),
    ];
    for (event, phrase) in cases {
        let error = emitter.emit(&event).unwrap_err();
        assert!(!error.is_transport() && error.to_string().contains(phrase), "{phrase}: {error}");
    }
    assert_eq!(emitter.dropped(), 0);
}

#[test]
fn an_identity_beyond_the_limits_makes_no_emitter() {
    let alone = Identity { operator_name: "n".into(), ..Identity::default() };
    let error = Emitter::builder().socket_path("/s").identity(alone).build().unwrap_err();
    assert!(error.to_string().contains("operator_name set without operator_id"));
}

#[test]
fn a_session_of_its_own_is_a_random_uuid() {
    let make = || Emitter::builder().socket_path("/s").build().unwrap();
    let (one, two) = (make(), make());
    assert_ne!(one.session_id(), two.session_id());
    assert_eq!((one.session_id().len(), one.session_id().as_bytes()[14]), (36, b'4'));
}

#[test]
fn a_closed_emitter_says_so() {
    let dir = dir();
    let path = dir.path().join("s");
    let daemon = Daemon::start(&path);
    let emitter = emitter(&path);
    emitter.emit(&event()).unwrap();
    assert_eq!(emitter.close(), Untold::Nothing);
    assert_eq!(emitter.close(), Untold::Nothing);
    assert_eq!(emitter.emit(&event()), Err(EmitError::Caller(CallerError::Closed)));
    assert_eq!((emitter.dropped(), daemon.stop().len()), (0, 1));
}

/// A listening socket whose queue has no room: connecting to it waits.
fn full_queue(path: &Path) -> (OwnedFd, UnixStream) {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
    let listener = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddrUnix::new(path).unwrap()).unwrap();
    listen(&listener, 0).unwrap();
    let queued = UnixStream::connect(path).unwrap();
    (listener, queued)
}

#[test]
fn dialling_a_daemon_that_does_not_accept_gives_up() {
    let dir = dir();
    let path = dir.path().join("s");
    let _full = full_queue(&path);
    let emitter = builder(&path).dial_timeout(Duration::from_millis(10)).build().unwrap();
    let error = emitter.emit(&event()).unwrap_err();
    let expected =
        TransportError::Dial { socket: path, reason: SystemReason::Kind(std::io::ErrorKind::TimedOut) };
    assert_eq!((error, emitter.dropped()), (EmitError::Transport(expected), 1));
}

#[test]
fn writing_to_a_daemon_that_does_not_read_gives_up_and_starts_afresh() {
    let dir = dir();
    let path = dir.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let emitter = builder(&path).write_timeout(Duration::from_millis(50)).build().unwrap();
    // The kernel takes some; then half a frame is out and no more goes.
    let big = format!("\"{}\"", "x".repeat(900_000));
    let big = EventToSend { input: Some(&big), ..event() };
    let error = (0..100).find_map(|_| emitter.emit(&big).err()).expect("a stalled daemon took 90 MB");
    let expected = TransportError::Write {
        socket: path.clone(),
        reason: SystemReason::Kind(std::io::ErrorKind::TimedOut),
    };
    assert_eq!(error, EmitError::Transport(expected));
    assert_eq!(emitter.dropped(), 1);
    // The next event comes on a connection of its own, whole, and tells of the drop.
    emitter.emit(&event()).unwrap();
    let (_stalled, _) = listener.accept().unwrap();
    let (mut fresh, _) = listener.accept().unwrap();
    fresh.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut body = Vec::new();
    agent_receipts_ipc::read_frame(&mut fresh, &mut body).unwrap();
    assert_eq!(Event::decode(&body).unwrap().drop_count, 1);
}

#[test]
fn a_failed_send_keeps_the_drops_it_would_have_told() {
    let dir = dir();
    let path = dir.path().join("s");
    let emitter = builder(&path).write_timeout(Duration::from_millis(50)).build().unwrap();
    (0..4).for_each(|_| assert!(emitter.emit(&event()).is_err()));
    let _stalled = UnixListener::bind(&path).unwrap();
    let big = format!("\"{}\"", "x".repeat(1_000_000));
    let big = EventToSend { input: Some(&big), ..event() };
    // This one carries the four and does not get out whole.
    assert!(emitter.emit(&big).is_err());
    assert_eq!(emitter.dropped(), 5);
}

#[test]
fn threads_that_share_an_emitter_never_mix_their_frames() {
    let dir = dir();
    let path = dir.path().join("s");
    let daemon = Daemon::start(&path);
    let emitter = emitter(&path);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let emitter = &emitter;
            scope.spawn(move || {
                let payload = format!("[{}{thread}]", "0,".repeat(thread * 1000));
                for _ in 0..100 {
                    emitter.emit(&EventToSend { input: Some(&payload), ..event() }).unwrap();
                }
            });
        }
    });
    assert_eq!(daemon.stop().len(), 800);
}

#[test]
fn a_thread_that_waits_its_turn_waits_no_longer_than_allowed() {
    let dir = dir();
    let path = dir.path().join("s");
    let _full = full_queue(&path);
    let emitter =
        builder(&path).dial_timeout(Duration::from_secs(2)).write_timeout(Duration::ZERO).build().unwrap();
    let all_there = std::sync::Barrier::new(8);
    let send = || {
        all_there.wait();
        emitter.emit(&event()).unwrap_err()
    };
    let errors: Vec<EmitError> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(errors.iter().all(EmitError::is_transport));
    // Had each waited for those before it and then tried on its own, all would have failed at dialling.
    assert!(errors.contains(&EmitError::Transport(TransportError::Busy)), "{errors:?}");
    assert_eq!(emitter.dropped(), 8);
}

#[test]
fn an_acknowledged_event_has_its_receipt_named() {
    let dir = dir();
    let path = dir.path().join("s");
    let daemon = Daemon::start(&path);
    let emitter = emitter(&path);
    emitter.emit(&event()).unwrap();
    let sent = EventToSend { correlation_id: "mine", ..event() };
    let ack = emitter.emit_acknowledged(&sent, PATIENCE).unwrap();
    let expected = Ack::Accepted {
        receipt_id: "mine".into(),
        chain_id: "c".into(),
        sequence: 2,
        receipt_hash: "sha256:0".into(),
    };
    assert_eq!(ack, expected);
    // In order, although one was waited for and the other not.
    assert_eq!(daemon.stop().iter().map(|event| event.ack).collect::<Vec<_>>(), [false, true]);
}

/// The daemon counts what it refuses, with the drops that came with it; what it did not understand told it nothing.
#[test]
fn a_refusal_is_told_and_its_drops_are_kept_by_one_side_only() {
    let dir = dir();
    let path = dir.path().join("s");
    let emitter = emitter(&path);
    assert!(emitter.emit(&event()).is_err());
    let daemon = Daemon::start(&path);
    let ack = emitter.emit_acknowledged(&EventToSend { channel: "garble", ..event() }, PATIENCE).unwrap();
    assert_eq!(ack, Ack::Refused { code: "invalid_frame".into(), message: "what?".into() });
    assert_eq!(emitter.dropped(), 1);
    let ack = emitter.emit_acknowledged(&EventToSend { channel: "refuse", ..event() }, PATIENCE).unwrap();
    assert_eq!(ack, Ack::Refused { code: "full".into(), message: "disk full".into() });
    assert_eq!(emitter.dropped(), 0);
    emitter.emit_acknowledged(&event(), PATIENCE).unwrap();
    assert_eq!(daemon.stop().iter().map(|event| event.drop_count).collect::<Vec<_>>(), [1, 1, 0]);
}

#[test]
fn threads_get_each_their_own_reply() {
    let dir = dir();
    let path = dir.path().join("s");
    let daemon = Daemon::start(&path);
    let emitter = emitter(&path);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let emitter = &emitter;
            scope.spawn(move || {
                for number in 0..100 {
                    let id = format!("{thread}-{number}");
                    let sent = EventToSend { correlation_id: &id, ..event() };
                    match emitter.emit_acknowledged(&sent, PATIENCE).unwrap() {
                        Ack::Accepted { receipt_id, .. } => assert_eq!(receipt_id, id),
                        refused => panic!("{refused:?}"),
                    }
                }
            });
        }
    });
    assert_eq!(daemon.stop().len(), 800);
}

#[test]
fn a_patience_without_end_is_one() {
    let dir = dir();
    let path = dir.path().join("s");
    let daemon = Daemon::start(&path);
    let emitter = builder(&path).dial_timeout(Duration::MAX).write_timeout(Duration::MAX).build().unwrap();
    emitter.emit(&event()).unwrap();
    emitter.emit_within(&event(), Duration::MAX).unwrap();
    assert!(matches!(emitter.emit_acknowledged(&event(), Duration::MAX), Ok(Ack::Accepted { .. })));
    assert_eq!(daemon.stop().len(), 3);
}

#[test]
fn a_daemon_that_never_replies_is_not_waited_for_longer_than_allowed() {
    let dir = dir();
    let path = dir.path().join("s");
    let daemon = Daemon::start(&path);
    let emitter = emitter(&path);
    let silent = EventToSend { channel: "silent", ..event() };
    let error = emitter.emit_acknowledged(&silent, Duration::from_secs(1)).unwrap_err();
    assert_eq!(
        error,
        EmitError::Transport(TransportError::NoReply {
            reason: SystemReason::Kind(std::io::ErrorKind::TimedOut)
        })
    );
    // Nobody knows whether it was recorded: not a drop. And a late reply finds its connection gone.
    assert_eq!(emitter.dropped(), 0);
    assert!(matches!(emitter.emit_acknowledged(&event(), PATIENCE), Ok(Ack::Accepted { .. })));
    assert_eq!(daemon.stop().len(), 2);
}

#[test]
fn a_reply_that_is_none_is_an_error() {
    let dir = dir();
    let path = dir.path().join("s");
    let _daemon = Daemon::start(&path);
    let garbled = EventToSend { channel: "garbled", ..event() };
    let error = emitter(&path).emit_acknowledged(&garbled, PATIENCE).unwrap_err();
    assert!(matches!(error, EmitError::Transport(TransportError::BadReply(_))), "{error}");
}

#[test]
fn hostile_replies_end_the_connection() {
    // The lengths of nothing, of too much, of more than comes; and no reply at all.
    for reply in [&[0, 0, 0, 0][..], &[0xff; 4], &[0, 0, 0, 9, b'{'], &[0], &[]] {
        let dir = dir();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut header = [0; 4];
            stream.read_exact(&mut header).unwrap();
            let mut body = vec![0; u32::from_be_bytes(header) as usize];
            stream.read_exact(&mut body).unwrap();
            stream.write_all(reply).unwrap();
        });
        let error = emitter(&path).emit_acknowledged(&event(), PATIENCE).unwrap_err();
        assert!(matches!(error, EmitError::Transport(TransportError::NoReply { .. })), "{reply:?}: {error}");
        thread.join().unwrap();
    }
}

#[test]
fn the_fault_of_an_event_can_be_matched() {
    let dir = dir();
    let error = emitter(&dir.path().join("s")).emit(&EventToSend { channel: "", ..event() });
    assert_eq!(error, Err(CallerError::Event(EventFault::Missing { key: "channel" }).into()));
}
