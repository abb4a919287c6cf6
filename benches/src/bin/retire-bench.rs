//! See `retire-bench --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_benches::retire_main()
}
