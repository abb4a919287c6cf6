//! Counts the events that did not get through, until one tells the daemon.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::MAX_DROP_COUNT;

/// The number of drops not yet told; never more than the protocol can say.
#[derive(Debug, Default)]
pub(super) struct Drops(AtomicU64);

impl Drops {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes all there are, for one frame to tell; to be given back with [`Drops::add`] if that frame fails.
    pub(super) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }

    pub(super) fn add(&self, more: u64) {
        let sum = |count: u64| Some(count.saturating_add(more).min(MAX_DROP_COUNT));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_saturates_where_the_protocol_ends() {
        let drops = Drops::default();
        drops.add(3);
        drops.add(u64::MAX);
        assert_eq!(drops.count(), MAX_DROP_COUNT);
        drops.add(1);
        assert_eq!(drops.take(), MAX_DROP_COUNT);
        assert_eq!(drops.take(), 0);
    }
}
