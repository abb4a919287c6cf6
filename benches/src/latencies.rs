//! The shape of many durations.

use serde::{Deserialize, Serialize};

/// Percentiles of durations, in microseconds, by nearest rank.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Latencies {
    /// How many durations.
    pub count: usize,
    /// The median.
    pub p50: f64,
    /// 99 of 100 are not longer.
    pub p99: f64,
    /// 999 of 1000 are not longer.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Latencies {
    /// Of durations in nanoseconds, in any order; `None` if there are none.
    pub fn of(mut nanoseconds: Vec<u64>) -> Option<Self> {
        nanoseconds.sort_unstable();
        let max = *nanoseconds.last()?;
        let rank = |share: f64| {
            let rank = (share * nanoseconds.len() as f64).ceil() as usize;
            nanoseconds[rank.clamp(1, nanoseconds.len()) - 1] as f64 / 1e3
        };
        Some(Self {
            count: nanoseconds.len(),
            p50: rank(0.5),
            p99: rank(0.99),
            p999: rank(0.999),
            max: max as f64 / 1e3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_members_of_the_sample() {
        let found = Latencies::of((1..=1000).rev().map(|n| n * 1000).collect()).unwrap();
        assert_eq!((found.p50, found.p99, found.p999, found.max), (500.0, 990.0, 999.0, 1000.0));
        let one = Latencies::of(vec![7_000]).unwrap();
        assert_eq!((one.p50, one.p99, one.p999, one.max), (7.0, 7.0, 7.0, 7.0));
        assert_eq!(Latencies::of(Vec::new()), None);
    }
}
