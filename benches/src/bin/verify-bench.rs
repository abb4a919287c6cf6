//! See `verify-bench --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_benches::verify_main()
}
