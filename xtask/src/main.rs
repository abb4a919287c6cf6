//! Developer tasks: cargo xtask test.
fn main() {}
