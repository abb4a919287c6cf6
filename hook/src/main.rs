//! The `agent-receipts-hook` binary: see the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_hook::run(std::env::args_os())
}
