//! What an emitter has in one process: a connection and a count of its own, in a forked child as well.

use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use once_cell::race::OnceBox;

use super::drops::Drops;
use super::left::{DropFile, PATIENCE, Untold};
use super::line::Line;
use crate::event::MAX_DROP_COUNT;

/// What belongs to one process.
///
/// INVARIANT: only the process named by `pid` uses `line` and `drops`. A child's copy of what was its parent's is left alone, but
/// for its end of the connection: a lock in it may have been held at the fork by a thread that the child does not have.
#[derive(Debug)]
pub(super) struct Life {
    pid: u32,
    pub(super) line: Line,
    pub(super) drops: Drops,
    /// How many connections there had been when the drop file was last looked into and found empty; [`NEVER`] before the first look.
    looked: AtomicU64,
    /// What this process has left at once, as far as it knows still untold.
    left: AtomicU64,
    /// The child's; made without a lock, for the same reason.
    next: OnceBox<Life>,
}

impl Life {
    pub(super) fn new(line: Line) -> Self {
        Self {
            pid: process::id(),
            line,
            drops: Drops::default(),
            looked: AtomicU64::new(NEVER),
            left: AtomicU64::new(0),
            next: OnceBox::new(),
        }
    }

    /// The daemon's socket, the same in every process.
    pub(super) fn socket(&self) -> &Path {
        &self.line.socket
    }

    /// What belongs to this process; made where this process has been forked off and had nothing so far.
    pub(super) fn own(&self) -> &Self {
        let (pid, last) = (process::id(), self.last());
        if last.pid == pid {
            return last;
        }
        // Two threads may both make one; the first stays, and nothing is lost with the other.
        let own = last.next.get_or_init(|| Box::new(Self::new(last.line.unconnected())));
        last.line.forget_connection();
        own
    }

    /// What belongs to this process, if there is anything.
    pub(super) fn existing(&self) -> Option<&Self> {
        Some(self.last()).filter(|last| last.pid == process::id())
    }

    /// Whether the drop file is to be looked into, and then the number to give to [`Life::has_looked`]. It is for the first event,
    /// and once a connection: while there was none, another process of this session may have lost something too.
    pub(super) fn is_to_look(&self) -> Option<u64> {
        let dials = self.line.dials();
        (dials != self.looked.load(Ordering::Relaxed)).then_some(dials)
    }

    pub(super) fn has_looked(&self, dials: u64) {
        self.looked.store(dials, Ordering::Relaxed);
    }

    /// What this process has lost, and nobody was told of, as far as it knows.
    pub(super) fn untold(&self) -> u64 {
        self.drops.count().saturating_add(self.left.load(Ordering::Relaxed)).min(MAX_DROP_COUNT)
    }

    /// So many of those that were left have been told; all of them, if they are gone.
    pub(super) fn told(&self, count: Option<u64>) {
        let rest = |left: u64| Some(count.map_or(0, |count| left.saturating_sub(count)));
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
    }

    /// Leaves what was not told without waiting for more than a moment, and has the next event look for it.
    pub(super) fn leave_at_once(&self, file: &DropFile, now: SystemTime) {
        let count = self.drops.take();
        if count == 0 {
            return;
        }
        // Before it is there to be found: another thread may tell it at once, and takes it off again.
        self.left.fetch_add(count, Ordering::Relaxed);
        match file.leave(count, now, MOMENT) {
            Ok(_) => self.looked.store(NEVER, Ordering::Relaxed),
            Err(_) => {
                self.told(Some(count));
                self.drops.add(count);
            }
        }
    }

    /// Leaves what was not told, for good; what cannot be left stays counted.
    pub(super) fn leave(&self, file: &DropFile, now: SystemTime) -> Untold {
        // What was left at once is another emitter's to tell from here on.
        self.told(None);
        let count = self.drops.take();
        if count == 0 {
            return Untold::Nothing;
        }
        match file.leave(count, now, PATIENCE) {
            Ok(file) => Untold::Left { count, file },
            Err(error) => {
                self.drops.add(count);
                Untold::Lost { count, error }
            }
        }
    }

    /// The youngest: the others are of this process's ancestors, one of which may have had its number.
    fn last(&self) -> &Self {
        let mut last = self;
        while let Some(next) = last.next.get() {
            last = next;
        }
        last
    }
}

/// No number of connections.
const NEVER: u64 = u64::MAX;

/// How long an event that was lost may wait for the file besides.
const MOMENT: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn life(pid: u32) -> Life {
        let line = Line::new("/nowhere/s".into(), Duration::ZERO, Duration::ZERO);
        Life { pid, ..Life::new(line) }
    }

    #[test]
    fn a_process_finds_its_own_again() {
        let life = life(process::id());
        life.own().drops.add(2);
        assert_eq!(life.own().drops.count(), 2);
        assert!(life.next.get().is_none());
    }

    #[test]
    fn what_was_a_parents_is_neither_used_nor_counted() {
        let life = life(0);
        life.drops.add(7);
        assert!(life.existing().is_none());
        assert_eq!(life.own().drops.count(), 0);
        life.own().drops.add(1);
        assert_eq!((life.drops.count(), life.existing().map(|own| own.drops.count())), (7, Some(1)));
    }

    #[test]
    fn threads_that_come_at_once_agree() {
        let life = life(0);
        std::thread::scope(|scope| {
            (0..8).for_each(|_| drop(scope.spawn(|| life.own().drops.add(1))));
        });
        assert_eq!(life.own().drops.count(), 8);
    }

    #[test]
    fn what_was_closed_before_a_fork_is_closed_behind_it() {
        let life = life(0);
        life.line.close();
        assert!(life.own().line.is_closed());
    }
}
