//! The `agent-receipts-mcp` binary: see the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_mcp::run(std::env::args_os())
}
