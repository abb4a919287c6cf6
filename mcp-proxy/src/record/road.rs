//! Whether the daemon is there, so that its absence is paid for once and not with every call.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use agent_receipts_ipc::{Decision, EmitError, Emitter, EventToSend, TransportError};

use super::recorder::CHANNEL;
use crate::notice::notice;

/// The road to the daemon. Shut by the first event that fails; opened by a thread of its own as soon as the daemon takes an event.
pub(super) struct Road {
    is_shut: AtomicBool,
    /// How long to wait before the next look, in milliseconds. A daemon that takes and never answers is looked for ever more rarely.
    wait: AtomicU64,
    has_given_up: Mutex<bool>,
    given_up: Condvar,
    socket: PathBuf,
    session_id: String,
    server: String,
    patience: Duration,
}

impl Road {
    /// To where `emitter` sends; `patience` is how long dialling may take.
    pub(super) fn new(emitter: &Emitter, server: &str, patience: Duration) -> Self {
        Self {
            is_shut: AtomicBool::new(false),
            wait: AtomicU64::new(FIRST),
            has_given_up: Mutex::new(false),
            given_up: Condvar::new(),
            socket: emitter.socket_path().to_owned(),
            session_id: emitter.session_id().to_owned(),
            server: server.to_owned(),
            patience,
        }
    }

    pub(super) fn is_shut(&self) -> bool {
        self.is_shut.load(Ordering::Relaxed)
    }

    /// Nothing is sent from here on until the daemon is back.
    pub(super) fn shut(self: &Arc<Self>, error: &EmitError) {
        if self.is_shut.swap(true, Ordering::Relaxed) {
            return;
        }
        let road = Arc::clone(self);
        let told = format!("{error}; what is not recorded is counted, and told when the daemon is back");
        // Without a thread the daemon is tried again with the next event, and that event waits.
        if thread::Builder::new().name("road".into()).spawn(move || road.look_out(&told)).is_err() {
            self.is_shut.store(false, Ordering::Relaxed);
        }
    }

    /// Nobody looks out any more.
    pub(super) fn give_up(&self) {
        *self.has_given_up.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.given_up.notify_all();
    }

    /// On a thread of its own: nobody may read standard error, and a call must not wait for that.
    fn look_out(&self, told: &str) {
        notice(told);
        loop {
            let wait = self.wait.load(Ordering::Relaxed);
            if self.has_given_up_within(Duration::from_millis(wait)) {
                return;
            }
            let found = self.look();
            let answered = matches!(found, Ok(true));
            self.wait.store(if answered { FIRST } else { (wait * 2).min(LAST) }, Ordering::Relaxed);
            if found.is_ok() {
                notice("the daemon is back");
                self.is_shut.store(false, Ordering::Relaxed);
                return;
            }
        }
    }

    /// Whether the daemon answered; an error where it did not even take the event.
    ///
    /// By a connection of its own, so that a look that fails is not counted as an event that was lost.
    fn look(&self) -> Result<bool, ()> {
        let builder = Emitter::builder().socket_path(&self.socket).session_id(&self.session_id);
        let emitter = builder.no_drop_folder().dial_timeout(self.patience).build().map_err(drop)?;
        let event = EventToSend {
            tool_server: &self.server,
            action_type: "mcp.recording.resumed",
            ..EventToSend::new(CHANNEL, "session", Decision::Allowed)
        };
        match emitter.emit_acknowledged(&event, ANSWER) {
            Ok(_) => Ok(true),
            // The reference's daemon never answers.
            Err(EmitError::Transport(TransportError::NoReply { .. })) => Ok(false),
            Err(_) => Err(()),
        }
    }

    fn has_given_up_within(&self, wait: Duration) -> bool {
        let given_up = self.has_given_up.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.given_up.wait_timeout_while(given_up, wait, |given_up| !*given_up);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Milliseconds before the first look, and between the last ones.
const FIRST: u64 = 100;
const LAST: u64 = 10_000;

/// How long a daemon has to answer a look.
const ANSWER: Duration = Duration::from_secs(2);
