//! What is kept of all sessions together. Over HTTP there may be as many as there are clients, and a call may wait long for its answer.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound on bytes that several share.
#[derive(Debug)]
pub(super) struct Held {
    bytes: AtomicUsize,
    most: usize,
}

impl Held {
    /// At most `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), most }
    }

    /// Takes room for so many bytes, if there is as much.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let room = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.most);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok()
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}
