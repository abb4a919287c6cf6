#![no_main]
//! A note, a checkpoint, a list of heads, a proof and a record of an anchor log are read or refused; what is read is written back
//! byte for byte, and verifies for nobody by chance.

use agent_receipts_chain::audit::Evidence;
use agent_receipts_chain::checkpoint::{
    ExtensionProof, HeadList, NoteKey, ReceiptProof, SignedCheckpoint, SignedNote, WitnessKey,
};
use agent_receipts_core::PublicKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Nobody has this key: RFC 8032 §7.1, TEST 1 is public, but signs no note that chance can find.
    let key = PublicKey::from_did_key("did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw")
        .expect("a did:key");
    if let Ok(note) = SignedNote::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    if let Ok(checkpoint) = SignedCheckpoint::parse(bytes) {
        let said = checkpoint.checkpoint();
        if said.unknown_lines == 0 {
            assert_eq!(said.to_text(), checkpoint.note().text());
        }
        assert!(checkpoint.verify(&key).is_err());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(list) = HeadList::parse(text) {
            assert_eq!(list.to_text(), text);
        }
        if let Some(key) = NoteKey::from_vkey(text) {
            assert_eq!(key.to_vkey(), text);
        }
        if let Ok(witness) = text.parse::<WitnessKey>() {
            assert_eq!(witness.to_string(), text);
        }
    }
    if let Ok(proof) = ReceiptProof::parse(bytes) {
        let again = ReceiptProof::parse(&proof.to_json()).expect("what we wrote is read back");
        assert_eq!(again.to_json(), proof.to_json());
        assert!(proof.verify(&[key], &[]).is_err());
    }
    if let Ok(proof) = ExtensionProof::parse(bytes) {
        assert_eq!(ExtensionProof::parse(&proof.to_json()).as_ref(), Ok(&proof));
        assert!(proof.verify(&[key], &[]).is_err());
    }
    let _ = Evidence::of_record("fuzz", bytes);
});
