//! `load`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::{Common, emitter_or, print};
use crate::{FloorPlan, LoadPlan, Target, measure_floor, measure_load};

/// Puts a load on a daemon and prints what it bore as JSON.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Args {
    #[command(flatten)]
    plan: LoadPlan,
    /// The socket of a daemon that runs; without it our own is started in a temporary folder.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["daemon", "spawn"])]
    socket: Option<PathBuf>,
    /// The database of that daemon, to count receipts in.
    #[arg(long, value_name = "FILE", requires = "socket")]
    db: Option<PathBuf>,
    /// Start our own daemon (the default).
    #[arg(long)]
    spawn: bool,
    /// Measure the floor too, and divide.
    #[arg(long)]
    with_floor: bool,
    #[command(flatten)]
    common: Common,
}

/// The program `load`.
pub fn load_main() -> ExitCode {
    emitter_or(|args| {
        let Args { plan, socket, db, with_floor, common, .. } = Args::parse_from(args);
        let place = common.place();
        let target = match socket {
            Some(socket) => Target::Running { socket, db },
            None => Target::Spawned { daemon: common.binaries()?.daemon, place: place.clone() },
        };
        let mut outcome = measure_load(&plan, &target)?;
        if with_floor {
            let floor =
                FloorPlan { events: plan.events, frame_bytes: plan.frame_bytes, ..FloorPlan::default() };
            let floor = measure_floor(&floor, &place)?;
            outcome.achieved_of_floor = Some(outcome.receipts_per_second / floor.receipts_per_second);
            outcome.floor = Some(floor);
        }
        print(&outcome)
    })
}
