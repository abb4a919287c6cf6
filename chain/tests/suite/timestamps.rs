//! Trusted timestamps: who judges them is the caller's choice, what becomes of the judgement is ours.

use agent_receipts_chain::{ChainVerifier, Options, Outcome, Reason, TimestampCheck, Verdict};
use agent_receipts_core::ReceiptHash;

use crate::support::{Chain, Key, codes, verify_with};

/// Four receipts; the second and the fourth carry a token that says what is to be said of it.
fn chain(key: &Key, second: &str, fourth: &str) -> Chain {
    let mut chain = Chain::of("audit", key, 1);
    chain.add(key, |receipt| receipt.subject.action.trusted_timestamp = Some(second.to_owned()));
    chain.grow(key, 1);
    chain.add(key, |receipt| receipt.subject.action.trusted_timestamp = Some(fourth.to_owned()));
    chain
}

/// Accepts what says `good`.
fn check() -> TimestampCheck {
    TimestampCheck::new(|received| {
        assert!(received.stamped_hash().is_some_and(|hash| hash != ReceiptHash::of(received.canonical())));
        match received.receipt().subject.action.trusted_timestamp.as_deref() {
            Some("good") => Ok("seen\u{1b}[2J at noon".to_owned()),
            other => Err(format!("not for this: {other:?}")),
        }
    })
}

fn verdict(chain: &Chain, key: &Key, timestamps: Option<TimestampCheck>) -> Verdict {
    let options = Options { timestamps, ..Options::default() };
    verify_with(&chain.texts, key.public(), options).0
}

#[test]
fn without_a_judge_they_are_there_and_nobody_looked() {
    let key = Key::new(1);
    for strict in [false, true] {
        let options = Options { strict, ..Options::default() };
        let chain = chain(&key, "Z29vZA==", "Z29vZA==");
        let verdict = verify_with(&chain.texts, key.public(), options).0;
        assert_eq!(verdict.outcome, Outcome::Valid, "{verdict:?}");
        assert_eq!(codes(&verdict), ["trusted_timestamp_unchecked"; 2]);
        assert_eq!(verdict.findings[0].index, 1);
        assert_eq!(verdict.findings[0].message, "present, not checked");
    }
}

#[test]
fn what_a_judge_accepts_is_told_harmlessly() {
    let key = Key::new(1);
    let verdict = verdict(&chain(&key, "good", "good"), &key, Some(check()));
    assert_eq!(verdict.outcome, Outcome::Valid, "{verdict:?}");
    assert_eq!(
        verdict.findings.iter().filter(|f| f.code.as_str() == "trusted_timestamp_verified").count(),
        2
    );
    assert!(verdict.findings.iter().all(|finding| !finding.message.contains('\u{1b}')), "{verdict:?}");
}

#[test]
fn what_a_judge_refuses_breaks_the_chain_where_it_stands() {
    let key = Key::new(1);
    for (second, fourth, at) in [("bad", "good", 1), ("good", "bad", 3), ("bad", "bad", 1)] {
        let verdict = verdict(&chain(&key, second, fourth), &key, Some(check()));
        assert_eq!((verdict.outcome, verdict.broken_at), (Outcome::Broken, Some(at)), "{verdict:?}");
        assert_eq!(verdict.reason, Some(Reason::InvalidTimestamp));
        let error = verdict.error.unwrap();
        assert!(
            error.starts_with(&format!("trusted timestamp invalid at index {at}: not for this")),
            "{error}"
        );
        // The receipts themselves are sound.
        assert!(verdict.integrity.signatures && verdict.integrity.links && verdict.integrity.structure);
    }
}

#[test]
fn an_earlier_fault_is_told_before_it() {
    let key = Key::new(1);
    let mut chain = chain(&key, "good", "bad");
    let text = String::from_utf8(chain.texts[2].clone()).unwrap();
    chain.texts[2] = text.replace("\"success\"", "\"failure\"").into_bytes();
    let verdict = verdict(&chain, &key, Some(check()));
    assert_eq!((verdict.broken_at, verdict.reason), (Some(2), Some(Reason::BadSignature)), "{verdict:?}");
}

#[test]
fn a_judge_prints_as_nothing_and_equals_itself() {
    let check = check();
    assert_eq!(format!("{check:?}"), "TimestampCheck(..)");
    assert_eq!(check, check.clone());
    assert_ne!(check, self::check());
    drop(ChainVerifier::new(Key::new(1).public(), Options { timestamps: Some(check), ..Options::default() }));
}
