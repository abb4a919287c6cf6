//! See `report --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_benches::report_main()
}
