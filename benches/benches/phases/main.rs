//! What each phase of a receipt's way costs on one core: run with `cargo bench -p agent-receipts-benches`.

mod admitting;
mod sample;
mod signing;
mod storing;
mod writing;

fn main() {
    divan::main();
}
