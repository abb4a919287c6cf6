//! The same documents through our reader and writer and through those of `serde_json`.
//!
//! `AGENT_RECEIPTS_DOCUMENTS` sets how many; a normal run makes 20,000.

use agent_receipts_core::json::{JsonError, Rules, Value, canonical, check_payload, parse};

use super::documents;
use crate::support::{Chance, rounds};

const VARIABLE: &str = "AGENT_RECEIPTS_DOCUMENTS";

#[test]
fn we_write_every_document_as_the_oracle_writes_it() {
    let mut chance = Chance(0xd0c5);
    for round in 0..rounds(VARIABLE, 20_000) {
        let document = documents::document(&mut chance, 5);
        let text =
            if round % 2 == 0 { serde_json::to_vec(&document) } else { serde_json::to_vec_pretty(&document) };
        let text = text.unwrap();
        let expected = serde_json_canonicalizer::to_vec(&document).unwrap();
        let ours = parse(&text, Rules::Receipt).unwrap_or_else(|e| panic!("round {round}: {e}: {document}"));
        assert_eq!(String::from_utf8(canonical(&ours)), String::from_utf8(expected), "round {round}");
        // On good text all rules see the same document.
        let payload = parse(&text, Rules::Payload).unwrap();
        assert!(payload == ours && parse(&text, Rules::Frame).unwrap() == ours, "round {round}");
    }
}

#[test]
fn we_write_every_number_as_the_oracle_writes_it() {
    let mut chance = Chance(0xf64);
    for round in 0..rounds(VARIABLE, 20_000) * 5 {
        let number = documents::number(&mut chance);
        let expected = serde_json_canonicalizer::to_string(&number).unwrap();
        let value = parse(number.to_string().as_bytes(), Rules::Receipt).unwrap();
        assert_eq!(value.to_string(), expected, "round {round}: {number}");
        let again = parse(expected.as_bytes(), Rules::Receipt).unwrap().as_f64().unwrap();
        assert!(again == number.as_f64().unwrap(), "round {round}: {number} does not come back");
    }
}

/// Damaged texts: we refuse what `serde_json` refuses, and what we accept we understand alike.
#[test]
fn we_accept_and_refuse_what_the_oracle_accepts_and_refuses() {
    let mut chance = Chance(0xbad);
    let (mut accepted, mut refused, mut stricter) = (0, 0, 0);
    for round in 0..rounds(VARIABLE, 20_000) * 2 {
        let document = documents::document(&mut chance, 4);
        let mut text = serde_json::to_vec(&document).unwrap();
        for _ in 0..=chance.below(2) {
            damage(&mut text, &mut chance);
        }
        let shown = String::from_utf8_lossy(&text);
        match (parse(&text, Rules::Receipt), serde_json::from_slice::<serde_json::Value>(&text)) {
            (Ok(ours), Ok(theirs)) => {
                let theirs = serde_json_canonicalizer::to_vec(&theirs).unwrap();
                assert_eq!(canonical(&ours), theirs, "round {round}: {shown}");
                accepted += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            // The one thing that is refused by us alone; the last of the two wins there, and under payload rules here.
            (Err(JsonError::DuplicateMember { .. }), Ok(theirs)) => {
                let ours = parse(&text, Rules::Payload).unwrap();
                assert_eq!(canonical(&ours), serde_json_canonicalizer::to_vec(&theirs).unwrap(), "{shown}");
                stricter += 1;
            }
            (ours, theirs) => panic!("round {round}: {ours:?} here, {theirs:?} there: {shown}"),
        }
    }
    assert!(accepted > 1000 && refused > 1000 && stricter > 0, "{accepted} {refused} {stricter}");
}

/// Whatever the bytes are, payload rules accept at least what receipt rules accept, with the same value.
#[test]
fn payload_rules_are_never_stricter_than_receipt_rules() {
    let mut chance = Chance(0x0b5);
    let mut only_payload = 0;
    for round in 0..rounds(VARIABLE, 20_000) {
        let mut text = serde_json::to_vec(&documents::document(&mut chance, 4)).unwrap();
        for _ in 0..=chance.below(3) {
            damage(&mut text, &mut chance);
        }
        let payload = parse(&text, Rules::Payload);
        assert_eq!(check_payload(&text).err(), payload.as_ref().err().cloned(), "round {round}");
        match (parse(&text, Rules::Receipt), payload) {
            (Ok(strict), payload) => assert_eq!(payload.as_ref().ok(), Some(&strict), "round {round}"),
            (Err(_), Err(_)) => {}
            (Err(error), Ok(payload)) => {
                let only = matches!(
                    error,
                    JsonError::InvalidUtf8 { .. }
                        | JsonError::LoneSurrogate { .. }
                        | JsonError::DuplicateMember { .. }
                );
                assert!(only, "round {round}: {error}");
                // What was mended is a document like any other.
                let again: Value = parse(&canonical(&payload), Rules::Receipt).unwrap();
                assert!(again == payload, "round {round}");
                only_payload += 1;
            }
        }
    }
    assert!(only_payload > 100, "{only_payload}");
}

/// One small change: a byte flipped, taken out, doubled, or a piece of JSON put in.
fn damage(text: &mut Vec<u8>, chance: &mut Chance) {
    const PIECES: [&[u8]; 22] = [
        b",",
        b":",
        b"[",
        b"]",
        b"{",
        b"}",
        b"\"",
        b"\\",
        b"0",
        b"-",
        b".",
        b"e",
        b"\"a\":1,",
        b"\\u",
        b"\\ud800",
        b"\\udc00",
        b"\xff",
        b"\xed\xa0\x80",
        b"1e999",
        b"null",
        b" ",
        b"\n",
    ];
    let at = chance.below(text.len().max(1));
    if text.is_empty() {
        text.push(b'0');
    }
    match chance.below(5) {
        0 => text[at] ^= 1 << chance.below(8),
        1 => drop(text.remove(at)),
        2 => text.insert(at, text[at]),
        3 => text.truncate(at),
        _ => drop(text.splice(at..at, PIECES[chance.below(PIECES.len())].iter().copied())),
    }
}
