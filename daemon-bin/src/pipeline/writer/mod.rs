//! The one thread that writes: sequence, sign, commit, and only then acknowledge.

use agent_receipts_ipc::Ack;
use agent_receipts_store::StoreError;

use super::answers::{Answers, refusal};
use super::committer::{Lane, Made, Outcome};
use super::ledger::{Ledger, WriteError};
use super::queue::Queue;
use super::sequence::Placed;
use super::submission::{Task, Work};

/// Turns submissions into durable receipts, a batch at a time. A few events are committed here, at once; of many, a batch is
/// sequenced and signed while the one before is committed beside us.
pub(crate) struct Writer {
    pub(crate) ledger: Ledger,
    pub(crate) lane: Lane,
    pub(crate) answers: Answers,
}

impl Writer {
    /// Works until the queue is closed and drained. On a fatal error the queue is closed, and everybody in it refused.
    pub(crate) fn run(&mut self, queue: &Queue<Work>) -> Result<(), WriteError> {
        let outcome = self.work(queue);
        if let Err(error) = &outcome {
            queue.close();
            loop {
                let works = queue.take(BATCH);
                if works.is_empty() {
                    break;
                }
                self.answers.refuse(works, error);
            }
        }
        outcome
    }

    /// Writes what is left to say when nothing more comes: losses that no receipt has told of, then the terminators, the
    /// root's last. One user can have opened any number of chains: those that there is no time for stay open, and the root
    /// with them, so that the next start continues it.
    pub(crate) fn finish(&mut self, in_time: &dyn Fn() -> bool) -> Result<(), WriteError> {
        let losses = self.answers.losses.take_all();
        let placed = losses.iter().map(|loss| self.ledger.place_loss(loss)).collect::<Result<Vec<_>, _>>()?;
        self.ledger.commit(placed)?;
        let chains = if in_time() { self.ledger.chains_to_close()? } else { Vec::new() };
        for some in chains.chunks(BATCH) {
            if !in_time() {
                break;
            }
            let placed = self.ledger.place_terminators(some)?;
            self.ledger.commit(placed)?;
        }
        if !in_time() {
            self.log("the shutdown deadline has passed: chains may be left open");
        }
        Ok(())
    }

    fn work(&mut self, queue: &Queue<Work>) -> Result<(), WriteError> {
        loop {
            // While a batch is under way, its end is the next thing to wait for, unless there is something to do meanwhile.
            let works = if self.lane.is_busy() { queue.take_now(BATCH) } else { queue.take(BATCH) };
            if !works.is_empty() {
                self.take_turns(works)?;
            } else if self.lane.is_busy() {
                self.settle()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Events together, and between them, alone, what must be.
    fn take_turns(&mut self, works: Vec<Work>) -> Result<(), WriteError> {
        let mut events = Vec::with_capacity(works.len());
        let mut works = works.into_iter();
        while let Some(work) = works.next() {
            let done = match work {
                Work::Alone(task) => {
                    let before = std::mem::take(&mut events);
                    self.write(before).and_then(|()| self.run_alone(task))
                }
                event => {
                    events.push(event);
                    Ok(())
                }
            };
            if let Err(error) = done {
                self.answers.refuse(works.collect(), &error);
                return Err(error);
            }
        }
        self.write(events)
    }

    fn run_alone(&mut self, task: Task) -> Result<(), WriteError> {
        self.settle()?;
        let outcome = task(&mut self.ledger);
        self.ledger.discard();
        match outcome {
            Err(error) if error.is_fatal() => Err(error),
            Err(_) | Ok(()) => Ok(()),
        }
    }

    /// Makes a batch, waits for the one before, and commits.
    fn write(&mut self, works: Vec<Work>) -> Result<(), WriteError> {
        if works.is_empty() {
            return Ok(());
        }
        let made = self.make(&works);
        match self.settle() {
            Ok(Before::Landed) => {}
            // What was made links to what is not there.
            Ok(Before::Lost) => return self.commit_here(works, None),
            Err(error) => {
                self.answers.refuse(works, &error);
                return Err(error);
            }
        }
        match made {
            Ok(made) if works.len() >= WORTH_A_HAND_OVER => {
                self.ledger.launch();
                self.lane
                    .launch(works, made)
                    .or_else(|works| self.give_up(works, &WriteError::CommitterEnded))
            }
            Ok(made) => self.commit_here(works, Some(made)),
            Err(error) => self.give_up(works, &error),
        }
    }

    /// Places and signs a batch, whole or not at all.
    fn make(&mut self, works: &[Work]) -> Result<Made, WriteError> {
        let mut placed = Vec::with_capacity(works.len() + 8);
        let acks = works.iter().map(|work| self.place(work, &mut placed)).collect::<Result<_, _>>()?;
        Ok(Made { rows: self.ledger.seal(placed)?, acks })
    }

    fn place(&mut self, work: &Work, placed: &mut Vec<Placed>) -> Result<Option<Ack>, WriteError> {
        let submission = match work {
            Work::Answer { ack, .. } => return Ok(Some(ack.clone())),
            Work::Record(submission) => submission,
            Work::Alone(_) => return Ok(None),
        };
        match self.ledger.place(submission) {
            Ok(some) => {
                let ack = some.last().filter(|_| submission.reply.is_some()).map(accepted);
                placed.extend(some);
                Ok(ack)
            }
            Err(error) if error.is_fatal() => Err(error.into()),
            Err(error) => {
                if error.deserves_a_line() {
                    self.log(&format!("an event was not recorded: {error}"));
                }
                let message = error.to_string();
                Ok(Some(refusal(WriteError::Resume(error).code(), &message)))
            }
        }
    }

    /// Waits until nothing is under way.
    fn settle(&mut self) -> Result<Before, WriteError> {
        match self.lane.outcome()? {
            None => Ok(Before::Landed),
            Some(Outcome::Landed) => {
                self.ledger.landed();
                Ok(Before::Landed)
            }
            Some(Outcome::Failed { works, error }) => {
                self.ledger.discard();
                if is_another_writer(&error) {
                    self.commit_again(works)?;
                } else {
                    self.give_up(works, &error)?;
                }
                Ok(Before::Lost)
            }
        }
    }

    /// Commits a batch on this thread, with nothing under way; what is not made yet is made.
    fn commit_here(&mut self, works: Vec<Work>, made: Option<Made>) -> Result<(), WriteError> {
        let made = made.map_or_else(|| self.make(&works), Ok);
        match made.and_then(|made| self.append(made)) {
            Err(error) if is_another_writer(&error) => self.commit_again(works),
            outcome => self.conclude(works, outcome),
        }
    }

    /// Somebody without our lock wrote to the database. The chains are taken up where they are now.
    fn commit_again(&mut self, works: Vec<Work>) -> Result<(), WriteError> {
        self.log("the database was written to by another program; reading the chains again");
        self.ledger.forget();
        let outcome = self.make(&works).and_then(|made| self.append(made));
        self.conclude(works, outcome)
    }

    fn append(&mut self, made: Made) -> Result<Vec<Option<Ack>>, WriteError> {
        let appended = self.ledger.append(&made.rows);
        self.answers.note_upkeep(&self.ledger.store);
        appended.map(|()| made.acks)
    }

    fn conclude(
        &mut self,
        works: Vec<Work>,
        outcome: Result<Vec<Option<Ack>>, WriteError>,
    ) -> Result<(), WriteError> {
        match outcome {
            Ok(acks) => {
                self.answers.conclude(works, acks);
                Ok(())
            }
            Err(error) => self.give_up(works, &error),
        }
    }

    fn give_up(&mut self, works: Vec<Work>, error: &WriteError) -> Result<(), WriteError> {
        self.ledger.discard();
        self.log(&format!("{} events were not recorded: {error}", works.len()));
        self.answers.refuse(works, error);
        if error.is_fatal() { Err(error.clone()) } else { Ok(()) }
    }

    fn log(&self, line: &str) {
        (self.answers.log)(line);
    }
}

/// What became of the batch before.
enum Before {
    /// It is on disk, or there was none.
    Landed,
    /// It was not written, or not where what was made since has its place.
    Lost,
}

fn is_another_writer(error: &WriteError) -> bool {
    matches!(error, WriteError::Store(StoreError::DuplicatePosition { .. } | StoreError::DuplicateId { .. }))
}

fn accepted(placed: &Placed) -> Ack {
    Ack::Accepted {
        receipt_id: placed.row.id.clone(),
        chain_id: placed.row.chain_id.clone(),
        sequence: placed.row.sequence,
        receipt_hash: placed.row.receipt_hash.clone(),
    }
}

/// Fewer events than these are on disk before another thread would have woken.
const WORTH_A_HAND_OVER: usize = 8;

/// The most events in one transaction. What waits is taken at once, so that a batch is as large as the load makes it.
const BATCH: usize = 256;

#[cfg(test)]
mod tests;
