//! The one thread that writes: sequence, sign, commit, and only then acknowledge.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use agent_receipts_ipc::Ack;
use agent_receipts_store::StoreError;

use super::ledger::{Ledger, WriteError};
use super::losses::Losses;
use super::queue::Queue;
use super::sequence::Placed;
use super::submission::{ReplyTo, Submission, Work};
use crate::surroundings::Log;

/// A reply on its way out.
pub(crate) type Reply = (ReplyTo, Ack);

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
            let outcome = self.write(works);
            if let Some(failure) = self.ledger.store.take_upkeep_failure() {
                (self.log)(&format!("the database grows until this is mended: {failure}"));
            }
            if let Err(error) = outcome {
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

    /// Writes what is left to say when nothing more comes: losses that no receipt has told of, then the terminators, the
    /// root's last. One user can have opened any number of chains: those that there is no time for stay open, and the root
    /// with them, so that the next start continues it.
    pub(crate) fn finish(&mut self, in_time: &dyn Fn() -> bool) -> Result<(), WriteError> {
        let losses = self.losses.take_all();
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
            (self.log)("the shutdown deadline has passed: chains may be left open");
        }
        Ok(())
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
                    Err(error) if error.is_fatal() => {
                        self.ledger.discard();
                        return Err(error.into());
                    }
                    Err(error) => {
                        refused.push(submission);
                        (self.log)(&format!("an event was not recorded: {error}"));
                        let message = error.to_string();
                        refusal(WriteError::Resume(error).code(), &message)
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

fn reply_of(work: Work) -> Option<ReplyTo> {
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;
    use std::sync::mpsc::sync_channel;

    use agent_receipts_keysource::{FileKeySource, KeySource as _, generate_key_pair};
    use agent_receipts_store::MemoryStore;

    use super::*;
    use crate::pipeline::receipts::Letterhead;
    use crate::pipeline::resume::Keys;
    use crate::pipeline::sequence::Sequencer;
    use crate::surroundings::Surroundings;

    fn writer(log: Log) -> Writer {
        let folder = tempfile::tempdir().unwrap();
        let (private, public) = (folder.path().join("k"), folder.path().join("k.pub"));
        let current = generate_key_pair(&private, &public, &[1; 32].into()).unwrap();
        let mut key = FileKeySource::new(&private, "did:example:d#k1");
        key.init().unwrap();
        let letterhead = Letterhead {
            issuer_id: "did:example:d".to_owned(),
            version: agent_receipts_core::Version::V0_5_0,
        };
        let keys = Keys { current, earlier: Vec::new() };
        let sequencer = Sequencer::new("audit".to_owned(), None, keys, letterhead, Surroundings::system());
        let store = Box::new(MemoryStore::default());
        let ledger = Ledger { store, key: Arc::new(key), sequencer };
        Writer { ledger, losses: Arc::default(), replies: sync_channel(1).0, log }
    }

    /// One user can open chains without end, and a stop that closed them all would never come to its own.
    #[test]
    fn a_stop_closes_what_there_is_time_for_and_the_root_last() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&lines);
        let mut writer = writer(Arc::new(move |line| kept.lock().unwrap().push(line.to_owned())));
        let agents: Vec<String> = (0..3 * BATCH).map(|agent| format!("audit/agent/{agent}")).collect();
        for chain in agents.iter().map(String::as_str).chain(["audit"]) {
            let placed = writer.ledger.sequencer.place_for_test(chain);
            writer.ledger.commit(vec![placed]).unwrap();
        }
        let is_closed =
            |writer: &Writer, chain: &str| writer.ledger.store.head(chain).unwrap().unwrap().sequence == 2;
        let asked = Cell::new(0);
        writer
            .finish(&|| {
                asked.set(asked.get() + 1);
                asked.get() <= 2
            })
            .unwrap();
        assert_eq!(agents.iter().filter(|agent| is_closed(&writer, agent)).count(), BATCH);
        assert!(!is_closed(&writer, "audit"));
        assert!(lines.lock().unwrap()[0].contains("deadline"));
        writer.finish(&|| true).unwrap();
        assert!(agents.iter().all(|agent| is_closed(&writer, agent)) && is_closed(&writer, "audit"));
    }
}
