use agent_receipts_core::{PublicKey, Received, SignatureError};

use super::vectors;
use crate::support::{at, str_at, text_of};

#[test]
fn every_malformed_receipt_is_refused_for_its_own_reason() {
    let Some(file) = vectors("receipts/malformed_vectors.json") else { return };
    let key = PublicKey::from_pem(str_at(&file, "keys.publicKey")).unwrap();
    let cases = at(&file, "receipts").as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let received = Received::parse(text_of(at(case, "receipt")).as_bytes()).unwrap();
        let expected = match str_at(case, "name") {
            "wrong_proof_type" => {
                SignatureError::UnsupportedProofType { found: "RsaSignature2018".to_owned() }
            }
            "truncated_proof_value" => {
                SignatureError::MalformedProofValue { reason: "not 86 characters of base64url" }
            }
            "wrong_multibase_prefix" => {
                SignatureError::MalformedProofValue { reason: "unsupported multibase prefix" }
            }
            "mutated_action_type" | "mutated_principal_id" | "flipped_proof_byte" => SignatureError::Mismatch,
            unknown => panic!("a case that this test does not know: {unknown}"),
        };
        assert_eq!(received.verify(&key), Err(expected), "{}", str_at(case, "name"));
    }
}

/// Core sees that the middle receipt was altered, and hands out what a chain verifier needs to see the missing link.
#[test]
fn the_chain_with_a_link_cut_out_is_cut_where_its_name_says() {
    let Some(file) = vectors("receipts/malformed_vectors.json") else { return };
    let key = PublicKey::from_pem(str_at(&file, "keys.publicKey")).unwrap();
    let cases = at(&file, "chains").as_array().unwrap();
    assert_eq!(cases.len(), 1);
    assert_eq!(str_at(&cases[0], "name"), "missing_previous_receipt_hash_mid_chain");
    let receipts = at(&cases[0], "receipts").as_array().unwrap();
    let received: Vec<_> =
        receipts.iter().map(|receipt| Received::parse(text_of(receipt).as_bytes()).unwrap()).collect();
    let genuine: Vec<_> = received.iter().map(|receipt| receipt.verify(&key).is_ok()).collect();
    assert_eq!(genuine, [true, false, true]);
    let linked: Vec<_> = received
        .windows(2)
        .map(|pair| pair[1].receipt().subject.chain.previous_receipt_hash == Some(pair[0].hash().to_string()))
        .collect();
    assert_eq!(linked, [false, true]);
}
