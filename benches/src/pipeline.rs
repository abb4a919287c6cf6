//! Receipts through all phases on all cores: prepared in parallel, placed in order, signed in parallel, stored in order
//! while the next ones are made.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use agent_receipts_keysource::KeySource;
use agent_receipts_store::{ReceiptStore, Row};

use crate::placing::Facts;
use crate::{Chain, Failure};

/// What is made of how many events, and how.
pub(crate) struct Pipeline<'a> {
    /// What is known of event number n; called on all cores.
    pub(crate) prepare: &'a (dyn Fn(u64) -> Result<Facts, Failure> + Sync),
    pub(crate) key: &'a dyn KeySource,
    pub(crate) events: u64,
    /// Receipts in one transaction.
    pub(crate) batch: u64,
}

impl Pipeline<'_> {
    /// Makes and stores them all; every one is on disk on return.
    pub(crate) fn run(&self, chain: Chain, store: &mut dyn ReceiptStore) -> Result<(), Failure> {
        let workers = cores();
        let turns = Turns::new(chain);
        let next = AtomicU64::new(0);
        thread::scope(|scope| {
            // The channel bounds what is made ahead of the disk.
            let (sealed, rows) = sync_channel(workers + 1);
            for _ in 0..workers {
                let (sealed, turns, next) = (sealed.clone(), &turns, &next);
                scope.spawn(move || self.work(next, turns, &sealed));
            }
            drop(sealed);
            commit(&rows, store)
        })
    }

    fn work(&self, next: &AtomicU64, turns: &Turns, sealed: &SyncSender<Sealed>) {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let begin = index.saturating_mul(self.batch);
            if begin >= self.events {
                return;
            }
            let made = self.make(index, begin..self.events.min(begin + self.batch), turns);
            let failed = made.is_err();
            // Whoever commits has failed already if nobody listens.
            if sealed.send((index, made)).is_err() || failed {
                turns.give_up();
                return;
            }
        }
    }

    fn make(&self, index: u64, events: Range<u64>, turns: &Turns) -> Result<Vec<Row>, Failure> {
        let facts = events.map(self.prepare).collect::<Result<Vec<_>, _>>()?;
        let placed =
            turns.take(index, |chain| facts.into_iter().map(|facts| chain.place(facts)).collect::<Vec<_>>());
        let sealed = placed.into_iter().map(|placed| {
            let signature = self.key.sign(placed.draft.canonical())?;
            Ok(placed.seal(&signature))
        });
        sealed.collect()
    }
}

/// How many cores this process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

type Sealed = (u64, Result<Vec<Row>, Failure>);

fn commit(rows: &Receiver<Sealed>, store: &mut dyn ReceiptStore) -> Result<(), Failure> {
    let (mut due, mut early) = (0, BTreeMap::new());
    for (index, batch) in rows {
        early.insert(index, batch?);
        while let Some(batch) = early.remove(&due) {
            store.append(&batch)?;
            due += 1;
        }
    }
    Ok(())
}

/// The chain, to which batches come in their order.
struct Turns {
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    chain: Chain,
    due: u64,
    given_up: bool,
}

impl Turns {
    fn new(chain: Chain) -> Self {
        Self { state: Mutex::new(State { chain, due: 0, given_up: false }), moved: Condvar::new() }
    }

    /// Nothing is made of a batch once one before it has failed.
    fn take<T: Default>(&self, index: u64, with: impl FnOnce(&mut Chain) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.due != index && !state.given_up {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.given_up {
            return T::default();
        }
        let made = with(&mut state.chain);
        state.due += 1;
        drop(state);
        self.moved.notify_all();
        made
    }

    fn give_up(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).given_up = true;
        self.moved.notify_all();
    }
}
