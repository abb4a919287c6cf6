//! The Rust driver of the behaviours: see the library beside this file.

use std::io;

fn main() -> io::Result<()> {
    agent_receipts_driver::drive(io::stdin().lock(), io::stdout().lock())
}
