use agent_receipts_core::json::{Object, Rules, Value, parse};
use agent_receipts_core::{Draft, Receipt, Received};

use crate::support::{issuer_key, read, str_at};

fn minimal() -> Receipt {
    Receipt::from_value(read(
        r#"{"@context":[],"id":"r","type":[],"version":"0.5.0","issuer":{"id":"i"},"issuanceDate":"d",
        "credentialSubject":{"principal":{"id":"p"},"action":{"id":"a","type":"t","risk_level":"low","timestamp":"d"},
        "outcome":{"status":"success"},"chain":{"sequence":1,"previous_receipt_hash":null,"chain_id":"c"}}}"#,
    ))
    .unwrap()
}

#[test]
fn the_proof_is_put_in_its_canonical_place() {
    let key = issuer_key();
    for (name, at) in
        [("proof0", "after"), ("prooe", "before"), ("zz", "after"), ("\u{1f600}", "after"), ("A", "before")]
    {
        let mut receipt = minimal();
        receipt.extra.insert(name, true);
        let Ok(signed) = Draft::new(receipt).sign(&key, "now", "method");
        let text = String::from_utf8(signed.clone()).unwrap();
        let (proof, extra) = (text.find("\"proof\":").unwrap(), text.find(&format!("\"{name}\":")).unwrap());
        assert_eq!(if extra > proof { "after" } else { "before" }, at, "{name}");
        assert!(Received::parse(&signed).unwrap().verify(&key.public()).is_ok(), "{name}");
        let parsed = parse(&signed, Rules::Receipt).unwrap();
        assert_eq!(parsed.to_string(), text, "{name}");
        assert_eq!(str_at(&parsed, "proof.type"), "Ed25519Signature2020");
        assert_eq!(str_at(&parsed, "proof.proofPurpose"), "assertionMethod");
    }
}

/// `extra` is a field that anyone can write to; what is put there must not pass for the proof.
#[test]
fn a_proof_among_the_unknown_members_is_left_out() {
    let key = issuer_key();
    let mut receipt = minimal();
    receipt.extra.insert("proof", Value::from(Object::new()));
    let draft = Draft::new(receipt);
    assert_eq!(draft.canonical(), Draft::new(minimal()).canonical());
    let Ok(signed) = draft.sign(&key, "now", "method");
    assert!(Received::parse(&signed).unwrap().verify(&key.public()).is_ok());
}

/// Text in a proof is free, and must not break out of it.
#[test]
fn free_text_in_a_proof_is_escaped() {
    let key = issuer_key();
    let Ok(signed) = Draft::new(minimal()).sign(&key, "\"},\"id\":\"x\n", "\\\u{2028}");
    let received = Received::parse(&signed).unwrap();
    assert_eq!(received.receipt().proof.as_ref().unwrap().created, "\"},\"id\":\"x\n");
    assert_eq!(received.receipt().id, "r");
    assert!(received.verify(&key.public()).is_ok());
}
