//! What the Go and the Python SDK say about the same receipt.

use agent_receipts_core::{Draft, Form, PublicKey, Receipt, ReceiptHash, Received};

use super::vectors;
use crate::support::{TestKey, at, str_at, text_of};

#[test]
fn go_and_python_agree_with_us_on_every_byte() {
    for file in ["receipts/go_vectors.json", "receipts/py_vectors.json"] {
        let Some(vectors) = vectors(file) else { return };
        for case in ["simple", "receipt"] {
            let input = at(&vectors, &format!("canonicalization.{case}Input"));
            let expected = str_at(&vectors, &format!("canonicalization.{case}Expected"));
            assert_eq!(text_of(input), expected, "{file} {case}");
        }
        let text = str_at(&vectors, "hashing.simpleInput");
        assert_eq!(
            ReceiptHash::of(text.as_bytes()).to_string(),
            str_at(&vectors, "hashing.simpleExpected"),
            "{file}"
        );
        let receipt = Receipt::from_value(at(&vectors, "canonicalization.receiptInput").clone()).unwrap();
        let expected = str_at(&vectors, "hashing.receiptExpected");
        assert_eq!(Draft::new(receipt).hash().to_string(), expected, "{file}");
    }
}

#[test]
fn we_sign_exactly_as_go_and_python_sign() {
    for file in ["receipts/go_vectors.json", "receipts/py_vectors.json"] {
        let Some(vectors) = vectors(file) else { return };
        let key = TestKey::from_pem(str_at(&vectors, "keys.privateKey"));
        let public = PublicKey::from_pem(str_at(&vectors, "keys.publicKey")).unwrap();
        assert_eq!(key.public(), public, "{file}");
        assert_eq!(public.to_pem(), str_at(&vectors, "keys.publicKey"), "{file}");

        let draft = Draft::new(Receipt::from_value(at(&vectors, "signing.unsigned").clone()).unwrap());
        let expected = at(&vectors, "signing.signed");
        let method = str_at(&vectors, "signing.verificationMethod");
        let Ok(signed) = draft.sign(&key, str_at(expected, "proof.created"), method);
        assert_eq!(String::from_utf8(signed).unwrap(), text_of(expected), "{file}");

        let received = Received::parse(text_of(expected).as_bytes()).unwrap();
        let verified = received.verify(&public).unwrap();
        assert_eq!((verified.hash, verified.form), (draft.hash(), Form::Received), "{file}");
    }
}
