//! One measurement after the other, so that none disturbs another.

use std::io::{self, Write};
use std::path::Path;

use super::{Figures, Scale};
use crate::{
    Binaries, Failure, FloorPlan, LoadPlan, Machine, Target, measure_emit_cost, measure_floor,
    measure_footprint, measure_growth, measure_load, measure_verification,
};

/// Measures everything, in some minutes.
///
/// # Errors
///
/// The first [`Failure`].
pub fn measure_all(scale: &Scale, binaries: &Binaries, place: &Path) -> Result<Figures, Failure> {
    let target = Target::Spawned { daemon: binaries.daemon.clone(), place: place.to_owned() };
    let load = |what: &str, plan: LoadPlan| {
        tell(what);
        measure_load(&plan, &target)
    };
    let floor = |what: &str| {
        tell(what);
        measure_floor(&FloorPlan { events: scale.events, ..FloorPlan::default() }, place)
    };
    tell("the machine");
    let machine = Machine::describe(place)?;
    let before = floor("the floor")?;
    let usual = LoadPlan { events: scale.events, ..LoadPlan::default() };
    let acknowledged = load("8 emitters, acknowledged", usual.clone())?;
    let unacknowledged =
        load("8 emitters, not acknowledged", LoadPlan { acknowledged: false, ..usual.clone() })?;
    let after = floor("the floor again")?;
    let one_at_a_time = LoadPlan { in_flight: 1, ..usual };
    let lone =
        load("one emitter", LoadPlan { emitters: 1, events: scale.lone_events, ..one_at_a_time.clone() })?;
    let many = load("64 emitters", LoadPlan { emitters: 64, ..one_at_a_time })?;
    tell("the emitter's cost");
    let emit_cost = measure_emit_cost(binaries, place)?;
    tell("the daemon's memory");
    let (early, late) = scale.footprint;
    let footprint = measure_footprint(early, late, scale.connections, binaries, place)?;
    tell("growth");
    let grown = measure_growth(&scale.sizes, binaries, place)?;
    tell("verification");
    let verified = measure_verification(&scale.sizes[1..], binaries, place)?;
    Ok(Figures {
        machine,
        floors: [before, after],
        acknowledged,
        unacknowledged,
        lone,
        many,
        verified,
        grown,
        footprint,
        emit_cost,
    })
}

fn tell(what: &str) {
    let _ = writeln!(io::stderr(), "measuring {what}");
}
