//! Many chains in one pass.

use agent_receipts_chain::{KeyRing, Options, Outcome, RowFacts, StoreVerdict, StoreVerifier, Verdict};
use serde_json::Value;

use crate::support::{Chain, Key, codes};

/// Chain, sequence, id and hash as the store files them.
type Row = (String, u64, String, String);

fn verify(ring: KeyRing, chains: &[&Chain], edit: impl Fn(&mut Row)) -> (Vec<Verdict>, StoreVerdict) {
    let mut verifier = StoreVerifier::new(ring, Options::default());
    let mut verdicts = Vec::new();
    for chain in chains {
        for (at, text) in chain.texts.iter().enumerate() {
            let receipt: Value = serde_json::from_slice(text).unwrap();
            let id = receipt["id"].as_str().unwrap().to_owned();
            let mut row = (chain.id.clone(), at as u64 + 1, id, chain.hashes[at].to_string());
            edit(&mut row);
            let (chain_id, sequence, receipt_id, receipt_hash) = &row;
            let facts = RowFacts { chain_id, sequence: *sequence, receipt_id, receipt_hash };
            verdicts.extend(verifier.push(facts, text).finished);
        }
    }
    let (last, total) = verifier.finish();
    verdicts.extend(last);
    (verdicts, total)
}

fn ring(key: &Key) -> KeyRing {
    KeyRing::new(key.public(), [])
}

#[test]
fn each_chain_gets_its_verdict() {
    let key = Key::new(1);
    let good = Chain::of("a", &key, 3);
    let mut bad = Chain::of("b", &key, 1);
    bad.grow(&Key::new(2), 1);
    let (verdicts, total) = verify(ring(&key), &[&good, &bad], |_| {});
    assert_eq!(
        verdicts.iter().map(|v| (v.chain_id.clone().unwrap(), v.valid)).collect::<Vec<_>>(),
        [("a".to_owned(), true), ("b".to_owned(), false),]
    );
    assert_eq!(total, StoreVerdict { outcome: Outcome::Broken, chains: 2, broken: 1, receipts: 5 });
    let (_, total) = verify(ring(&key), &[&good], |_| {});
    assert_eq!(total.outcome, Outcome::Valid);
}

#[test]
fn an_empty_store_is_not_valid() {
    let (verdicts, total) = verify(ring(&Key::new(1)), &[], |_| {});
    assert_eq!((verdicts.len(), total.outcome), (0, Outcome::Empty));
}

#[test]
fn a_receipt_filed_under_another_chain_breaks_it() {
    let key = Key::new(1);
    let (verdicts, _) = verify(ring(&key), &[&Chain::of("a", &key, 2)], |row| row.0 = "b".into());
    assert_eq!(verdicts[0].error.as_deref(), Some("chain_id mismatch at index 0: expected \"b\", got \"a\""));
}

#[test]
fn rows_that_lie_about_their_receipt_are_found() {
    let key = Key::new(1);
    let chain = Chain::of("a", &key, 1);
    let edits: [fn(&mut Row); 4] = [
        |row| row.1 = 7,
        |row| row.2 = "urn:receipt:other".into(),
        |row| row.3 = format!("sha256:{}", "0".repeat(64)),
        |row| row.3 = String::new(),
    ];
    for edit in edits {
        let (verdicts, _) = verify(ring(&key), &[&chain], edit);
        assert_eq!(codes(&verdicts[0]), ["row_mismatch"]);
    }
}

#[test]
fn a_chain_that_comes_in_two_pieces_is_not_valid() {
    let key = Key::new(1);
    let whole = Chain::of("a", &key, 4);
    let piece = |range: std::ops::Range<usize>| Chain {
        id: "a".into(),
        texts: whole.texts[range.clone()].to_vec(),
        hashes: whole.hashes[range].to_vec(),
    };
    let (_, total) = verify(ring(&key), &[&piece(0..2), &Chain::of("b", &key, 1), &piece(2..4)], |_| {});
    assert_eq!((total.outcome, total.chains, total.broken), (Outcome::Broken, 3, 1));
}
