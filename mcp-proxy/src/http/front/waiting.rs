//! A client that waits for the answer to a request, for as long as it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::http::gate::Gate;
use crate::http::outline::Id;

/// One request that is to be answered. Dropped before that, its client has hung up: then nothing is left open for it, since a session
/// may outlive many such clients.
pub(super) struct Waiting {
    gate: Arc<dyn Gate>,
    /// None once it is answered.
    id: Option<Id>,
    /// Whether the server may have it.
    is_onward: bool,
    /// Whether we are to end: then all is closed by that.
    is_over: Arc<AtomicBool>,
}

impl Waiting {
    /// Begins to wait for the answer to `id`, which is still being judged.
    pub(super) fn new(gate: Arc<dyn Gate>, id: Id, is_over: Arc<AtomicBool>) -> Self {
        Self { gate, id: Some(id), is_onward: false, is_over }
    }

    /// The request goes to the server.
    pub(super) fn onward(mut self) -> Self {
        self.is_onward = true;
        self
    }

    /// The request, which is answered, or may be elsewhere.
    pub(super) fn over(mut self) -> Option<Id> {
        self.id.take()
    }

    /// The request that waits.
    pub(super) fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(id) = self.id.take().filter(|_| !self.is_over.load(Ordering::Relaxed)) {
            self.gate.hung_up(&id, self.is_onward);
        }
    }
}
