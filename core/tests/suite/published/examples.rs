use agent_receipts_core::json::{Rules, parse};
use agent_receipts_core::{Receipt, Received, SignatureError};

use super::shared;
use crate::support::{issuer_key, text_of};

/// The examples show shapes only: their signatures are placeholders.
#[test]
fn every_example_keeps_all_its_members_and_verifies_with_no_key() {
    let Some(folder) = shared() else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.join("vectors/examples")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        let value = parse(&text, Rules::Receipt).unwrap();
        let receipt = Receipt::from_value(value.clone()).unwrap();
        assert_eq!(text_of(&receipt.into_value()), text_of(&value), "{}", path.display());
        let verdict = Received::parse(&text).unwrap().verify(&issuer_key().public());
        assert!(
            matches!(verdict, Err(SignatureError::Mismatch | SignatureError::MalformedProofValue { .. })),
            "{}: {verdict:?}",
            path.display()
        );
        seen += 1;
    }
    assert_eq!(seen, 9);
}
