//! The anchor's process; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_anchor::main_with(std::env::args_os(), |name| std::env::var_os(name))
}
