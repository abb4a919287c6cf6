#![no_main]
//! Each signature, key and hash has one spelling.

use agent_receipts_core::{PublicKey, ReceiptHash, Signature, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(signature) = Signature::from_proof_value(text) {
        assert_eq!(signature.to_proof_value(), text);
    }
    if let Ok(key) = PublicKey::from_multibase(text) {
        assert_eq!(key.to_multibase(), text);
    }
    if let Ok(key) = PublicKey::from_did_key(text) {
        assert_eq!(key.to_did_key(), text);
    }
    if let Ok(key) = PublicKey::from_pem(text) {
        assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key));
    }
    if let Ok(hash) = text.parse::<ReceiptHash>() {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(moment) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&moment.to_rfc3339_nanos()), Ok(moment));
    }
});
