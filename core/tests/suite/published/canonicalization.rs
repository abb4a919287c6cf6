use agent_receipts_core::json::Value;
use agent_receipts_core::{Draft, Form, Receipt, Received, payload};

use super::vectors;
use crate::support::{at, str_at, text_of};

const FILE: &str = "receipts/canonicalization_vectors.json";

#[test]
fn every_canonicalization_vector_is_written_byte_for_byte() {
    let Some(file) = vectors(FILE) else { return };
    let cases = at(&file, "canonicalization_vectors").as_array().unwrap();
    assert_eq!(cases.len(), 32);
    for case in cases {
        let (name, input) = (str_at(case, "name"), at(case, "input"));
        assert_eq!(text_of(input), str_at(case, "canonical"), "{name}");
        if let Some(hash) = case.as_object().unwrap().get("expectedHash") {
            assert_eq!(Some(payload::hash(input).as_str()), hash.as_str(), "{name}");
        }
    }
}

#[test]
fn every_receipt_hash_vector_has_its_hash() {
    let Some(file) = vectors(FILE) else { return };
    let cases = at(&file, "receipt_hash_vectors").as_array().unwrap();
    assert_eq!(cases.len(), 11);
    let baseline = str_at(&cases[0], "expectedHash");
    let mut elsewhere = 0;
    for case in cases {
        let name = str_at(case, "name");
        let members = case.as_object().unwrap();
        let Some(receipt) = members.get("receipt") else {
            // Its receipts stand in a file that is not published with these.
            assert!(members.contains("receiptsFrom"), "{name}");
            elsewhere += 1;
            continue;
        };
        let expected = match str_at(case, "expectedHash") {
            "SAME_AS_receipt_all_optional_absent" => baseline,
            hash => hash,
        };
        let typed = Draft::new(Receipt::from_value(receipt.clone()).unwrap());
        assert_eq!(typed.hash().to_string(), expected, "{name}, typed");
        let received = Received::parse(text_of(receipt).as_bytes()).unwrap();
        let null_injected = members.get("preNormalizationInput").and_then(Value::as_bool) == Some(true);
        assert_eq!(received.hash().to_string() == expected, !null_injected, "{name}, as received");
        for form in [Form::NullsLeftOut, Form::AllNullsLeftOut] {
            assert_eq!(received.hash_as(form).to_string(), expected, "{name}, {form:?}");
        }
        if let Some(needle) = members.get("mustContainSubstring").and_then(Value::as_str) {
            assert!(String::from_utf8_lossy(typed.canonical()).contains(needle), "{name}");
        }
    }
    assert_eq!(elsewhere, 1);
}
