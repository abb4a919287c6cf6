//! One run of the proxy.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

/// Runs what the command line says, and gives the process's exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Args::try_parse_from(args) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => error.exit(),
    }
}
