//! A listener where the daemon would be: it takes events, says that they are on disk, and remembers them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agent_receipts_ipc::{
    Ack, Event, Handler, Listener, ListenerOptions, Next, Peer, ReplyWriter, Session, ShutdownHandle, Stopped,
};
use serde_json::Value;

/// Far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Seen {
    frames: Mutex<Vec<Value>>,
    changed: Condvar,
}

pub(crate) struct Daemon {
    seen: Arc<Seen>,
    running: Option<(ShutdownHandle, JoinHandle<Stopped>)>,
}

impl Daemon {
    /// Listens at `socket`; `refuses` has it say of every event that there is no receipt.
    pub(crate) fn start(socket: &Path, refuses: bool) -> Self {
        let seen = Arc::new(Seen::default());
        let listener = Listener::bind(socket, ListenerOptions::default()).unwrap();
        let stop = listener.shutdown_handle();
        let handler = Arc::new(Takes { seen: Arc::clone(&seen), refuses });
        let thread = std::thread::spawn(move || listener.run(handler));
        Self { seen, running: Some((stop, thread)) }
    }

    /// Stops listening, when all that was sent is taken.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            stop.stop();
            let _ = thread.join().unwrap();
        }
    }

    pub(crate) fn frames(&self) -> Vec<Value> {
        self.seen.frames.lock().unwrap().clone()
    }

    /// Waits until there is one that `is`, and gives all.
    pub(crate) fn wait(&self, what: &str, is: impl Fn(&Value) -> bool) -> Vec<Value> {
        let end = Instant::now() + PATIENCE;
        let mut frames = self.seen.frames.lock().unwrap();
        while !frames.iter().any(&is) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {what}: {frames:#?}");
            frames = self.seen.changed.wait_timeout(frames, left).unwrap().0;
        }
        frames.clone()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Where it listens, in a folder.
pub(crate) fn socket_in(folder: &Path) -> PathBuf {
    folder.join("s")
}

struct Takes {
    seen: Arc<Seen>,
    refuses: bool,
}

impl Handler for Takes {
    fn connected(&self, _: &Peer, reply: ReplyWriter) -> Box<dyn Session> {
        Box::new(Taking { seen: Arc::clone(&self.seen), refuses: self.refuses, reply })
    }
}

struct Taking {
    seen: Arc<Seen>,
    refuses: bool,
    reply: ReplyWriter,
}

impl Session for Taking {
    fn frame(&mut self, body: &[u8]) -> Next {
        // What the daemon would refuse is a fault of the proxy's.
        let event = Event::decode(body).unwrap();
        let accepted = Ack::Accepted {
            receipt_id: "r".into(),
            chain_id: "c".into(),
            sequence: 1,
            receipt_hash: format!("sha256:{}", "0".repeat(64)),
        };
        let refused = Ack::Refused { code: "disk_full".into(), message: "no".into() };
        if event.ack {
            let _ = self.reply.send(&if self.refuses { refused } else { accepted }.to_json());
        }
        self.seen.frames.lock().unwrap().push(serde_json::from_slice(body).unwrap());
        self.seen.changed.notify_all();
        Next::Continue
    }
}
