//! Which key has signed what.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::thread;

use agent_receipts_core::{PublicKey, Received};
use agent_receipts_store::{SqliteReader, StoreError};
use serde::Serialize;

/// What one key has signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Signed {
    /// The number of receipts.
    pub(crate) receipts: u64,
    /// The time of the earliest, as it says itself.
    pub(crate) from: Option<String>,
    /// The time of the latest.
    pub(crate) to: Option<String>,
    /// The part of each chain.
    pub(crate) chains: Vec<Part>,
}

/// The receipts of one key in one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Part {
    pub(crate) chain_id: String,
    pub(crate) receipts: u64,
    pub(crate) first_sequence: u64,
    pub(crate) last_sequence: u64,
}

/// What each of some keys has signed, and what none of them has.
#[derive(Debug, Default)]
pub(crate) struct Account {
    by_key: Vec<Tally>,
    /// Receipts that none of the keys has signed, or that cannot be read.
    pub(crate) unknown: u64,
}

#[derive(Debug, Default, Clone)]
struct Tally {
    receipts: u64,
    from: Option<String>,
    to: Option<String>,
    chains: BTreeMap<String, (u64, u64, u64)>,
}

/// A receipt as far as it counts here.
struct Seen {
    chain_id: String,
    sequence: u64,
    time: String,
    key: Option<usize>,
}

impl Account {
    /// Of these keys, before any receipt.
    pub(crate) fn of_keys(keys: &[PublicKey]) -> Self {
        Self { by_key: vec![Tally::default(); keys.len()], unknown: 0 }
    }

    /// Checks every signature of a database, on every core. `each` is shown every receipt, chain by chain, besides.
    pub(crate) fn take(
        &mut self,
        reader: &SqliteReader,
        keys: &[PublicKey],
        mut each: impl FnMut(&str, &[u8]),
    ) -> Result<(), StoreError> {
        let (mut texts, mut bytes) = (Vec::with_capacity(BATCH), 0);
        reader.texts(&mut |chain_id, receipt_json| {
            each(chain_id, receipt_json.as_bytes());
            bytes += receipt_json.len();
            texts.push(receipt_json.to_owned());
            if texts.len() == BATCH || bytes >= BATCH_BYTES {
                self.add(&texts, keys);
                texts.clear();
                bytes = 0;
            }
            ControlFlow::Continue(())
        })?;
        self.add(&texts, keys);
        Ok(())
    }

    /// What the key at this place has signed.
    pub(crate) fn of(&self, key: usize) -> Signed {
        let Tally { receipts, from, to, chains } = self.by_key.get(key).cloned().unwrap_or_default();
        let part = |(chain_id, (receipts, first_sequence, last_sequence))| Part {
            chain_id,
            receipts,
            first_sequence,
            last_sequence,
        };
        Signed { receipts, from, to, chains: chains.into_iter().map(part).collect() }
    }

    fn add(&mut self, texts: &[String], keys: &[PublicKey]) {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = texts.len().div_ceil(cores).max(WORTH_A_THREAD);
        let seen: Vec<Option<Seen>> = thread::scope(|scope| {
            let threads: Vec<_> =
                texts.chunks(share).map(|some| (some, scope.spawn(move || look(some, keys)))).collect();
            // A thread that failed must not make receipts vanish: its share is looked at here again.
            let join = |(some, thread): (_, thread::ScopedJoinHandle<'_, _>)| {
                thread.join().unwrap_or_else(|_| look(some, keys))
            };
            threads.into_iter().flat_map(join).collect()
        });
        seen.into_iter().for_each(|seen| self.count(seen));
    }

    fn count(&mut self, seen: Option<Seen>) {
        let known = seen.and_then(|seen| Some((seen.key?, seen)));
        let Some((tally, seen)) = known.and_then(|(key, seen)| Some((self.by_key.get_mut(key)?, seen)))
        else {
            self.unknown += 1;
            return;
        };
        tally.receipts += 1;
        if tally.from.as_ref().is_none_or(|from| seen.time < *from) {
            tally.from = Some(seen.time.clone());
        }
        if tally.to.as_ref().is_none_or(|to| seen.time > *to) {
            tally.to = Some(seen.time);
        }
        let part = tally.chains.entry(seen.chain_id).or_insert((0, seen.sequence, seen.sequence));
        *part = (part.0 + 1, part.1.min(seen.sequence), part.2.max(seen.sequence));
    }
}

/// The key of the receipt before is tried first: keys change rarely.
fn look(texts: &[String], keys: &[PublicKey]) -> Vec<Option<Seen>> {
    let mut guess = 0;
    let look = |text: &String| {
        let received = Received::parse(text.as_bytes()).ok()?;
        let order = std::iter::once(guess).chain((0..keys.len()).filter(|key| *key != guess));
        let key =
            order.into_iter().find(|key| keys.get(*key).is_some_and(|key| received.verify(key).is_ok()));
        guess = key.unwrap_or(guess);
        let subject = &received.receipt().subject;
        Some(Seen {
            chain_id: subject.chain.chain_id.clone(),
            sequence: subject.chain.sequence,
            time: subject.action.timestamp.clone(),
            key,
        })
    };
    texts.iter().map(look).collect()
}

/// Receipts that are held at a time, and their bytes: these and not the database bound memory.
const BATCH: usize = 1024;
const BATCH_BYTES: usize = 8 << 20;
/// Below this a thread costs more than it saves.
const WORTH_A_THREAD: usize = 64;
