//! One byte of a signed receipt is changed, and either nothing changed that means anything, or it is refused.

use agent_receipts_core::{PublicKey, Received};
use proptest::prelude::*;

use super::strategies::receipts;
use crate::support::{Chance, issuer_key, read, sign, text_of};

fn signed() -> Vec<u8> {
    let receipt = read(
        r#"{"@context":["https://www.w3.org/ns/credentials/v2","https://agentreceipts.ai/context/v2"],"id":"urn:receipt:1",
        "type":["VerifiableCredential","AgentReceipt"],"version":"0.5.0","issuer":{"id":"i","runtime":{"usage":{"n":12.5}}},
        "issuanceDate":"2026-01-02T03:04:05Z","credentialSubject":{"principal":{"id":"é"},
        "action":{"id":"a","type":"t","risk_level":"low","timestamp":"2026-01-02T03:04:05Z","peer_credential":{"platform":"linux","pid":7}},
        "outcome":{"status":"success","reversible":true},"chain":{"sequence":1,"previous_receipt_hash":null,"chain_id":"c"}}}"#,
    );
    text_of(&sign(&receipt, &issuer_key())).into_bytes()
}

/// What is left of a changed receipt: nothing, or one that is canonically the same.
fn is_harmless(changed: &[u8], genuine: &Received, key: &PublicKey) -> bool {
    match Received::parse(changed) {
        Err(_) => true,
        Ok(received) => match received.verify(key) {
            Err(_) => true,
            // What was signed must be what was received, and the signature the very same one.
            Ok(verified) => {
                verified.hash == genuine.hash()
                    && received.canonical() == genuine.canonical()
                    && received.receipt().proof.as_ref().unwrap().proof_value
                        == genuine.receipt().proof.as_ref().unwrap().proof_value
            }
        },
    }
}

#[test]
fn no_byte_of_a_receipt_can_be_replaced_unseen() {
    let (text, key) = (signed(), issuer_key().public());
    let genuine = Received::parse(&text).unwrap();
    genuine.verify(&key).unwrap();
    let mut chance = Chance(0x1b17);
    for at in 0..text.len() {
        // Each of the eight bits, and some bytes of use to a forger.
        let mut bytes: Vec<u8> = (0..8).map(|bit| text[at] ^ (1 << bit)).collect();
        bytes.extend([b' ', b'0', b'"', b',', b'}', 0, 0xff, chance.next() as u8]);
        for byte in bytes {
            let mut changed = text.clone();
            changed[at] = byte;
            assert!(is_harmless(&changed, &genuine, &key), "{byte:#04x} at {at}");
        }
    }
}

#[test]
fn no_byte_of_a_receipt_can_be_taken_out_or_put_in_unseen() {
    let (text, key) = (signed(), issuer_key().public());
    let genuine = Received::parse(&text).unwrap();
    for at in 0..text.len() {
        let mut changed = text.clone();
        changed.remove(at);
        assert!(is_harmless(&changed, &genuine, &key), "without the byte at {at}");
        for byte in [b' ', b'0', b'1', b'"', b',', b'[', b'\\', 0] {
            let mut changed = text.clone();
            changed.insert(at, byte);
            assert!(is_harmless(&changed, &genuine, &key), "{byte:#04x} put in at {at}");
        }
    }
}

/// Also that the test above can fail: the proof's other members are not signed.
#[test]
fn the_unsigned_part_of_a_proof_is_what_the_signature_does_not_cover() {
    let text = String::from_utf8(signed()).unwrap();
    let changed = text.replace("did:example:corpus#key-1", "did:example:anyone#key-9");
    assert_ne!(changed, text);
    let received = Received::parse(changed.as_bytes()).unwrap();
    assert!(received.verify(&issuer_key().public()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_bit_of_any_receipt_can_be_flipped_unseen(receipt in receipts(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let key = issuer_key();
        let text = text_of(&sign(&receipt.into_value(), &key)).into_bytes();
        let genuine = Received::parse(&text).unwrap();
        prop_assert!(genuine.verify(&key.public()).is_ok());
        let mut changed = text.clone();
        changed[at.index(text.len())] ^= 1_u8 << bit;
        prop_assert!(is_harmless(&changed, &genuine, &key.public()));
    }
}
