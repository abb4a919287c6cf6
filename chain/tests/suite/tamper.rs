//! Nothing that is done to a valid chain leaves it valid.

use agent_receipts_chain::{ChainVerifier, Options};
use proptest::prelude::*;

use crate::support::{Chain, Key, verify, verify_with};

fn sound() -> (Key, Chain) {
    let (key, next) = (Key::new(1), Key::new(2));
    let mut chain = Chain::of("audit", &key, 2);
    chain.rotate(&key, &next).grow(&next, 1).terminate(&next, Some("complete"));
    (key, chain)
}

/// The values in the proof that no signature covers. Whoever reads them must not rely on them.
fn unsigned(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let text = std::str::from_utf8(text).unwrap();
    let proof = text.find("\"proof\":").unwrap();
    ["\"created\":\"", "\"proofPurpose\":\"", "\"verificationMethod\":\""]
        .into_iter()
        .map(|name| {
            let start = proof + text[proof..].find(name).unwrap() + name.len();
            start..start + text[start..].find('"').unwrap()
        })
        .collect()
}

#[test]
fn no_byte_can_be_changed() {
    let (key, chain) = sound();
    for (at, text) in chain.texts.iter().enumerate() {
        let free = unsigned(text);
        for byte in (0..text.len()).filter(|byte| !free.iter().any(|range| range.contains(byte))) {
            // One bit for each byte, another one at each: all bits are flipped somewhere.
            let mut texts = chain.texts.clone();
            texts[at][byte] ^= 1 << (byte % 8);
            // The id is asked for: without it a changed id in the first receipt makes all others the foreign ones.
            let options = Options { expected_chain_id: Some("audit".into()), ..Options::default() };
            let (verdict, _) = verify_with(&texts, key.public(), options);
            assert!(!verdict.valid, "receipt {at}, byte {byte}");
            assert_eq!(verdict.broken_at, Some(at as u64), "receipt {at}, byte {byte}: {verdict:?}");
        }
    }
}

#[test]
fn no_receipt_can_be_left_out_doubled_or_moved() {
    let (key, chain) = sound();
    let closed = || Options { require_terminal: true, ..Options::default() };
    let count = chain.texts.len();
    for at in 0..count {
        let mut texts = chain.texts.clone();
        texts.remove(at);
        assert!(!verify_with(&texts, key.public(), closed()).0.valid, "without {at}");
        for to in 0..=count {
            let mut texts = chain.texts.clone();
            texts.insert(to, chain.texts[at].clone());
            assert!(!verify(&texts, key.public()).valid, "{at} doubled at {to}");
        }
        for other in at + 1..count {
            let mut texts = chain.texts.clone();
            texts.swap(at, other);
            assert!(!verify(&texts, key.public()).valid, "{at} and {other} swapped");
        }
    }
}

/// Receipts cut off at the end leave a valid shorter chain: only what is known of the end tells.
#[test]
fn a_chain_cut_off_at_its_end_is_found_by_length_hash_or_terminal() {
    let (key, chain) = sound();
    for length in 1..chain.texts.len() {
        let texts = &chain.texts[..length];
        assert!(verify(texts, key.public()).valid);
        let expected = chain.hashes.last().map(ToString::to_string);
        for options in [
            Options { expected_length: Some(chain.texts.len() as u64), ..Options::default() },
            Options { expected_final_hash: expected, ..Options::default() },
            Options { require_terminal: true, ..Options::default() },
        ] {
            assert!(!verify_with(texts, key.public(), options).0.valid);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn garbage_never_panics_and_is_never_valid(
        garbage in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
    ) {
        let verdict = verify(&garbage, Key::new(1).public());
        prop_assert!(!verdict.valid);
        prop_assert_eq!(verdict.length, garbage.len() as u64);
        prop_assert_eq!(verdict.broken_at, Some(0));
    }

    #[test]
    fn many_changes_at_once_are_never_valid(
        changes in prop::collection::vec((0_usize..5, any::<prop::sample::Index>(), 1_u8..=255), 1..6),
        order in Just(vec![0_usize, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let (key, chain) = sound();
        let mut texts = chain.texts.clone();
        for (at, byte, change) in changes {
            let free = unsigned(&chain.texts[at]);
            let byte = byte.index(texts[at].len());
            if !free.iter().any(|range| range.contains(&byte)) {
                texts[at][byte] ^= change;
            }
        }
        let texts: Vec<_> = order.into_iter().map(|at| texts[at].clone()).collect();
        let verdict = verify(&texts, key.public());
        prop_assert_eq!(verdict.valid, texts == chain.texts);
    }

    #[test]
    fn receipts_and_garbage_mixed_never_panic(
        picks in prop::collection::vec((0_usize..7, any::<prop::sample::Index>()), 0..30),
    ) {
        let (key, chain) = sound();
        let mut verifier = ChainVerifier::new(key.public(), Options { strict: true, ..Options::default() });
        for (pick, cut) in picks {
            match chain.texts.get(pick) {
                Some(text) if cut.index(4) == 0 => verifier.push_json(&text[..cut.index(text.len())]),
                Some(text) => verifier.push_json(text),
                None => verifier.push_json(b"\xff{"),
            };
        }
        let verdict = verifier.finish();
        prop_assert!(verdict.length > 0 || !verdict.valid);
    }
}
