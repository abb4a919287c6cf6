//! See `emit-cost --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_receipts_benches::emit_cost_main()
}
