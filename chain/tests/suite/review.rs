//! Chains mixed in one stream, rotations of monstrous size, and remarks of the caller's own.

use agent_receipts_chain::{ChainVerifier, Code, KeyLineage, KeyRing, Options, Reason};
use agent_receipts_core::json::Value;

use crate::support::{Chain, Key, assert_valid, rotation, verify};

fn ring(published: &Key, archived: &Key, receipts: &[(&str, &[u8])]) -> KeyRing {
    let mut lineage = KeyLineage::new(published.public(), [archived.public()]);
    receipts.iter().for_each(|(chain_id, text)| lineage.observe(chain_id, text));
    lineage.resolve()
}

/// As receipts stand in a file that was written while they were recorded.
#[test]
fn a_hand_over_counts_although_another_chain_comes_in_between() {
    let (old, new, forger) = (Key::new(1), Key::new(2), Key::new(9));
    let mut root = Chain::of("audit", &old, 1);
    root.rotate(&old, &new).grow(&new, 1);
    let agent = Chain::of("audit/agent/a", &old, 2);
    let ring_over = |mixed: &[(&Chain, usize)]| {
        let receipts: Vec<_> =
            mixed.iter().map(|(chain, at)| (chain.id.as_str(), chain.texts[*at].as_slice())).collect();
        ring(&new, &old, &receipts)
    };
    let honest = ring_over(&[(&root, 0), (&agent, 0), (&root, 1), (&agent, 1), (&root, 2)]);
    assert!(honest.vouches_for(&old.public()));
    assert_valid(&verify(&agent.texts, honest));
    // The receipt of the published key must still link to the rotation, in the same chain.
    let mut forged = Chain::of("audit", &forger, 1);
    forged.rotate(&forger, &new);
    let planted = {
        let mut lineage = KeyLineage::new(new.public(), [old.public(), forger.public()]);
        for (chain, at) in [(&forged, 0), (&forged, 1), (&agent, 0), (&root, 2), (&agent, 1), (&root, 2)] {
            lineage.observe(&chain.id, &chain.texts[at]);
        }
        lineage.resolve()
    };
    assert!(!planted.vouches_for(&forger.public()));
    assert_eq!(verify(&forged.texts, planted).reason, Some(Reason::KeyNotTrusted));
}

#[test]
fn a_rotation_of_monstrous_size_is_counted_and_not_kept() {
    let (old, new, stranger) = (Key::new(1), Key::new(2), Key::new(7));
    let mut chain = Chain::of("a", &old, 1);
    let step = rotation(&stranger.public(), &new.public());
    chain.add(&stranger, |receipt| {
        receipt.subject.key_rotation = Some(step);
        receipt.extra.insert("x", Value::from("x".repeat(1 << 20)));
    });
    let receipts: Vec<_> = chain.texts.iter().map(|text| ("a", text.as_slice())).collect();
    assert_eq!(ring(&new, &old, &receipts).overlooked_rotations(), 1);
}

#[test]
fn a_remark_of_the_callers_counts_under_strict_rules() {
    let key = Key::new(1);
    let chain = Chain::of("a", &key, 2);
    for strict in [false, true] {
        let mut verifier = ChainVerifier::new(key.public(), Options { strict, ..Options::default() });
        chain.texts.iter().for_each(|text| drop(verifier.push_json(text)));
        assert!(verifier.last_is_known_as(&chain.hashes[1]) && !verifier.last_is_known_as(&chain.hashes[0]));
        verifier.remark(Code::RowMismatch, 1, || "filed under another id".into());
        let verdict = verifier.finish();
        assert_eq!(verdict.valid, !strict);
        assert_eq!(verdict.finding_counts.get(&Code::RowMismatch), Some(&1));
        let told = strict.then_some("row_mismatch at index 1: filed under another id");
        assert_eq!((verdict.error.as_deref(), verdict.broken_at), (told, strict.then_some(1)));
    }
}
