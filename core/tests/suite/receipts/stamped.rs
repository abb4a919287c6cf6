//! What a trusted timestamp is about.

use agent_receipts_core::{Draft, Receipt, Received};

use crate::support::{issuer_key, read};

fn receipt() -> Receipt {
    Receipt::from_value(read(
        r#"{"@context":[],"id":"r","type":[],"version":"0.5.0","issuer":{"id":"i"},"issuanceDate":"d","later":[1.0],
        "credentialSubject":{"principal":{"id":"p"},"action":{"id":"a","type":"t","risk_level":"low","timestamp":"d","new":{"x":1}},
        "outcome":{"status":"success"},"chain":{"sequence":1,"previous_receipt_hash":null,"chain_id":"c"}}}"#,
    ))
    .unwrap()
}

fn signed(receipt: Receipt) -> Received {
    let Ok(text) = Draft::new(receipt).sign(&issuer_key(), "now", "method");
    Received::parse(&text).unwrap()
}

/// Whoever stamps has the receipt without the token; whoever verifies has it with the token and a proof.
#[test]
fn it_is_the_draft_before_the_token_was_put_in() {
    let draft = Draft::new(receipt()).hash();
    for token in ["", "AAAA", "another token"] {
        let mut stamped = receipt();
        stamped.subject.action.trusted_timestamp = Some(token.to_owned());
        let received = signed(stamped);
        assert_eq!(received.stamped_hash(), Some(draft), "{token:?}");
        assert_ne!(received.hash(), draft);
    }
    assert_eq!(signed(receipt()).stamped_hash(), None);
}

#[test]
fn every_other_byte_is_part_of_it() {
    let stamped = |edit: fn(&mut Receipt)| {
        let mut receipt = receipt();
        receipt.subject.action.trusted_timestamp = Some("AAAA".to_owned());
        edit(&mut receipt);
        signed(receipt).stamped_hash().unwrap()
    };
    let original = stamped(|_| ());
    let edits: [fn(&mut Receipt); 7] = [
        |receipt| receipt.subject.action.timestamp = "e".to_owned(),
        |receipt| receipt.subject.chain.sequence = 2,
        |receipt| drop(receipt.extra.insert("later", true)),
        |receipt| drop(receipt.extra.insert("trusted_timestamp", "AAAA")),
        |receipt| drop(receipt.subject.action.extra.insert("new", true)),
        |receipt| drop(receipt.subject.action.extra.remove("new")),
        |receipt| receipt.subject.outcome.error = Some(String::new()),
    ];
    for edit in edits {
        assert_ne!(stamped(edit), original);
    }
}
