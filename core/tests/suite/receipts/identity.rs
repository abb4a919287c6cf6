use agent_receipts_core::json::{Rules, canonical, parse};
use agent_receipts_core::{Draft, Form, Receipt, Received};
use proptest::prelude::*;

use super::strategies::receipts;
use crate::support::{issuer_key, text_of};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_receipt_written_and_read_is_the_same_receipt(receipt in receipts()) {
        let text = text_of(&receipt.clone().into_value());
        let read = Receipt::from_value(parse(text.as_bytes(), Rules::Receipt).unwrap()).unwrap();
        prop_assert_eq!(&read, &receipt);
        prop_assert_eq!(text_of(&read.into_value()), text);
    }

    #[test]
    fn what_a_draft_signs_is_what_a_reader_verifies(receipt in receipts()) {
        let draft = Draft::new(receipt.clone());
        let Ok(signed) = draft.sign(&issuer_key(), "2026-01-02T03:04:05Z", "did:example:corpus#key-1");
        prop_assert_eq!(&signed, &canonical(&parse(&signed, Rules::Receipt).unwrap()), "written canonically");
        let received = Received::parse(&signed).unwrap();
        prop_assert_eq!(received.canonical(), draft.canonical());
        prop_assert_eq!(received.hash(), draft.hash());
        let verified = received.verify(&issuer_key().public()).unwrap();
        prop_assert_eq!((verified.hash, verified.form), (draft.hash(), Form::Received));
        let mut without_proof = received.into_receipt();
        without_proof.proof = None;
        prop_assert_eq!(without_proof, receipt);
    }

    /// Signing what is already signed changes nothing but the proof.
    #[test]
    fn an_earlier_proof_is_not_part_of_a_draft(receipt in receipts()) {
        let draft = Draft::new(receipt);
        let Ok(signed) = draft.sign(&issuer_key(), "then", "method");
        let again = Draft::new(Received::parse(&signed).unwrap().into_receipt());
        prop_assert_eq!(again.canonical(), draft.canonical());
    }
}
