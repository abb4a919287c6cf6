//! See `load --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_benches::load_main()
}
