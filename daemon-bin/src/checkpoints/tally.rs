//! What the thread that commits tells the one that makes checkpoints.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use agent_receipts_store::{ReceiptReader, Row};

use super::growth::{Growth, Snapshot};

/// The tree over what is on disk. Fed under the store's lock, right after each commit, in the order of commits.
pub(crate) struct Tally {
    state: Mutex<State>,
    changed: Condvar,
    /// The number of receipts after which a checkpoint is due.
    every: u64,
}

struct State {
    progress: Progress,
    stopping: bool,
}

/// How the tree in memory stands to the database.
#[derive(Debug)]
pub(crate) enum Progress {
    /// It is not known, or not to its end.
    Behind,
    /// It is the tree of every row.
    Current(Growth),
    /// What is stored is not what was signed for: nothing more is signed.
    Refused,
}

/// Why the keeper is woken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The daemon stops.
    Stop,
    /// The tree must be taken up from the database.
    Behind,
    /// A checkpoint is due.
    Due,
    /// The time is up and nothing is due.
    Idle,
}

impl Tally {
    pub(crate) fn new(every: u64) -> Self {
        let state = State { progress: Progress::Behind, stopping: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), every }
    }

    /// These rows are on disk, and nothing else was written since the last call. What cannot be counted here, because somebody
    /// else has written to the table too, is taken up from the database later.
    pub(crate) fn committed(&self, rows: &[Row], store: &dyn ReceiptReader) {
        let mut state = self.lock();
        let Progress::Current(growth) = &mut state.progress else { return };
        let before = growth.last_rowid();
        let is_ours = store.max_rowid().is_ok_and(|newest| newest - before == rows.len() as i64);
        let wake = if is_ours && count_in(growth, rows) {
            growth.since_signed() >= self.every
        } else {
            state.progress = Progress::Behind;
            true
        };
        drop(state);
        if wake {
            self.changed.notify_all();
        }
    }

    /// Sets how the tree stands to the database.
    pub(crate) fn set(&self, progress: Progress) {
        self.lock().progress = progress;
    }

    /// What is to be signed, if there is anything new.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        match &self.lock().progress {
            Progress::Current(growth) if growth.since_signed() > 0 => Some(growth.snapshot()),
            _ => None,
        }
    }

    /// A checkpoint over the first `size` receipts is on disk, and every group below it.
    pub(crate) fn signed(&self, size: u64) {
        if let Progress::Current(growth) = &mut self.lock().progress {
            growth.signed(size);
            growth.stored(size);
        }
    }

    /// Whether the tree must be taken up from the database.
    pub(crate) fn is_behind(&self) -> bool {
        matches!(self.lock().progress, Progress::Behind)
    }

    /// Whether nothing is signed any more.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.lock().progress, Progress::Refused)
    }

    /// Wakes the keeper for the last time.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// Whether the daemon stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Waits for something to do, at most until `until`. After a failure, until then whatever is due.
    pub(crate) fn wait(&self, until: Instant, after_failure: bool) -> Wake {
        let mut state = self.lock();
        loop {
            if state.stopping {
                return Wake::Stop;
            }
            match &state.progress {
                _ if after_failure => {}
                Progress::Behind => return Wake::Behind,
                Progress::Current(growth) if growth.since_signed() >= self.every => return Wake::Due,
                Progress::Current(_) | Progress::Refused => {}
            }
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return Wake::Idle;
            };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// False where a row's hash is not written as one, which no row of ours is.
fn count_in(growth: &mut Growth, rows: &[Row]) -> bool {
    for row in rows {
        let Ok(hash) = row.receipt_hash.parse() else { return false };
        growth.add(&row.chain_id, row.sequence, hash, growth.last_rowid() + 1);
    }
    true
}
