//! What a request may use of the running daemon.

use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use agent_receipts_core::Fingerprint;
use agent_receipts_ipc::ControlReply;

use crate::config::Config;
use crate::pipeline::ledger::{Ledger, WriteError};
use crate::pipeline::queue::Queue;
use crate::pipeline::submission::Work;
use crate::surroundings::Surroundings;

/// The daemon as the control socket sees it.
pub(crate) struct House {
    pub(crate) config: Config,
    pub(crate) surroundings: Surroundings,
    pub(crate) queue: Arc<Queue<Work>>,
    /// How many receipts were written since the start. (Not the store: its lock must be free once the writer is gone.)
    pub(crate) receipts: Arc<AtomicU64>,
    /// How many chains' heads are held in memory.
    pub(crate) heads: Arc<AtomicUsize>,
    /// The root chain.
    pub(crate) chain_id: String,
    pub(crate) started: Instant,
    /// The key that signs.
    pub(crate) key: Mutex<Fingerprint>,
}

impl House {
    /// Has something done on the thread that writes, with the ledger to itself: everything before it is on disk, and what comes
    /// meanwhile waits in the queue. Whatever `task` gives first is given back; an error that is fatal ends the daemon.
    ///
    /// # Errors
    ///
    /// The refusal for whoever asked, if the daemon is stopping.
    pub(super) fn alone<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Ledger) -> (T, Result<(), WriteError>) + Send + 'static,
    ) -> Result<T, ControlReply> {
        let (sender, told) = sync_channel(1);
        let work = Work::Alone(Box::new(move |ledger| {
            let (tell, outcome) = task(ledger);
            // Whoever asked may have gone.
            let _ = sender.send(tell);
            outcome
        }));
        let stopping = || ControlReply::refused("shutting_down", "the daemon is stopping");
        let room = self.queue.reserve(0).ok_or_else(stopping)?;
        room.fill(work, 0).map_err(|_| stopping())?;
        told.recv().map_err(|_| stopping())
    }

    /// The key that signs.
    pub(super) fn key(&self) -> Fingerprint {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another key signs from now on.
    pub(super) fn set_key(&self, key: Fingerprint) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }
}
