#![no_main]
//! A receipt that is read is written back with every member, and keeps its hash.

use agent_receipts_core::json::{Rules, canonical, parse};
use agent_receipts_core::{Draft, PublicKey, Receipt, Received};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(received) = Received::parse(text) else { return };
    let again = parse(received.canonical(), Rules::Receipt).expect("what we wrote is read back");
    assert_eq!(canonical(&again), received.canonical());
    // Writing the typed receipt loses nulls and nothing else, so a second reading finds nothing more to lose.
    let typed = received.receipt().clone().into_value();
    let written = canonical(&typed);
    let reread = Receipt::from_value(typed).expect("what we wrote is a receipt");
    assert_eq!(canonical(&reread.clone().into_value()), written);
    let _ = Draft::new(reread).hash();
    // Nobody has this key: RFC 8032 §7.1, TEST 1 is public, but signs no receipt that chance can find.
    let key = PublicKey::from_did_key("did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
    assert!(received.verify(&key.expect("a did:key")).is_err());
});
