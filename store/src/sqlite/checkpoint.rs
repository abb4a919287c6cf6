//! Folding the write-ahead log into the database, off the writer's path.
//!
//! Left to itself, SQLite folds inside the commit that makes the log too long, and whoever waits for that commit pays. Here a
//! thread with a connection of its own does it. Every few megabytes it copies what it can while the writer goes on
//! (`PASSIVE`). That alone never lets a busy writer begin its log anew, so above a limit the writer waits for the few pages
//! that are left (`RESTART`), having been asked for its turn: nobody sleeps on SQLite's lock.
//!
//! A reader in the midst of a long read keeps the log from being begun anew. The log then grows with every write until the
//! reader is done, nobody waits, and nothing is lost; the first commits after it shorten the file again.
//!
//! INVARIANT: one failed sync and the copy can no longer be believed, for the kernel may have thrown pages away. Such a failure
//! is handed to the writer, which must stop; any other is kept until it is asked for, and the log goes on growing meanwhile.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::errors::classify;
use crate::StoreError;

/// How far the log grows, in bytes, before its next part is copied.
const STEP: u64 = 4 << 20;
/// The length of the log, in bytes, above which it is begun anew.
const RESTART_ABOVE: u64 = 16 << 20;
/// The length of the log, in bytes, above which the writer waits until the copying that is under way has ended.
const WAIT_ABOVE: u64 = 64 << 20;
/// What the file of the log keeps, in bytes, when it is begun anew: writing over old blocks is cheaper than asking for new ones.
pub(crate) const KEPT_LENGTH: u64 = 32 << 20;

/// The thread that folds. When dropped, it has ended and its connection is closed.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread on a second connection to the writer's database, and has `writer` report the length of its log.
    pub(crate) fn start(
        writer: &mut Connection,
        folding: Connection,
        path: &Path,
    ) -> Result<Self, StoreError> {
        let page_size: u32 = writer
            .query_row("PRAGMA page_size", [], |row| row.get(0))
            .map_err(|error| classify(path, error))?;
        // Whoever reads is not waited for: the writer would have to wait as well.
        folding.busy_timeout(Duration::ZERO).map_err(|error| classify(path, error))?;
        let shared = Arc::new(Shared::default());
        let log = Arc::clone(&shared);
        // Takes the place of SQLite's own hook, which folds inside the commit.
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            log.lock().grown(u64::from(pages.unsigned_abs()) * u64::from(page_size));
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(|error| classify(path, error))?;
        let worker =
            Worker { shared: Arc::clone(&shared), connection: folding, page_size, path: path.to_owned() };
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || worker.run())
            .map_err(|error| StoreError::io(path, "start folding the log of", &error))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The writer's turn, until the value is dropped; waits while the log is begun anew.
    ///
    /// # Errors
    ///
    /// The failure of an earlier folding, if it must stop the writer.
    pub(crate) fn turn(&self) -> Result<Turn<'_>, StoreError> {
        let mut state = self.shared.lock();
        while state.restarting || (state.folding && state.length > WAIT_ABOVE) {
            state = wait(&self.shared.writer, state);
        }
        match &state.failure {
            Some(failure) if failure.is_fatal() => Err(failure.clone()),
            _ => {
                state.writing = true;
                Ok(Turn { shared: &self.shared })
            }
        }
    }

    /// As if folding had failed.
    #[cfg(test)]
    pub(crate) fn fail(&self, failure: StoreError) {
        self.shared.lock().failure = Some(failure);
    }

    /// The newest failure since the last time it was asked for. One that stops the writer stays.
    pub(crate) fn take_failure(&self) -> Option<StoreError> {
        let mut state = self.shared.lock();
        match &state.failure {
            Some(failure) if failure.is_fatal() => Some(failure.clone()),
            _ => state.failure.take(),
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.worker.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic has been reported by the thread itself; closing the database folds what is left.
            let _ = thread.join();
        }
    }
}

/// The right to write.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    shared: &'a Shared,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.writing = false;
        if state.restarting || state.is_due() {
            self.shared.worker.notify_all();
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells the thread that there is something to do, or that the writer has ended its turn.
    worker: Condvar,
    /// Tells the writer that it may go on.
    writer: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain numbers, whole even if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a>(on: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    on.wait(state).unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
struct State {
    /// The length of the log in bytes as of the newest commit.
    length: u64,
    /// The length at which folding was last tried.
    tried: u64,
    writing: bool,
    folding: bool,
    restarting: bool,
    stop: bool,
    failure: Option<StoreError>,
}

impl State {
    fn grown(&mut self, length: u64) {
        if length < self.length {
            // The writer has begun the log anew.
            self.tried = 0;
        }
        self.length = length;
    }

    fn is_due(&self) -> bool {
        !self.folding && self.length >= self.tried.saturating_add(STEP)
    }
}

struct Worker {
    shared: Arc<Shared>,
    connection: Connection,
    page_size: u32,
    path: std::path::PathBuf,
}

impl Worker {
    fn run(self) {
        // Ends when it is told to; each round begins with growth that the writer reports.
        loop {
            let mut state = self.shared.lock();
            while !state.stop && !state.is_due() {
                state = wait(&self.shared.worker, state);
            }
            if state.stop {
                return;
            }
            (state.folding, state.tried) = (true, state.length);
            drop(state);
            // Also when folding panics, the writer must not wait for ever.
            let _over = Over { shared: &self.shared };
            let outcome = self.fold();
            if let Err(failure) = outcome {
                self.shared.lock().failure = Some(failure);
            }
        }
    }

    fn fold(&self) -> Result<(), StoreError> {
        let folded = self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)")?;
        // Pages that a reader still holds back are not to be waited for.
        if folded.is_whole() && folded.pages.saturating_mul(u64::from(self.page_size)) > RESTART_ABOVE {
            let mut state = self.shared.lock();
            state.restarting = true;
            while state.writing && !state.stop {
                state = wait(&self.shared.worker, state);
            }
            drop(state);
            self.checkpoint("PRAGMA wal_checkpoint(RESTART)")?;
        }
        Ok(())
    }

    fn checkpoint(&self, pragma: &str) -> Result<Folded, StoreError> {
        let outcome = self.connection.query_row(pragma, [], |row| {
            // Both are -1 where the log could not be looked at.
            let count = |index| row.get::<_, i64>(index).map(|count| u64::try_from(count).unwrap_or(0));
            Ok(Folded { busy: row.get(0)?, pages: count(1)?, copied: count(2)? })
        });
        outcome.map_err(|error| classify(&self.path, error))
    }
}

struct Folded {
    busy: bool,
    pages: u64,
    copied: u64,
}

impl Folded {
    fn is_whole(&self) -> bool {
        !self.busy && self.copied == self.pages
    }
}

struct Over<'a> {
    shared: &'a Shared,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        (state.folding, state.restarting) = (false, false);
        self.shared.writer.notify_all();
    }
}
