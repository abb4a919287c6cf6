//! A listener on a socket of its own, and a handler that remembers what it was given.

// Every test file uses some of this.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agent_receipts_ipc::{
    Counts, FrameError, Handler, Limits, Listener, ListenerOptions, Next, Notice, Peer, ReplyWriter, Session,
    ShutdownHandle, Stopped, Totals, read_frame, write_frame,
};
use tempfile::TempDir;

/// Far longer than anything here takes: a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What the handler has seen, in the order in which it saw it.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    pub frames: Vec<Vec<u8>>,
    pub rejected: Vec<FrameError>,
    pub peers: Vec<Peer>,
    pub closed: usize,
    pub notices: Vec<Notice>,
}

/// Remembers, and does with a frame what its first word says: `close`, `panic`, `reply` or nothing.
#[derive(Default)]
pub struct Recorder {
    seen: Mutex<Seen>,
    changed: Condvar,
    gate: Mutex<bool>,
    opened: Condvar,
}

impl Recorder {
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until `enough` of what was seen, or fails.
    pub fn wait(&self, what: &str, enough: impl Fn(&Seen) -> bool) -> Seen {
        let end = Instant::now() + PATIENCE;
        let mut seen = self.seen.lock().unwrap();
        while !enough(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {what}; seen: {seen:?}");
            seen = self.changed.wait_timeout(seen, left).unwrap().0;
        }
        seen.clone()
    }

    /// Lets sessions go on that stand in a frame `block`.
    pub fn open_gate(&self) {
        *self.gate.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn wait_at_gate(&self) {
        let open = self.gate.lock().unwrap();
        let (open, _) = self.opened.wait_timeout_while(open, PATIENCE, |open| !*open).unwrap();
        assert!(*open, "nobody opened the gate");
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.changed.notify_all();
    }
}

pub struct RecorderHandler(pub Arc<Recorder>);

impl Handler for RecorderHandler {
    fn connected(&self, peer: &Peer, reply: ReplyWriter) -> Box<dyn Session> {
        self.0.note(|seen| seen.peers.push(peer.clone()));
        Box::new(RecorderSession { recorder: Arc::clone(&self.0), reply })
    }
}

struct RecorderSession {
    recorder: Arc<Recorder>,
    reply: ReplyWriter,
}

impl Session for RecorderSession {
    fn frame(&mut self, body: &[u8]) -> Next {
        self.recorder.note(|seen| seen.frames.push(body.to_vec()));
        match body {
            b"close" => return Next::Close,
            b"panic" => panic!("a handler that fails"),
            b"block" => self.recorder.wait_at_gate(),
            b"flood" => while self.reply.send(&[b'x'; 4096]).is_ok() {},
            b"reply" => {
                // From another thread, as the daemon does after a commit.
                let reply = self.reply.clone();
                std::thread::spawn(move || reply.send(b"reply to you"));
            }
            _ => {}
        }
        Next::Continue
    }

    fn rejected(&mut self, error: &FrameError) {
        self.recorder.note(|seen| seen.rejected.push(error.clone()));
    }

    fn closed(&mut self) {
        self.recorder.note(|seen| seen.closed += 1);
    }
}

/// A listener that runs on its own thread.
pub struct Running {
    pub recorder: Arc<Recorder>,
    pub counts: Arc<Counts>,
    pub path: PathBuf,
    pub stop: ShutdownHandle,
    thread: Option<JoinHandle<Stopped>>,
    _dir: TempDir,
}

impl Running {
    pub fn start() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let dir = dir();
        let path = dir.path().join("s");
        let recorder = Arc::new(Recorder::default());
        let listener = Listener::bind(&path, options(limits, &recorder)).unwrap();
        let (counts, stop) = (listener.counts(), listener.shutdown_handle());
        let handler = Arc::new(RecorderHandler(Arc::clone(&recorder)));
        let thread = Some(std::thread::spawn(move || listener.run(handler)));
        Self { recorder, counts, path, stop, thread, _dir: dir }
    }

    pub fn connect(&self) -> UnixStream {
        connect(&self.path)
    }

    /// Connects and waits until the handler knows.
    pub fn connect_known(&self) -> UnixStream {
        let known = self.recorder.seen().peers.len();
        let stream = self.connect();
        self.recorder.wait("a connection", |seen| seen.peers.len() > known);
        stream
    }

    /// Asserts that a fresh connection is served.
    pub fn assert_lives(&self) {
        let probe = format!("probe {:?}", Instant::now()).into_bytes();
        send(&mut self.connect(), &probe);
        self.recorder.wait("the probe", |seen| seen.frames.contains(&probe));
    }

    pub fn totals(&self) -> Totals {
        self.counts.totals()
    }

    /// Stops, waits for the end, and says how it was.
    pub fn stop(mut self) -> (Stopped, Seen) {
        self.stop.stop();
        let stopped = self.thread.take().unwrap().join().unwrap();
        (stopped, self.recorder.seen())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        self.recorder.open_gate();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn options(limits: Limits, recorder: &Arc<Recorder>) -> ListenerOptions {
    let told = Arc::clone(recorder);
    let mut options = ListenerOptions::new(move |notice| told.note(|seen| seen.notices.push(notice.clone())));
    options.limits = limits;
    options
}

pub fn dir() -> TempDir {
    tempfile::Builder::new().prefix("ar").tempdir().unwrap()
}

/// A connection whose reads and writes fail rather than hang.
pub fn connect(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub fn send(stream: &mut UnixStream, body: &[u8]) {
    write_frame(stream, body).unwrap();
}

/// Asks for a reply, and says whether it came.
pub fn asks(stream: &mut UnixStream) -> bool {
    let mut reply = Vec::new();
    stream.write_all(b"\0\0\0\x05reply").is_ok()
        && read_frame(stream, &mut reply) == Ok(Some(()))
        && reply == b"reply to you"
}

/// Reads up to the end that the listener must make; a reset counts as an end.
pub fn read_to_end(stream: &mut UnixStream) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the connection was not ended")
        }
    }
    all
}
