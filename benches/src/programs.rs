//! The command lines of the programs.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use crate::load::{AS_EMITTER, emitter_main};
use crate::{Binaries, Failure, FloorPlan, LoadPlan, Target, measure_floor, measure_load};

/// Puts a load on a daemon and prints what it bore as JSON.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct LoadArgs {
    #[command(flatten)]
    plan: LoadPlan,
    /// The socket of a daemon that runs; without it our own is started in a temporary folder.
    #[arg(long)]
    socket: Option<PathBuf>,
    /// The database of that daemon, to count receipts in.
    #[arg(long, requires = "socket")]
    db: Option<PathBuf>,
    /// Our own daemon's program; by default the one beside this program.
    #[arg(long, conflicts_with = "socket")]
    daemon: Option<PathBuf>,
    /// Where temporary folders are made; decides which disk is measured.
    #[arg(long)]
    place: Option<PathBuf>,
    /// Measure the floor too, and divide.
    #[arg(long)]
    with_floor: bool,
}

/// The program `load`.
pub fn load_main() -> ExitCode {
    emitter_or(|args| {
        let LoadArgs { plan, socket, db, daemon, place, with_floor } = LoadArgs::parse_from(args);
        let place = place.unwrap_or_else(std::env::temp_dir);
        let target = match socket {
            Some(socket) => Target::Running { socket, db },
            None => {
                let daemon =
                    daemon.map_or_else(|| Ok(Binaries::beside_this_one()?.daemon), Ok::<_, Failure>)?;
                Target::Spawned { daemon, place: place.clone() }
            }
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

/// Measures the same primitives in one process without sockets and prints JSON.
#[derive(Debug, Parser)]
#[command(name = "floor")]
struct FloorArgs {
    #[command(flatten)]
    plan: FloorPlan,
    /// Where temporary folders are made; decides which disk is measured.
    #[arg(long)]
    place: Option<PathBuf>,
}

/// The program `floor`.
pub fn floor_main() -> ExitCode {
    emitter_or(|args| {
        let FloorArgs { plan, place } = FloorArgs::parse_from(args);
        print(&measure_floor(&plan, &place.unwrap_or_else(std::env::temp_dir))?)
    })
}

/// Every program of this crate is also the emitter that another one of them starts.
pub(crate) fn emitter_or(program: impl FnOnce(Vec<OsString>) -> Result<(), Failure>) -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if args.get(1).is_some_and(|first| first == AS_EMITTER) {
        return emitter_main();
    }
    match program(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn print(outcome: &impl Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(outcome).map_err(|error| Failure::unclear("the outcome", error))?;
    writeln!(io::stdout(), "{text}").map_err(Failure::system("print the outcome"))
}
