//! What each phase of a receipt's way costs on one core: run with `cargo bench -p agent-receipts-benches`.

// Outside the house rule, as tests are: what cannot be measured ends the program.
#![allow(clippy::unwrap_used)]

mod admitting;
mod proving;
mod sample;
mod signing;
mod storing;
mod writing;

fn main() {
    divan::main();
}
