//! What is asked of a chain beyond being unbroken, and what is only advised of (receipts-format §2.4, 1, 2, 4, 9, 10).

use agent_receipts_chain::{ChainVerifier, Options, Outcome, Reason, Status};
use agent_receipts_core::json::{Rules, Value, parse};
use agent_receipts_core::payload;

use crate::support::{Chain, Key, assert_broken, assert_valid, verify, verify_with};

fn key() -> Key {
    Key::new(1)
}

/// Regression: the reference says `VALID (0 receipts)` of a chain that does not exist (receipts-better §0.3 item 4).
#[test]
fn better_0_3_item_4_an_empty_chain_is_not_valid() {
    let verdict = verify(&[], key().public());
    assert_broken(&verdict, None, "the chain has no receipts");
    assert_eq!((verdict.outcome, verdict.status, verdict.length), (Outcome::Empty, Status::Unknown, 0));
    let asked = |options| verify_with(&[], key().public(), options).0;
    assert_valid(&asked(Options { expected_length: Some(0), ..Options::default() }));
    assert_broken(
        &asked(Options { expected_length: Some(3), ..Options::default() }),
        0,
        "expected chain length does not match: expected 3, got 0",
    );
    let none = Options { expected_length: Some(0), ..Options::default() };
    assert!(!asked(Options { require_terminal: true, ..none.clone() }).valid);
    assert!(!asked(Options { expected_final_hash: Some("sha256:00".into()), ..none }).valid);
}

#[test]
fn duplicate_idempotency_keys_are_a_warning() {
    let key = key();
    let mut chain = Chain::new("audit");
    for name in ["k", "x", "k", "", ""] {
        chain.add(&key, |receipt| receipt.subject.action.idempotency_key = Some(name.into()));
    }
    let verdict = verify(&chain.texts, key.public());
    assert_valid(&verdict);
    assert_eq!(
        verdict.warnings,
        [
            "duplicate idempotency_key \"k\" on receipts at indices 0, 2 (retries are legitimate; review for double-counting)"
        ]
    );
}

#[test]
fn a_pending_last_receipt_and_an_open_terminal_are_advised_of() {
    let key = key();
    let mut chain = Chain::of("audit", &key, 1);
    chain.add(&key, |receipt| {
        receipt.subject.action.kind = "system.pty.open".into();
        receipt.subject.outcome.status = "pending".into();
    });
    let verdict = verify(&chain.texts, key.public());
    assert_valid(&verdict);
    assert!(verdict.incomplete_tool_roundtrip && verdict.incomplete_session);
    chain.add(&key, |receipt| receipt.subject.action.kind = "system.pty.close".into());
    let verdict = verify(&chain.texts, key.public());
    assert!(!verdict.incomplete_tool_roundtrip && !verdict.incomplete_session);
    let mut chain = Chain::new("audit");
    chain.add(&key, |receipt| {
        receipt.subject.outcome.status = "pending".into();
        receipt.subject.chain.terminal = Some(true);
    });
    assert!(!verify(&chain.texts, key.public()).incomplete_tool_roundtrip);
}

fn body(text: &str) -> Value {
    parse(text.as_bytes(), Rules::Payload).unwrap()
}

#[test]
fn response_bodies_are_compared_where_they_are_given() {
    let key = key();
    let hash = payload::hash(&body("{\"a\":1}"));
    let mut chain = Chain::of("audit", &key, 1);
    chain.add(&key, |receipt| receipt.subject.outcome.response_hash = Some(hash.clone()));
    let verdict = verify(&chain.texts, key.public());
    assert_valid(&verdict);
    assert!(verdict.response_hash_note.unwrap().contains("cannot be verified offline"));

    let with_body = |text: &'static str| {
        let mut verifier = ChainVerifier::new(key.public(), Options::default())
            .with_response_bodies(move |_| Some(body(text)));
        chain.texts.iter().for_each(|text| drop(verifier.push_json(text)));
        verifier.finish()
    };
    let verdict = with_body("{ \"a\": 1.0 }");
    assert_valid(&verdict);
    assert_eq!(verdict.response_hash_note, None);
    let verdict = with_body("{\"a\":2}");
    assert_eq!((verdict.broken_at, verdict.reason), (Some(1), Some(Reason::ResponseHashMismatch)));
    let actual = payload::hash(&body("{\"a\":2}"));
    let expected = format!("response_hash mismatch at index 1: receipt has {hash}, body hashes to {actual}");
    assert_eq!(verdict.error, Some(expected));
}

#[test]
fn length_hash_and_end_are_held_against_what_was_asked() {
    let key = key();
    let chain = Chain::of("audit", &key, 3);
    let ask = |options| verify_with(&chain.texts, key.public(), options).0;
    let hash = chain.hashes[2].to_string();
    assert_valid(&ask(Options {
        expected_length: Some(3),
        expected_final_hash: Some(hash.clone()),
        ..Options::default()
    }));
    let verdict = ask(Options {
        expected_length: Some(4),
        expected_final_hash: Some("sha256:00".into()),
        ..Options::default()
    });
    assert_broken(&verdict, 2, "expected chain length does not match: expected 4, got 3");
    let verdict = ask(Options { expected_final_hash: Some("sha256:00".into()), ..Options::default() });
    assert_eq!(
        verdict.error,
        Some(format!("final receipt hash mismatch at index 2: expected sha256:00, got {hash}"))
    );
    let verdict = ask(Options { require_terminal: true, ..Options::default() });
    assert_broken(&verdict, 2, "require_terminal: last receipt does not have chain.terminal: true");
}
