//! The second stage: one batch is committed while the writer makes the next.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use agent_receipts_ipc::Ack;
use agent_receipts_store::Row;

use super::answers::Answers;
use super::ledger::WriteError;
use super::shared_store::SharedStore;
use super::submission::Work;

/// A batch that is signed, and what its senders are told once it is on disk.
pub(super) struct Made {
    pub(super) rows: Vec<Row>,
    /// One for each work; none where none was asked for.
    pub(super) acks: Vec<Option<Ack>>,
}

/// What became of a batch that was handed over. Whoever asked has been told of one that landed; the others are still to be.
pub(super) enum Outcome {
    Landed,
    Failed { works: Vec<Work>, error: WriteError },
}

/// The writer's end: at most one batch is under way.
pub(crate) struct Lane {
    batches: SyncSender<(Vec<Work>, Made)>,
    outcomes: Receiver<Outcome>,
    is_busy: bool,
}

/// The thread's end. It ends when the lane is gone.
pub(crate) struct Committer {
    batches: Receiver<(Vec<Work>, Made)>,
    outcomes: SyncSender<Outcome>,
    store: SharedStore,
    answers: Answers,
}

impl Lane {
    pub(crate) fn new(store: SharedStore, answers: Answers) -> (Self, Committer) {
        let (sender, batches) = sync_channel(1);
        let (outcomes, receiver) = sync_channel(1);
        let lane = Self { batches: sender, outcomes: receiver, is_busy: false };
        (lane, Committer { batches, outcomes, store, answers })
    }

    /// Whether a batch is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Hands a batch over; none may be under way. Gives the works back where nobody is left to take them.
    pub(super) fn launch(&mut self, works: Vec<Work>, made: Made) -> Result<(), Vec<Work>> {
        debug_assert!(!self.is_busy, "one batch at a time");
        self.batches.send((works, made)).map_err(|refused| refused.0.0)?;
        self.is_busy = true;
        Ok(())
    }

    /// Waits for the batch that is under way, if one is.
    pub(super) fn outcome(&mut self) -> Result<Option<Outcome>, WriteError> {
        if !std::mem::take(&mut self.is_busy) {
            return Ok(None);
        }
        self.outcomes.recv().map(Some).map_err(|_| WriteError::CommitterEnded)
    }
}

impl Committer {
    /// Commits what comes, one batch after the other.
    pub(crate) fn run(self) {
        for (works, made) in &self.batches {
            let outcome = match self.store.append(&made.rows) {
                Ok(()) => {
                    self.answers.conclude(works, made.acks);
                    Outcome::Landed
                }
                Err(error) => Outcome::Failed { works, error: error.into() },
            };
            self.answers.note_upkeep(&self.store);
            if self.outcomes.send(outcome).is_err() {
                return;
            }
        }
    }
}
