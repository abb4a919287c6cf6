#![no_main]
//! What payload rules accept has a canonical form that all rules read alike.

use agent_receipts_core::json::{Rules, canonical, check_payload, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let payload = parse(text, Rules::Payload);
    assert_eq!(check_payload(text).err(), payload.as_ref().err().cloned(), "checking and reading agree");
    for rules in [Rules::Frame, Rules::Receipt] {
        if let Ok(strict) = parse(text, rules) {
            assert_eq!(Some(&strict), payload.as_ref().ok(), "stricter rules see the same document");
        }
    }
    let Ok(payload) = payload else { return };
    let written = canonical(&payload);
    assert!(std::str::from_utf8(&written).is_ok());
    for rules in [Rules::Payload, Rules::Frame, Rules::Receipt] {
        assert_eq!(canonical(&parse(&written, rules).expect("what we wrote is read back")), written);
    }
    assert_eq!(payload.clone(), payload);
});
