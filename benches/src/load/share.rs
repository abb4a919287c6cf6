//! What one emitter process is told, and what it answers: one line of JSON each way.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The part of a load that one emitter process sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    pub(crate) socket: PathBuf,
    /// For each connection, how many events.
    pub(crate) events: Vec<u64>,
    /// The number of the first event.
    pub(crate) first: u64,
    pub(crate) in_flight: usize,
    pub(crate) frame_bytes: usize,
    pub(crate) acknowledged: bool,
    /// Seconds for one read or write.
    pub(crate) patience: u64,
}

/// What came of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    /// On the clock that all processes share, in nanoseconds.
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) cpu_seconds: f64,
    pub(crate) refused: u64,
    /// From the write of each frame to the read of its reply, in nanoseconds; empty without acknowledgements.
    pub(crate) latencies: Vec<u64>,
}

impl Share {
    /// Spreads `events` over emitters and their connections, the first ones bearing what does not divide.
    pub(super) fn spread(events: u64, emitters: u64, connections: u64) -> Vec<(u64, Vec<u64>)> {
        let lines = emitters * connections;
        let of_line = |line: u64| events / lines + u64::from(line < events % lines);
        let mut first = 0;
        let share = |emitter: u64| {
            let own: Vec<u64> = (0..connections).map(|n| of_line(emitter * connections + n)).collect();
            let begin = first;
            first += own.iter().sum::<u64>();
            (begin, own)
        };
        (0..emitters).map(share).collect()
    }
}

/// The first argument by which a program of this crate knows that it is an emitter of another one.
pub(crate) const AS_EMITTER: &str = "--as-emitter";
/// What an emitter says when it is connected, and waits for before it sends.
pub(super) const READY: &str = "ready";
pub(super) const GO: &str = "go";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_sent_once() {
        for (events, emitters, connections) in [(100, 8, 1), (101, 3, 2), (7, 7, 1), (1_000_003, 64, 2)] {
            let shares = Share::spread(events, emitters, connections);
            let mut next = 0;
            for (first, own) in &shares {
                assert_eq!(*first, next);
                assert!(own.iter().all(|count| *count > 0));
                next += own.iter().sum::<u64>();
            }
            assert_eq!((next, shares.len() as u64), (events, emitters));
        }
    }
}
