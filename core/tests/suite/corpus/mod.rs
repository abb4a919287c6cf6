//! Our own receipts and chains that must be refused, and some that must not, as files under `core/corpus`.
//!
//! The files are what counts: other implementations can read them. They are generated, so that whoever changes
//! them says why in code; `AGENT_RECEIPTS_REGENERATE=1` writes them anew.

mod accept;
mod chains;
mod generated;
mod json;
mod proof;
mod rotations;
mod sample;
mod shape;
mod signature;
mod walk;

use std::path::PathBuf;

/// One file of the corpus.
struct Case {
    /// Below the corpus folder; its first two folders are the kind and the class.
    file: String,
    /// What is expected of it, as the manifest has it.
    expected: String,
    /// Why, in one line.
    why: String,
    text: Vec<u8>,
}

/// Every case there is.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(accept::cases());
    cases.extend(json::cases());
    cases.extend(shape::cases());
    cases.extend(proof::cases());
    cases.extend(signature::cases());
    cases.extend(chains::cases());
    cases.extend(rotations::cases());
    cases
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}
