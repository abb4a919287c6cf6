//! How long to wait before the next attempt.

use std::time::Duration;

/// Doubles from `first` to `longest`; of each wait, a random part is left out, so that many anchors do not knock together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first failure.
    pub first: Duration,
    /// The longest wait after any number of failures.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after `failures` failures in a row (from 1): between half and all of the doubled time, as `random` decides.
    pub fn wait(&self, failures: u32, random: u64) -> Duration {
        let doubled =
            self.first.saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        let whole = doubled.min(self.longest);
        let half = whole / 2;
        // 2^32 steps are fine enough for a wait.
        let part = u32::try_from(random >> 32).unwrap_or(u32::MAX);
        half + Duration::from_secs_f64(half.as_secs_f64() * f64::from(part) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(600) };

    #[test]
    fn it_doubles_up_to_the_longest_and_stays_there() {
        let longest: Vec<u64> = [1, 2, 3, 9, 10, 40, u32::MAX]
            .into_iter()
            .map(|failures| BACKOFF.wait(failures, u64::MAX).as_secs())
            .collect();
        assert_eq!(longest, [2, 4, 8, 512, 600, 600, 600]);
    }

    #[test]
    fn chance_takes_away_at_most_half() {
        assert_eq!(BACKOFF.wait(1, 0), Duration::from_secs(1));
        let middle = BACKOFF.wait(10, u64::MAX / 2);
        assert!(middle > Duration::from_secs(449) && middle < Duration::from_secs(451), "{middle:?}");
    }

    #[test]
    fn no_failure_is_like_the_first() {
        assert_eq!(BACKOFF.wait(0, u64::MAX), BACKOFF.wait(1, u64::MAX));
    }
}
