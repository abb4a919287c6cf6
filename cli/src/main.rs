//! The `agent-receipts` binary: see the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_cli::run(std::env::args_os())
}
