//! The part of disclosure envelopes that needs no cipher: their canonical form, shape and key names.

use agent_receipts_core::json::Value;
use agent_receipts_core::{KeyEncodingError, PublicKey, ReceiptHash};

use super::vectors;
use crate::support::{at, str_at, text_of};

#[test]
fn every_envelope_is_canonical_and_shaped_as_the_rules_say() {
    let Some(file) = vectors("disclosure-envelope/vectors.json") else { return };
    let cases = at(&file, "vectors").as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let (name, envelope) = (str_at(case, "name"), at(case, "envelope_object"));
        assert_eq!(text_of(envelope), str_at(case, "envelope_canonical_jcs"), "{name}");
        let plaintext = text_of(at(case, "plaintext_object"));
        assert_eq!(plaintext, str_at(case, "plaintext_canonical_jcs"), "{name}");
        assert_eq!(plaintext, str_at(case, "round_trip.expected_plaintext_canonical_jcs"), "{name}");

        let names = |value: &Value| -> Vec<_> {
            value.as_object().unwrap().iter().map(|(name, _)| name.to_owned()).collect()
        };
        assert_eq!(names(envelope), ["alg", "ct", "recipients", "v"], "{name}");
        let recipients = at(envelope, "recipients").as_array().unwrap();
        assert_eq!(recipients.len(), 1, "{name}");
        assert_eq!(names(&recipients[0]), ["enc", "kid"], "{name}");
        assert_eq!(str_at(envelope, "v"), "1", "{name}");
        assert_eq!(str_at(envelope, "alg"), str_at(&file, "ciphersuite.alg_tag"), "{name}");
        assert_eq!(str_at(&recipients[0], "enc").len(), 43, "{name}");
        // Ciphertext is as long as the plaintext and a tag of 16 bytes.
        let sealed = plaintext.len() + 16;
        assert_eq!(str_at(envelope, "ct").len(), (sealed * 4).div_ceil(3), "{name}");
    }
}

/// A key name is an index and nothing more: the `sha256:` one published here is not the hash of its key.
#[test]
fn the_names_of_recipients_are_hashes_or_dids_and_never_signing_keys() {
    let Some(file) = vectors("disclosure-envelope/vectors.json") else { return };
    let mut fingerprints = 0;
    for recipient in at(&file, "test_recipients").as_array().unwrap() {
        match str_at(recipient, "kid") {
            kid if kid.starts_with("sha256:") => {
                assert_eq!(kid.parse::<ReceiptHash>().unwrap().to_string(), kid);
                fingerprints += 1;
            }
            kid => {
                // An X25519 key must never be taken for a key that signs.
                let did = kid.split_once('#').unwrap().0;
                assert_eq!(PublicKey::from_did_key(did), Err(KeyEncodingError::NotDidKey));
            }
        }
    }
    assert_eq!(fingerprints, 1);
}
