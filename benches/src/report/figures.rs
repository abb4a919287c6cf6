//! Everything that one run measured.

use serde::Serialize;

use crate::{EmitCost, FloorOutcome, Footprint, Grown, LoadOutcome, Machine, Verified};

/// Everything that one run measured.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Figures {
    /// Where.
    pub machine: Machine,
    /// The floor before the loads and after them.
    pub floors: [FloorOutcome; 2],
    /// 8 emitters, 64 events in flight each, all acknowledged.
    pub acknowledged: LoadOutcome,
    /// The same without acknowledgements.
    pub unacknowledged: LoadOutcome,
    /// One emitter, one event outstanding.
    pub lone: LoadOutcome,
    /// 64 emitters with one event outstanding each.
    pub many: LoadOutcome,
    /// Whole verifications.
    pub verified: Vec<Verified>,
    /// Long histories.
    pub grown: Vec<Grown>,
    /// The daemon's memory.
    pub footprint: Footprint,
    /// The emitter's cost.
    pub emit_cost: EmitCost,
}

impl Figures {
    /// The mean of both floors: the machine's pace may have changed between them.
    pub(crate) fn floor_per_second(&self) -> f64 {
        self.floors.iter().map(|floor| floor.receipts_per_second).sum::<f64>() / self.floors.len() as f64
    }
}
