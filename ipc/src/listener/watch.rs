//! Counts and tells, in that order, for all threads of a listener.

use std::sync::Arc;

use super::notice::{Counts, Notice};
use super::options::Observer;

pub(super) struct Watch {
    pub(super) counts: Arc<Counts>,
    observer: Observer,
}

impl Watch {
    pub(super) fn new(observer: Observer) -> Arc<Self> {
        Arc::new(Self { counts: Arc::default(), observer })
    }

    pub(super) fn tell(&self, notice: Notice) {
        self.counts.record(&notice);
        (self.observer)(&notice);
    }
}
