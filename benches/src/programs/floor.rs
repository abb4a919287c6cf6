//! `floor`.

use std::process::ExitCode;

use clap::Parser;

use super::{Common, emitter_or, print};
use crate::{FloorPlan, measure_floor};

/// Measures the same primitives in one process without sockets and prints JSON.
#[derive(Debug, Parser)]
#[command(name = "floor")]
struct Args {
    #[command(flatten)]
    plan: FloorPlan,
    #[command(flatten)]
    common: Common,
}

/// The program `floor`.
pub fn floor_main() -> ExitCode {
    emitter_or(|args| {
        let Args { plan, common } = Args::parse_from(args);
        print(&measure_floor(&plan, &common.place())?)
    })
}
