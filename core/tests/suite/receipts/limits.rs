use agent_receipts_core::json::{JsonError, Rules, parse};
use agent_receipts_core::{DecodeError, Draft, Form, Receipt, Received};

use crate::support::issuer_key;

/// A receipt whose `usage` is a list nested so deep, signed.
fn nested(levels: usize) -> Vec<u8> {
    let usage = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    format!(
        r#"{{"@context":[],"id":"r","type":[],"version":"0.5.0",
        "issuer":{{"id":"i","runtime":{{"usage":{usage},"nothing":null}}}},"issuanceDate":"d",
        "credentialSubject":{{"principal":{{"id":"p"}},"action":{{"id":"a","type":"t","risk_level":"low","timestamp":"d"}},
        "outcome":{{"status":"success"}},"chain":{{"sequence":1,"previous_receipt_hash":null,"chain_id":"c"}}}}}}"#
    )
    .into_bytes()
}

/// Reading, signing, verifying (in every form), copying, comparing, printing and dropping a receipt as deep as one can be.
#[test]
fn the_deepest_receipt_is_handled_on_a_small_stack() {
    let work = || {
        let text = nested(9_997);
        let receipt = Receipt::from_value(parse(&text, Rules::Receipt).unwrap()).unwrap();
        assert!(receipt.clone() == receipt);
        assert!(format!("{receipt:?}").len() > 2 * 9_997);
        let key = issuer_key();
        let Ok(signed) = Draft::new(receipt).sign(&key, "now", "method");
        let received = Received::parse(&signed).unwrap();
        assert_eq!(received.verify(&key.public()).unwrap().form, Form::Received);
        assert_ne!(received.hash_as(Form::AllNullsLeftOut), received.hash());
        assert_eq!(received.hash_as(Form::NullsLeftOut), received.hash());
        let refused = Received::parse(&nested(9_998)).unwrap_err();
        assert_eq!(refused, DecodeError::Json(JsonError::TooDeep));
    };
    std::thread::Builder::new().stack_size(128 * 1024).spawn(work).unwrap().join().unwrap();
}

/// Many members cost about as much as many bytes: names in the worst order, and half of them twice.
#[test]
fn an_object_of_many_members_is_read() {
    let names = (0..200_000).rev().map(|at| format!("\"n{:06}\":{at}", at / 2)).collect::<Vec<_>>().join(",");
    let value = parse(format!("{{{names}}}").as_bytes(), Rules::Payload).unwrap();
    let object = value.as_object().unwrap();
    assert_eq!(object.len(), 100_000);
    // Of 7 and 6, which both are named by 3, 6 stands later in the text.
    assert_eq!(object.get("n000003").and_then(|value| value.as_f64()), Some(6.0));
}
