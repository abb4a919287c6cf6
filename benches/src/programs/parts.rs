//! `verify-bench`, `growth`, `retire-bench` and `emit-cost`.

use std::process::ExitCode;

use clap::Parser;

use super::{Common, emitter_or, print};
use crate::{measure_emit_cost, measure_growth, measure_retiring, measure_verification};

/// Measures databases of the given sizes and prints JSON.
#[derive(Debug, Parser)]
struct SizesArgs {
    /// How many receipts a database has; may be given more than once.
    #[arg(long = "receipts", value_name = "N", default_values_t = [100_000, 1_000_000],
          value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    sizes: Vec<u64>,
    #[command(flatten)]
    common: Common,
}

/// The program `verify-bench`: makes databases and verifies them with the real `agent-receipts verify`.
pub fn verify_main() -> ExitCode {
    emitter_or(|args| {
        let SizesArgs { sizes, common } = SizesArgs::parse_from(args);
        print(&measure_verification(&sizes, &common.binaries()?, &common.place())?)
    })
}

/// The program `growth`: start-up, `tail`, `list` and one append at growing sizes.
pub fn growth_main() -> ExitCode {
    emitter_or(|args| {
        let SizesArgs { sizes, common } = SizesArgs::parse_from(args);
        print(&measure_growth(&sizes, &common.binaries()?, &common.place())?)
    })
}

/// The program `retire-bench`: moves a chain to an archive and compacts the database.
pub fn retire_main() -> ExitCode {
    emitter_or(|args| {
        let SizesArgs { sizes, common } = SizesArgs::parse_from(args);
        print(&measure_retiring(&sizes, &common.binaries()?, &common.place())?)
    })
}

/// Measures what one event costs its emitter and prints JSON.
#[derive(Debug, Parser)]
#[command(name = "emit-cost")]
struct EmitCostArgs {
    #[command(flatten)]
    common: Common,
}

/// The program `emit-cost`.
pub fn emit_cost_main() -> ExitCode {
    emitter_or(|args| {
        let EmitCostArgs { common } = EmitCostArgs::parse_from(args);
        print(&measure_emit_cost(&common.binaries()?, &common.place())?)
    })
}
