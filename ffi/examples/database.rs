//! Writes the receipts of the tests into a new database, for the tests in C: `cargo run --example database -- PATH`.

#[path = "../tests/rows/mod.rs"]
mod rows;

use std::error::Error;

use agent_receipts_store::{ReceiptStore, SqliteStore};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: database PATH")?;
    let rows = rows::of_lines(include_str!("../tests/data/receipts.jsonl"));
    SqliteStore::create(path)?.append(&rows)?;
    Ok(())
}
