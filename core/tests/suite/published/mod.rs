//! The vectors that the protocol publishes, and databases that the reference daemon wrote.

mod canonicalization;
mod did_key;
mod disclosure;
mod examples;
mod fixtures;
mod malformed;
mod schema;
mod sdk;
mod taxonomy;

use std::path::PathBuf;

use agent_receipts_core::json::{Rules, Value, parse};

/// The shared folder, or nothing (and a line that says so) where the environment does not name it.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("AGENT_RECEIPTS_SHARED").map(PathBuf::from);
    if folder.is_none() {
        println!("AGENT_RECEIPTS_SHARED is not set: this test had nothing to read");
    }
    folder
}

/// A vector file, parsed by our own strict reader.
fn vectors(name: &str) -> Option<Value> {
    let path = shared()?.join("vectors").join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(parse(&text, Rules::Receipt).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
