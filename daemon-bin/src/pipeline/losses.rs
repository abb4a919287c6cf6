//! What was refused or dropped, until a receipt tells of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::submission::Sender;

/// Lost events by user, waiting for that user's next receipt.
#[derive(Default)]
pub(crate) struct Losses {
    by_uid: Mutex<HashMap<u32, Loss>>,
}

/// Events of one user that left no receipt.
pub(crate) struct Loss {
    pub(crate) count: u64,
    /// The last process that lost one.
    pub(crate) sender: Sender,
}

impl Losses {
    /// Remembers lost events of a user.
    pub(crate) fn add(&self, sender: &Sender, count: u64) {
        if count == 0 {
            return;
        }
        let mut by_uid = self.lock();
        let loss = by_uid.entry(sender.peer.uid).or_insert_with(|| Loss { count: 0, sender: sender.clone() });
        loss.count = loss.count.saturating_add(count);
        loss.sender = sender.clone();
    }

    /// Takes over what a user lost; whoever takes must tell it or put it back.
    pub(crate) fn take(&self, uid: u32) -> u64 {
        self.lock().remove(&uid).map_or(0, |loss| loss.count)
    }

    /// Takes over everything, in the order of uids.
    pub(crate) fn take_all(&self) -> Vec<Loss> {
        let mut all: Vec<_> = self.lock().drain().collect();
        all.sort_by_key(|(uid, _)| *uid);
        all.into_iter().map(|(_, loss)| loss).collect()
    }

    // INVARIANT: one entry a uid that has connected, so this grows with the host's users and no further.
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Loss>> {
        self.by_uid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
