//! The reference's algorithm (receipts-format §2.4), step by step.

use agent_receipts_chain::{ChainVerifier, Options, Outcome, Reason, Status, examine};
use agent_receipts_core::Received;

use crate::support::{Chain, Key, assert_broken, assert_valid, verify, verify_with};

fn key() -> Key {
    Key::new(1)
}

#[test]
fn a_sound_chain_is_valid() {
    let key = key();
    let chain = Chain::of("audit", &key, 5);
    let (verdict, steps) = verify_with(&chain.texts, key.public(), Options::default());
    assert_valid(&verdict);
    assert_eq!((verdict.outcome, verdict.length, verdict.status), (Outcome::Valid, 5, Status::Unknown));
    assert_eq!(verdict.final_hash.as_ref(), chain.hashes.last());
    assert_eq!(verdict.chain_id.as_deref(), Some("audit"));
    assert_eq!(verdict.findings, []);
    assert!(steps.iter().all(|step| step.holds()));
    assert!(steps.iter().map(|step| step.index).eq(0..5));
}

#[test]
fn the_json_has_the_names_of_the_reference() {
    let key = key();
    let verdict = verify(&Chain::of("audit", &key, 1).texts, key.public());
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["valid"], true);
    assert_eq!(json["length"], 1);
    assert_eq!(json["status"], "unknown");
    assert_eq!(json["broken_at"], -1);
    assert_eq!(json["outcome"], "valid");
    for absent in
        ["error", "warnings", "response_hash_note", "incomplete_tool_roundtrip", "incomplete_session"]
    {
        assert!(json.get(absent).is_none(), "{absent}");
    }
    let mut verifier = ChainVerifier::new(key.public(), Options::default());
    let step = serde_json::to_value(verifier.push_json(b"{}")).unwrap();
    assert_eq!(
        step,
        serde_json::json!({"index": 0, "receipt_id": "", "signature_valid": false,
            "hash_link_valid": false, "sequence_valid": false})
    );
    assert_eq!(serde_json::to_value(verifier.finish()).unwrap()["broken_at"], 0);
}

#[test]
fn the_status_is_independent_of_validity() {
    let key = key();
    for (status, expected) in [
        (None, Status::Complete),
        (Some("complete"), Status::Complete),
        (Some("interrupted"), Status::Interrupted),
    ] {
        let mut chain = Chain::of("audit", &key, 2);
        chain.terminate(&key, status);
        let verdict = verify(&chain.texts, key.public());
        assert_valid(&verdict);
        assert_eq!(verdict.status, expected);
        assert_eq!(verify(&chain.texts, Key::new(9).public()).status, expected);
    }
}

#[test]
fn a_wrong_key_breaks_the_chain_at_its_first_receipt() {
    let chain = Chain::of("audit", &key(), 3);
    let (verdict, steps) = verify_with(&chain.texts, Key::new(2).public(), Options::default());
    // The reference has no words for a signature that merely does not match.
    assert_broken(&verdict, 0, None);
    assert_eq!(verdict.reason, Some(Reason::BadSignature));
    assert!(steps.iter().all(|step| !step.signature_valid && step.hash_link_valid && step.sequence_valid));
}

#[test]
fn one_wrong_signature_breaks_the_chain_there() {
    let key = key();
    let mut chain = Chain::of("audit", &key, 2);
    chain.grow(&Key::new(2), 1).grow(&key, 1);
    let (verdict, steps) = verify_with(&chain.texts, key.public(), Options::default());
    assert_broken(&verdict, 2, None);
    assert!(steps[3].holds());
}

fn with_proof(text: &[u8], name: &str, value: Option<&str>) -> Vec<u8> {
    let mut json: serde_json::Value = serde_json::from_slice(text).unwrap();
    match value {
        Some(value) => json["proof"][name] = value.into(),
        None => drop(json.as_object_mut().unwrap().remove("proof")),
    }
    serde_json::to_vec(&json).unwrap()
}

#[test]
fn signatures_that_cannot_be_checked_have_the_words_of_the_reference() {
    let key = key();
    let chain = Chain::of("audit", &key, 2);
    let long = format!("u{}", "A".repeat(88));
    let spare_bits = {
        let json: serde_json::Value = serde_json::from_slice(&chain.texts[1]).unwrap();
        let value = json["proof"]["proofValue"].as_str().unwrap().to_owned();
        let last = value.chars().last().unwrap();
        let other = char::from_u32(last as u32 + 1).unwrap();
        format!("{}{other}", &value[..86])
    };
    for (name, value, expected) in [
        ("", None, "unsupported proof type \"\": only Ed25519Signature2020 is accepted"),
        (
            "type",
            Some("RsaSignature2018"),
            "unsupported proof type \"RsaSignature2018\": only Ed25519Signature2020 is accepted",
        ),
        ("proofValue", Some(""), "proof value too short"),
        ("proofValue", Some("u"), "proof value too short"),
        ("proofValue", Some("zAAA"), "unsupported multibase prefix: 'z'"),
        ("proofValue", Some("uAAAA"), "invalid signature length: got 3, want 64"),
        ("proofValue", Some(&*long), "invalid signature length: got 66, want 64"),
        ("proofValue", Some("u+++="), "decode proof value: not 86 characters of base64url"),
        // The reference takes sixteen spellings of one signature; we take one.
        ("proofValue", Some(&*spare_bits), "decode proof value: not canonical base64url"),
    ] {
        let texts = [chain.texts[0].clone(), with_proof(&chain.texts[1], name, value)];
        let verdict = verify(&texts, key.public());
        let expected = format!("signature compute failed at index 1: {expected}");
        assert_eq!(verdict.error.as_deref(), Some(&*expected), "{name} {value:?}");
        assert_eq!(verdict.broken_at, Some(1));
    }
}

#[test]
fn links_must_hold() {
    let key = key();
    let wrong: [fn(&mut agent_receipts_core::Receipt); 3] = [
        |receipt| receipt.subject.chain.previous_receipt_hash = None,
        |receipt| receipt.subject.chain.previous_receipt_hash = Some("sha256:00".into()),
        |receipt| {
            let hash = receipt.subject.chain.previous_receipt_hash.take();
            receipt.subject.chain.previous_receipt_hash = hash.map(|hash| hash.to_uppercase());
        },
    ];
    for edit in wrong {
        let mut chain = Chain::of("audit", &key, 2);
        chain.add(&key, edit).grow(&key, 1);
        let (verdict, steps) = verify_with(&chain.texts, key.public(), Options::default());
        assert_broken(&verdict, 2, None);
        assert_eq!(verdict.reason, Some(Reason::BadHashLink));
        assert!(steps[2].signature_valid && !steps[2].hash_link_valid && steps[3].holds());
    }
}

#[test]
fn the_first_receipt_links_to_nothing() {
    let key = key();
    let mut chain = Chain::new("audit");
    chain.add(&key, |r| r.subject.chain.previous_receipt_hash = Some(format!("sha256:{}", "0".repeat(64))));
    assert_broken(&verify(&chain.texts, key.public()), 0, None);
}

#[test]
fn sequences_must_follow() {
    let key = key();
    for wrong in [1, 2, 4, 1 << 53] {
        let mut chain = Chain::of("audit", &key, 2);
        chain.add(&key, |r| r.subject.chain.sequence = wrong);
        let verdict = verify(&chain.texts, key.public());
        assert_broken(&verdict, 2, None);
        assert_eq!(verdict.reason, Some(Reason::BadSequence));
    }
    let mut chain = Chain::new("audit");
    chain.add(&key, |r| r.subject.chain.sequence = 0);
    assert_broken(&verify(&chain.texts, key.public()), 0, None);
}

#[test]
fn a_missing_receipt_breaks_link_and_sequence() {
    let key = key();
    let mut texts = Chain::of("audit", &key, 4).texts;
    texts.remove(1);
    let (verdict, steps) = verify_with(&texts, key.public(), Options::default());
    assert_broken(&verdict, 1, None);
    assert!(!steps[1].hash_link_valid && !steps[1].sequence_valid && steps[1].signature_valid);
    texts.remove(0);
    assert_broken(&verify(&texts, key.public()), 0, None);
}

#[test]
fn status_words_are_checked() {
    let key = key();
    for (status, terminal, error) in [
        (
            "unknown",
            Some(true),
            "invalid chain.status value at index 1: unknown is not a valid wire value (spec §7.3.3)",
        ),
        (
            "Complete",
            Some(true),
            "invalid chain.status value at index 1: Complete is not a valid wire value (spec §7.3.3)",
        ),
        ("complete", None, "chain.status without chain.terminal: true at index 1 (spec §7.3.3)"),
        ("interrupted", Some(false), "chain.status without chain.terminal: true at index 1 (spec §7.3.3)"),
    ] {
        let mut chain = Chain::of("audit", &key, 1);
        chain.add(&key, |receipt| {
            receipt.subject.chain.terminal = terminal;
            receipt.subject.chain.status = Some(status.into());
        });
        let (verdict, steps) = verify_with(&chain.texts, key.public(), Options::default());
        assert_broken(&verdict, 1, error);
        assert!(steps[1].holds(), "a status is no matter of signature, link or sequence");
    }
    let mut chain = Chain::of("audit", &key, 1);
    chain.add(&key, |receipt| receipt.subject.chain.status = Some(String::new()));
    assert_valid(&verify(&chain.texts, key.public()));
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let key = key();
    let mut chain = Chain::new("audit");
    chain.add(&key, |receipt| receipt.subject.chain.status = Some("\u{1b}[2Jok\u{202e}".into()));
    let error = verify(&chain.texts, key.public()).error.unwrap();
    assert!(error.contains("\\x1b[2Jok\\u202e") && !error.contains('\u{1b}'), "{error}");
}

#[test]
fn of_several_faults_the_earliest_is_told_and_of_one_receipt_the_signature_first() {
    let key = key();
    let bad_status = |receipt: &mut agent_receipts_core::Receipt| {
        receipt.subject.chain.status = Some("x".into());
    };
    let mut chain = Chain::new("audit");
    chain.add(&key, |_| {}).add(&key, bad_status);
    let mut texts = chain.texts.clone();
    texts.push(with_proof(&chain.texts[1], "proofValue", Some("")));
    let error = verify(&texts, key.public()).error.unwrap();
    assert!(error.starts_with("invalid chain.status value at index 1"), "{error}");
    texts.remove(1);
    let error = verify(&texts, key.public()).error.unwrap();
    assert_eq!(error, "signature compute failed at index 1: proof value too short");
}

#[test]
fn a_foreign_receipt_is_told_before_all() {
    let key = key();
    let mut chain = Chain::new("audit");
    chain.add(&Key::new(2), |_| {}).grow(&key, 1);
    chain.add(&key, |receipt| receipt.subject.chain.chain_id = "other".into());
    let verdict = verify(&chain.texts, key.public());
    assert_broken(&verdict, 2, "chain_id mismatch at index 2: expected \"audit\", got \"other\"");
    assert_eq!(verdict.reason, Some(Reason::ChainIdMismatch));
}

#[test]
fn a_whole_foreign_chain_is_seen_when_its_id_is_asked_for() {
    let key = key();
    let chain = Chain::of("other", &key, 2);
    let options = Options { expected_chain_id: Some("audit".into()), ..Options::default() };
    let (verdict, _) = verify_with(&chain.texts, key.public(), options);
    assert_broken(&verdict, 0, "chain_id mismatch at index 0: expected \"audit\", got \"other\"");
}

/// Regression: the reference rotates after a graceful stop, behind the terminal receipt (receipts-better §0.3 item 1).
#[test]
fn better_0_3_item_1_nothing_may_follow_a_terminal_receipt() {
    let (key, next) = (key(), Key::new(2));
    let mut chain = Chain::of("audit", &key, 2);
    chain.terminate(&key, Some("interrupted")).rotate(&key, &next).grow(&next, 2);
    let verdict = verify(&chain.texts, key.public());
    let error = "receipt after terminal: receipt at index 3 follows a terminal receipt at index 2";
    assert_broken(&verdict, 3, error);
    assert_eq!(verdict.reason, Some(Reason::ReceiptAfterTerminal));
    let mut texts = chain.texts[..3].to_vec();
    texts.push(b"not even a receipt".to_vec());
    assert_eq!(verify(&texts, key.public()).broken_at, Some(3));
}

#[test]
fn an_earlier_fault_is_told_instead_of_the_receipt_after_the_end() {
    let key = key();
    let mut chain = Chain::of("audit", &key, 1);
    chain.terminate(&key, Some("x")).grow(&key, 1);
    let verdict = verify(&chain.texts, key.public());
    assert_eq!(verdict.broken_at, Some(1));
    assert!(verdict.error.unwrap().starts_with("invalid chain.status value at index 1"));
    let mut chain = Chain::of("audit", &key, 1);
    chain.terminate(&key, None).grow(&key, 2);
    chain.add(&key, |receipt| receipt.subject.chain.status = Some("x".into()));
    let error = "receipt after terminal: receipt at index 2 follows a terminal receipt at index 1";
    assert_broken(&verify(&chain.texts, key.public()), 2, error);
}

#[test]
fn a_receipt_that_cannot_be_read_breaks_the_chain_there_and_the_rest_is_still_judged() {
    let key = key();
    let mut texts = Chain::of("audit", &key, 4).texts;
    texts[1] = b"{\"id\":1}".to_vec();
    let (verdict, steps) = verify_with(&texts, key.public(), Options::default());
    assert_eq!((verdict.broken_at, verdict.reason), (Some(1), Some(Reason::Unreadable)));
    assert!(verdict.error.unwrap().starts_with("receipt cannot be read at index 1: "));
    assert!(!steps[1].holds());
    assert!(steps[2].signature_valid && !steps[2].hash_link_valid && steps[2].sequence_valid);
    assert!(steps[3].holds());
}

/// What many cores may do: examine in any order, with whatever key they guess.
#[test]
fn receipts_examined_ahead_with_a_wrong_guess_get_the_same_verdict() {
    let (key, next) = (key(), Key::new(2));
    let mut chain = Chain::of("audit", &key, 3);
    chain.rotate(&key, &next).grow(&next, 3);
    let expected = verify(&chain.texts, key.public());
    assert_valid(&expected);
    for guess in [&key, &next, &Key::new(7)] {
        let mut examined: Vec<_> = chain
            .texts
            .iter()
            .rev()
            .map(|text| examine(Received::parse(text).unwrap(), &guess.public()))
            .collect();
        examined.reverse();
        let mut verifier = ChainVerifier::new(key.public(), Options::default());
        for examined in examined {
            assert!(verifier.push_examined(examined).holds());
        }
        assert_eq!(verifier.finish(), expected);
    }
}

#[test]
fn a_caller_can_stop_at_the_first_fault() {
    let key = key();
    let mut texts = Chain::of("audit", &key, 10).texts;
    texts.remove(4);
    let mut verifier = ChainVerifier::new(key.public(), Options::default());
    let taken = texts.iter().take_while(|text| {
        verifier.push_json(text);
        !verifier.is_broken()
    });
    assert_eq!(taken.count(), 4);
    assert_broken(&verifier.finish(), 4, None);
}
