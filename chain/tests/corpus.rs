//! Every chain of the corpus in `core/corpus` gets the verdict that its manifest gives: the class of what is wrong, and
//! the first receipt at which it is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use agent_receipts_chain::{ChainVerifier, Options, Outcome, Reason};
use agent_receipts_core::PublicKey;

#[test]
fn every_chain_of_the_corpus_gets_its_verdict() {
    let pem = read("keys/issuer.pub");
    let key = PublicKey::from_pem(&String::from_utf8_lossy(&pem)).expect("a public key");
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    for (file, expected) in chains() {
        let text = read(&file);
        let mut verifier = ChainVerifier::new(key, Options::default());
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            verifier.push_json(line);
        }
        let verdict = verifier.finish();
        let found = match (verdict.outcome, verdict.reason, verdict.broken_at) {
            (Outcome::Valid, None, None) => "valid".to_owned(),
            (Outcome::Empty, Some(Reason::Empty), _) => "empty".to_owned(),
            (Outcome::Broken, Some(reason), Some(at)) => format!("{}@{at}", class(reason)),
            other => panic!("{file}: no verdict that the corpus knows: {other:?}"),
        };
        assert_eq!(found, expected, "{file}: {:?}", verdict.error);
        assert_eq!(verdict.valid, expected == "valid", "{file}");
        *classes.entry(expected.split('@').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    assert_eq!(classes.len(), 10, "{classes:?}");
    assert!(classes.values().sum::<usize>() >= 100, "{classes:?}");
    assert!(classes["valid"] >= 10, "{classes:?}");
}

fn class(reason: Reason) -> &'static str {
    match reason {
        Reason::Unreadable => "decode",
        Reason::BadSignature => "signature",
        Reason::BadHashLink => "link",
        Reason::BadSequence => "sequence",
        Reason::InvalidRotation => "rotation",
        Reason::InvalidStatus => "status",
        Reason::ChainIdMismatch => "chain_id",
        Reason::ReceiptAfterTerminal => "terminal",
        other => panic!("a class that the corpus does not know: {other:?}"),
    }
}

/// File and expectation of each chain in the manifest.
fn chains() -> Vec<(String, String)> {
    let manifest = read("manifest.tsv");
    let manifest = String::from_utf8_lossy(&manifest);
    let lines = manifest.lines().filter(|line| line.starts_with("chains/"));
    lines
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [file, expected, _] => (file.to_owned(), expected.to_owned()),
            _ => panic!("not three columns: {line}"),
        })
        .collect()
}

fn read(file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../core/corpus").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
