//! The one thread that writes: sequence, sign, commit, and only then acknowledge.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use agent_receipts_ipc::{Ack, ReplyWriter};
use agent_receipts_store::StoreError;

use super::ledger::{Ledger, WriteError};
use super::losses::Losses;
use super::queue::Queue;
use super::resume::ResumeError;
use super::sequence::Placed;
use super::submission::{Submission, Work};
use crate::surroundings::Log;

/// A reply on its way out.
pub(crate) type Reply = (ReplyWriter, Ack);

/// Turns submissions into durable receipts, a batch at a time.
pub(crate) struct Writer {
    pub(crate) ledger: Ledger,
    pub(crate) losses: Arc<Losses>,
    /// Replies are sent from a thread of their own: a peer that does not read must not hold up a commit.
    pub(crate) replies: SyncSender<Reply>,
    pub(crate) log: Log,
}

impl Writer {
    /// Works until the queue is closed and drained. On a fatal error the queue is closed, and everybody in it refused.
    pub(crate) fn run(&mut self, queue: &Queue<Work>) -> Result<(), WriteError> {
        loop {
            let works = queue.take(BATCH);
            if works.is_empty() {
                return Ok(());
            }
            if let Err(error) = self.write(works) {
                queue.close();
                loop {
                    let works = queue.take(BATCH);
                    if works.is_empty() {
                        return Err(error);
                    }
                    self.refuse_all(works, &error);
                }
            }
        }
    }

    /// Writes what is left to say when nothing more comes: losses that no receipt has told of, then the terminators.
    pub(crate) fn finish(&mut self, with_terminators: bool) -> Result<(), WriteError> {
        let losses = self.losses.take_all();
        let mut placed =
            losses.iter().map(|loss| self.ledger.place_loss(loss)).collect::<Result<Vec<_>, _>>()?;
        if with_terminators {
            // Losses are staged, not stored: the store is asked only for the chains of agents.
            placed.extend(self.ledger.place_terminators()?);
        }
        self.ledger.commit(placed)
    }

    fn write(&mut self, works: Vec<Work>) -> Result<(), WriteError> {
        let mut outcome = self.attempt(&works);
        if matches!(
            outcome,
            Err(WriteError::Store(StoreError::DuplicatePosition { .. } | StoreError::DuplicateId { .. }))
        ) {
            // Somebody without our lock wrote to the database. Take up the chains where they are now.
            (self.log)("the database was written to by another program; reading the chains again");
            self.ledger.forget();
            outcome = self.attempt(&works);
        }
        match outcome {
            Ok(acks) => {
                let replies =
                    works.into_iter().zip(acks).filter_map(|(work, ack)| Some((reply_of(work)?, ack)));
                replies.for_each(|reply| self.answer(reply));
                Ok(())
            }
            Err(error) => {
                (self.log)(&format!("{} events were not recorded: {error}", works.len()));
                self.refuse_all(works, &error);
                if error.is_fatal() { Err(error) } else { Ok(()) }
            }
        }
    }

    /// Writes a batch whole or not at all, and gives each work's answer.
    fn attempt(&mut self, works: &[Work]) -> Result<Vec<Ack>, WriteError> {
        let mut placed = Vec::with_capacity(works.len() + 8);
        let mut acks = Vec::with_capacity(works.len());
        let mut refused = Vec::new();
        for work in works {
            acks.push(match work {
                Work::Answer { ack, .. } => ack.clone(),
                Work::Record(submission) => match self.ledger.place(submission) {
                    Ok(some) => {
                        let ack = some.last().map(accepted);
                        placed.extend(some);
                        ack.unwrap_or_else(|| refusal("internal", "nothing was placed"))
                    }
                    Err(ResumeError::Store(error)) if error.is_fatal() => {
                        self.ledger.discard();
                        return Err(error.into());
                    }
                    Err(error) => {
                        refused.push(submission);
                        (self.log)(&format!("an event was not recorded: {error}"));
                        refusal(WriteError::Resume(error.clone()).code(), &error.to_string())
                    }
                },
            });
        }
        self.ledger.commit(placed)?;
        refused.into_iter().for_each(|submission| self.remember(submission));
        Ok(acks)
    }

    fn refuse_all(&self, works: Vec<Work>, error: &WriteError) {
        for work in works {
            match work {
                Work::Answer { reply, ack } => self.answer((reply, ack)),
                Work::Record(submission) => {
                    self.remember(&submission);
                    if let Some(reply) = submission.reply {
                        self.answer((reply, refusal(error.code(), &error.to_string())));
                    }
                }
            }
        }
    }

    fn remember(&self, submission: &Submission) {
        self.losses.add(&submission.sender, submission.lost_with_it());
    }

    fn answer(&self, reply: Reply) {
        // The receiver outlives the writer; were it gone, there would be nobody left to tell.
        let _ = self.replies.send(reply);
    }
}

fn reply_of(work: Work) -> Option<ReplyWriter> {
    match work {
        Work::Answer { reply, .. } => Some(reply),
        Work::Record(submission) => submission.reply,
    }
}

fn accepted(placed: &Placed) -> Ack {
    Ack::Accepted {
        receipt_id: placed.row.id.clone(),
        chain_id: placed.row.chain_id.clone(),
        sequence: placed.row.sequence,
        receipt_hash: placed.row.receipt_hash.clone(),
    }
}

pub(crate) fn refusal(code: &str, message: &str) -> Ack {
    Ack::Refused { code: code.to_owned(), message: message.to_owned() }
}

/// The most events in one transaction. What waits is taken at once, so that a batch is as large as the load makes it.
const BATCH: usize = 256;
