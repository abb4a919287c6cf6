#![no_main]
//! We accept what `serde_json` accepts (but duplicate names) and write what its canonicalizer writes.

use agent_receipts_core::json::{JsonError, Rules, canonical, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let theirs = serde_json::from_slice::<serde_json::Value>(text);
    match (parse(text, Rules::Receipt), theirs) {
        (Ok(ours), Ok(theirs)) => {
            let theirs = serde_json_canonicalizer::to_vec(&theirs).expect("a document is written");
            assert_eq!(canonical(&ours), theirs);
        }
        (Err(_), Err(_)) | (Err(JsonError::DuplicateMember { .. }), Ok(_)) => {}
        // It gives up at 128 levels.
        (Ok(_), Err(error)) if error.to_string().starts_with("recursion limit exceeded") => {}
        (ours, theirs) => panic!("{ours:?} here, {theirs:?} there"),
    }
});
