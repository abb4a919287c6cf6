//! See `growth --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_benches::growth_main()
}
