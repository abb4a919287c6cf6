//! The emitter behind a layer, and what became of the calls.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agent_receipts_ipc::{CallerError, EmitError, Emitter, Untold};
use thiserror::Error;

use crate::call::Call;

/// What remains of a layer in its program's hands. Dropped, it hangs up; keep it until the program ends.
///
/// A subscriber that is set for the whole program is never dropped, and its layer's emitter with it: this is what leaves the count of
/// lost events to the session's next emitter.
#[derive(Debug)]
#[must_use = "dropped, it hangs up, and nothing is recorded any more"]
pub struct Recording(Arc<Road>);

impl Recording {
    /// How many calls were lost and not yet told to the daemon; see [`Emitter::dropped`].
    pub fn dropped(&self) -> u64 {
        self.0.emitter.dropped()
    }

    /// How many calls were not sent because no daemon would take them. They are in no count of the daemon's.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Why the last of those was not sent.
    pub fn last_refusal(&self) -> Option<Refusal> {
        self.0.last_refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The session that all calls belong to.
    pub fn session_id(&self) -> &str {
        self.0.emitter.session_id()
    }

    /// Hangs up, and says what became of the count of lost events. Calls that end later are refused.
    pub fn close(self) -> Untold {
        self.0.emitter.close()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.0.emitter.close();
    }
}

/// Why a call was not sent, and will never be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The daemon would refuse the event.
    #[error(transparent)]
    Event(#[from] CallerError),
    /// The field `decision` holds another word than it may.
    #[error("`{word}` is no decision: use `allowed`, `denied` or `pending`")]
    Decision {
        /// What it holds, cut after 64 characters.
        word: String,
    },
}

/// The way to the daemon, shared by the layer and its [`Recording`].
#[derive(Debug)]
pub(crate) struct Road {
    emitter: Emitter,
    refused: AtomicU64,
    last_refusal: Mutex<Option<Refusal>>,
}

impl Road {
    pub(crate) fn new(emitter: Emitter) -> Arc<Self> {
        Arc::new(Self { emitter, refused: AtomicU64::new(0), last_refusal: Mutex::new(None) })
    }

    pub(crate) fn recording(self: &Arc<Self>) -> Recording {
        Recording(Arc::clone(self))
    }

    /// Sends a call. What the road loses, the emitter counts.
    pub(crate) fn send(&self, call: Call, lasted: Option<Duration>) {
        let sent = call.finish(lasted, |event| match self.emitter.emit(event) {
            Err(EmitError::Caller(error)) => Err(error.into()),
            _ => Ok(()),
        });
        if let Err(refusal) = sent {
            self.refused.fetch_add(1, Ordering::Relaxed);
            *self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
        }
    }
}
