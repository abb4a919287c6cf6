//! The thread that makes checkpoints.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agent_receipts_core::PublicKey;
use agent_receipts_store::SqliteReader;

use super::backlog::{BacklogError, catch_up, last_signed, take_up};
use super::making::Maker;
use super::tally::{Progress, Tally, Wake};
use crate::surroundings::Surroundings;

/// Makes a checkpoint when one is due.
pub(crate) struct Keeper {
    pub(crate) tally: Arc<Tally>,
    pub(crate) maker: Maker,
    pub(crate) db: PathBuf,
    /// Keys by which checkpoints of earlier runs are known; the one in use is known anyway.
    pub(crate) earlier: Vec<PublicKey>,
    pub(crate) interval: Duration,
    pub(crate) surroundings: Surroundings,
}

impl Keeper {
    /// Works until the tally stops, and is then given back for the last checkpoint.
    pub(crate) fn run(mut self) -> Self {
        let mut next = Instant::now() + self.interval;
        let mut failed = false;
        loop {
            let until = if failed { Instant::now() + RETRY.min(self.interval) } else { next };
            let tally = Arc::clone(&self.tally);
            failed = !match tally.wait(until, failed) {
                Wake::Stop => return self,
                Wake::Behind => self.take_up(&|| !tally.is_stopping()),
                Wake::Due => {
                    next = Instant::now() + self.interval;
                    self.make()
                }
                Wake::Idle if Instant::now() < next => true,
                Wake::Idle => {
                    next = Instant::now() + self.interval;
                    self.make()
                }
            };
        }
    }

    /// The last checkpoint, after everything else has been recorded.
    pub(crate) fn finish(mut self, in_time: &dyn Fn() -> bool) {
        if self.tally.is_behind() && in_time() {
            self.take_up(in_time);
        }
        if in_time() {
            self.make();
        } else {
            self.log("the shutdown deadline has passed: no last checkpoint; the next run makes it");
        }
    }

    /// Takes the tree up from the database. False if that is to be tried again.
    fn take_up(&mut self, go_on: &dyn Fn() -> bool) -> bool {
        match self.try_take_up(go_on) {
            Ok(()) | Err(BacklogError::Stopped) => true,
            Err(error) if error.is_contradiction() => {
                self.tally.set(Progress::Refused);
                self.log(&format!("no more checkpoints are made: {error}"));
                true
            }
            Err(error) => {
                self.log(&format!("checkpoints wait until the database can be read: {error}"));
                false
            }
        }
    }

    fn try_take_up(&mut self, go_on: &dyn Fn() -> bool) -> Result<(), BacklogError> {
        let reader = SqliteReader::open(&self.db)?;
        let key = &self.maker.key;
        let earlier = key.former().into_iter().chain(self.earlier.clone());
        let keys: Vec<_> = key.current().public_key().into_iter().chain(earlier).collect();
        let signed = last_signed(&reader, &keys)?;
        let mut growth = take_up(&reader, signed.as_ref(), go_on)?;
        if let Some(signed) = signed {
            if let Some(anchors) = &mut self.maker.anchors {
                anchors.make_up_for(&signed.stored, (self.surroundings.clock)());
            }
            self.maker.origin = Some(signed.origin);
        }
        // With the store to ourselves, so that nothing is committed between the last row and the change to counting.
        let tally = Arc::clone(&self.tally);
        while !self.maker.store.alone(|store| {
            let more = catch_up(store, &mut growth, AT_ONCE)?;
            if !more {
                tally.set(Progress::Current(std::mem::take(&mut growth)));
            }
            Ok::<_, BacklogError>(!more)
        })? {}
        Ok(())
    }

    /// Makes a checkpoint if there is anything new. False if that is to be tried again.
    fn make(&mut self) -> bool {
        if self.tally.is_refused() {
            self.log(
                "no checkpoint was made: the database is not what was signed for; see the start of this log",
            );
            return true;
        }
        let now = (self.surroundings.clock)();
        let made = match self.tally.snapshot() {
            Some(snapshot) => match self.maker.make(&snapshot, now) {
                Ok(()) => {
                    self.tally.signed(snapshot.size);
                    self.remember_key();
                    true
                }
                Err(error) => {
                    self.log(&format!("no checkpoint was made: {error}"));
                    false
                }
            },
            None => true,
        };
        self.write_anchors() && made
    }

    /// After a rotation, what this key has signed is still known to be ours.
    fn remember_key(&mut self) {
        if let Ok(key) = self.maker.key.current().public_key()
            && !self.earlier.contains(&key)
        {
            self.earlier.push(key);
        }
    }

    fn write_anchors(&mut self) -> bool {
        let Some(anchors) = &mut self.maker.anchors else { return true };
        let Err(error) = anchors.write() else { return true };
        let line = format!("could not write the anchor log `{}`: {error}", anchors.path().display());
        self.log(&line);
        false
    }

    fn log(&self, line: &str) {
        (self.surroundings.log)(line);
    }
}

/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(60);
/// Rows that are read while the store is held.
const AT_ONCE: u64 = 256;
