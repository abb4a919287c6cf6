//! The command lines of the programs.

mod floor;
mod load;
mod parts;
mod report;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::load::{AS_EMITTER, emitter_main};
use crate::{Binaries, Failure};

pub use floor::floor_main;
pub use load::load_main;
pub use parts::{emit_cost_main, growth_main, retire_main, verify_main};
pub use report::report_main;

/// What the programs have in common.
#[derive(Debug, clap::Args)]
struct Common {
    /// Our own daemon's program; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    daemon: Option<PathBuf>,
    /// The program `agent-receipts`; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    cli: Option<PathBuf>,
    /// Where temporary folders are made, by default the system's place for them; decides which disk is measured.
    #[arg(long, value_name = "FOLDER")]
    place: Option<PathBuf>,
}

impl Common {
    fn place(&self) -> PathBuf {
        self.place.clone().unwrap_or_else(std::env::temp_dir)
    }

    fn binaries(&self) -> Result<Binaries, Failure> {
        let beside = Binaries::beside_this_one()?;
        Ok(Binaries {
            daemon: self.daemon.clone().unwrap_or(beside.daemon),
            cli: self.cli.clone().unwrap_or(beside.cli),
        })
    }
}

/// Every program of this crate is also the emitter that another one of them starts.
fn emitter_or(program: impl FnOnce(Vec<OsString>) -> Result<(), Failure>) -> ExitCode {
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

fn print(outcome: &impl Serialize) -> Result<(), Failure> {
    let text = as_json(outcome)?;
    writeln!(io::stdout(), "{text}").map_err(Failure::system("print the outcome"))
}

fn as_json(outcome: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(outcome).map_err(|error| Failure::unclear("the outcome", error))
}
