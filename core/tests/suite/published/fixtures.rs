//! Databases that the reference daemon wrote.

use std::path::Path;

use agent_receipts_core::{Draft, PublicKey, Received};

use super::shared;
use crate::support::{read, str_at};

#[test]
fn every_receipt_of_the_reference_verifies_and_has_its_stored_hash() {
    let Some(folder) = shared() else { return };
    for (name, expected) in [("basic", 9), ("edge_json", 20), ("rotated_valid", 8)] {
        let folder = folder.join("fixtures").join(name);
        let keys = keys_in(&folder);
        let lines = std::fs::read_to_string(folder.join("receipts.jsonl")).unwrap();
        let mut seen = 0;
        for line in lines.lines() {
            let row = read(line);
            let stored = str_at(&row, "receipt_json");
            let received = Received::parse(stored.as_bytes()).unwrap();
            assert_eq!(received.hash().to_string(), str_at(&row, "receipt_hash"), "{name} {seen}");
            let signers = keys.iter().filter(|key| received.verify(key).is_ok()).count();
            assert_eq!(signers, 1, "{name} {seen}: one key and no other signed it");
            // Nothing is lost in our types, so our writer would have written what the reference signed.
            let draft = Draft::new(received.receipt().clone());
            assert_eq!(draft.hash(), received.hash(), "{name} {seen}");
            seen += 1;
        }
        assert_eq!(seen, expected, "{name}");
    }
}

/// The published key and the archived ones.
fn keys_in(folder: &Path) -> Vec<PublicKey> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("signing.key.pub"))
        .map(|path| PublicKey::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap())
        .collect()
}
