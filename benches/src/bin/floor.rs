//! See `floor --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_benches::floor_main()
}
