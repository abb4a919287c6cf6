#![no_main]
//! No bytes make a token, or an authority's answer, that panics; and without a trusted certificate none proves anything.

use agent_receipts_timestamp::{Options, TrustedCertificates, token_of_response, verify_token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let nobody = TrustedCertificates::default();
    assert!(verify_token(bytes, &[0; 32], &nobody, &Options::default()).is_err());
    if let Ok(token) = token_of_response(bytes) {
        assert!(verify_token(token, &[0; 32], &nobody, &Options { nonce: Some(0) }).is_err());
    }
    if let Ok(certificate) = TrustedCertificates::from_der(bytes) {
        assert_eq!(certificate.len(), 1);
        assert!(verify_token(bytes, &[0; 32], &certificate, &Options::default()).is_err());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(certificates) = TrustedCertificates::from_pem(text)
    {
        assert!(!certificates.is_empty());
    }
});
