//! One count of calls.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::per::Per;

/// Calls of the time that matters.
#[derive(Debug)]
pub(super) enum Count {
    /// All there were.
    All(u32),
    /// Those of the last while.
    Recent(Recent),
}

/// Calls by slots of time. Constant memory: a call is forgotten as late as its whole slot is, never too early.
#[derive(Debug)]
pub(super) struct Recent {
    /// A sixtieth of the window, rounded up.
    width: Duration,
    /// When the first slot began.
    start: Option<Instant>,
    /// Slots that had calls, ascending, at most [`SLOTS`] and one.
    slots: VecDeque<(u64, u32)>,
}

impl Count {
    pub(super) fn new(per: Per) -> Self {
        match per {
            Per::Session => Self::All(0),
            Per::Window(window) => {
                let width = part(window, SLOTS);
                Self::Recent(Recent { width, start: None, slots: VecDeque::new() })
            }
        }
    }

    /// How many calls count now.
    pub(super) fn within(&mut self, now: Instant) -> u32 {
        match self {
            Self::All(calls) => *calls,
            Self::Recent(recent) => {
                recent.forget(now);
                recent.slots.iter().fold(0, |sum, (_, calls)| sum.saturating_add(*calls))
            }
        }
    }

    /// One more.
    pub(super) fn add(&mut self, now: Instant) {
        match self {
            Self::All(calls) => *calls = calls.saturating_add(1),
            Self::Recent(recent) => recent.add(now),
        }
    }
}

impl Recent {
    fn add(&mut self, now: Instant) {
        self.start.get_or_insert(now);
        self.forget(now);
        let slot = self.slot(now);
        match self.slots.back_mut() {
            // Threads may come in another order than they looked at the clock: then the newest slot takes the call.
            Some((newest, calls)) if *newest >= slot => *calls = calls.saturating_add(1),
            _ => self.slots.push_back((slot, 1)),
        }
    }

    fn forget(&mut self, now: Instant) {
        let slot = self.slot(now);
        // INVARIANT: a call that is younger than the window is in none of these slots, since one slot more than the window has is kept.
        while self.slots.front().is_some_and(|(oldest, _)| oldest + SLOTS < slot) {
            self.slots.pop_front();
        }
    }

    fn slot(&self, now: Instant) -> u64 {
        let since = self.start.map_or(Duration::ZERO, |start| now.saturating_duration_since(start));
        u64::try_from(since.as_nanos() / self.width.as_nanos().max(1)).unwrap_or(u64::MAX)
    }
}

/// One of so many equal parts of a time, rounded up.
fn part(whole: Duration, parts: u64) -> Duration {
    Duration::from_nanos(u64::try_from(whole.as_nanos().div_ceil(u128::from(parts))).unwrap_or(u64::MAX))
}

/// Slots in a window.
const SLOTS: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_ever_forgets_a_call_too_early_and_each_is_forgotten_soon_after() {
        let start = Instant::now();
        for seconds in [1, 7, 60, 3_600] {
            let window = Duration::from_secs(seconds);
            let slack = window / 59;
            // Calls in the last moment of a slot are those that would be forgotten first, whichever way its width is rounded.
            let ends = (1..=SLOTS).flat_map(|slot| {
                let nanos = u64::try_from(window.as_nanos()).unwrap();
                [nanos / SLOTS * slot - 1, nanos.div_ceil(SLOTS) * slot - 1].map(Duration::from_nanos)
            });
            for offset in ends.chain([Duration::ZERO, window / 3]) {
                let mut count = Count::new(Per::Window(window));
                count.add(start);
                let made = start + offset;
                count.add(made);
                let last = made + window - Duration::from_nanos(1);
                assert!(count.within(last) >= 1, "{seconds} s, {offset:?}");
                assert_eq!(count.within(made + window + slack), 0, "{seconds} s, {offset:?}");
            }
        }
    }

    #[test]
    fn memory_does_not_grow_with_calls() {
        let start = Instant::now();
        let mut count = Count::new(Per::Window(Duration::from_secs(60)));
        for at in 0..100_000 {
            count.add(start + Duration::from_millis(at * 10));
        }
        let Count::Recent(recent) = &count else { panic!("a window") };
        assert!(recent.slots.len() <= SLOTS as usize + 1);
        let now = start + Duration::from_secs(1_000);
        assert!((6_000..=6_200).contains(&count.within(now)));
    }

    #[test]
    fn a_clock_that_was_read_earlier_forgets_nothing() {
        let start = Instant::now();
        let mut count = Count::new(Per::Window(Duration::from_secs(1)));
        let late = start + Duration::from_secs(10);
        count.add(start);
        count.add(late);
        count.add(start + Duration::from_secs(5));
        assert_eq!(count.within(late), 2);
    }
}
