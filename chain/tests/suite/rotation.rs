//! Rotations within one chain (receipts-format §2.4 f).

use agent_receipts_chain::{Options, Reason};
use agent_receipts_core::KeyRotation;

use crate::support::{Chain, Key, assert_broken, assert_valid, rotation, verify, verify_with};

#[test]
fn a_rotation_installs_the_incoming_key() {
    let keys = [Key::new(1), Key::new(2), Key::new(3)];
    let mut chain = Chain::of("audit", &keys[0], 2);
    chain.rotate(&keys[0], &keys[1]).grow(&keys[1], 2).rotate(&keys[1], &keys[2]).grow(&keys[2], 1);
    let verdict = verify(&chain.texts, keys[0].public());
    assert_valid(&verdict);
    assert_eq!(verdict.rotations, 2);
    assert_eq!(verdict.genesis_key, Some(keys[0].public().fingerprint()));
    assert_eq!(verdict.final_key, Some(keys[2].public().fingerprint()));
    assert_eq!(verdict.findings, []);
}

#[test]
fn a_rotation_may_be_the_first_receipt() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut chain = Chain::new("audit");
    chain.rotate(&old, &new).grow(&new, 2);
    assert_valid(&verify(&chain.texts, old.public()));
}

#[test]
fn the_outgoing_key_signs_nothing_more() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut chain = Chain::of("audit", &old, 1);
    chain.rotate(&old, &new).grow(&old, 1);
    assert_broken(&verify(&chain.texts, old.public()), 2, None);
}

#[test]
fn a_rotation_signed_by_the_incoming_key_installs_nothing() {
    let (old, new) = (Key::new(1), Key::new(2));
    let rotation = rotation(&old.public(), &new.public());
    let mut chain = Chain::of("audit", &old, 1);
    chain.add(&new, |receipt| receipt.subject.key_rotation = Some(rotation)).grow(&new, 1);
    let (verdict, steps) = verify_with(&chain.texts, old.public(), Options::default());
    assert_broken(&verdict, 1, None);
    assert!(!steps[1].signature_valid && !steps[2].signature_valid);
    assert_eq!(verdict.rotations, 0);
}

#[test]
fn each_check_of_a_rotation_fails_in_its_turn() {
    let (old, new, other) = (Key::new(1), Key::new(2), Key::new(3));
    let old_fingerprint = old.public().fingerprint().to_string();
    let other_fingerprint = other.public().fingerprint().to_string();
    let new_fingerprint = new.public().fingerprint().to_string();
    // Each breaks one thing more than the one before it in the list, and is found before it.
    type Edit<'a> = &'a dyn Fn(&mut KeyRotation);
    let edits: [(Edit<'_>, String); 7] = [
        (
            &|r| r.new_key_fingerprint = other_fingerprint.clone(),
            format!(
                "new_key_fingerprint {other_fingerprint} does not match new_public_key {new_fingerprint}"
            ),
        ),
        (
            &|r| r.new_public_key = r.new_public_key.replacen('u', "z", 1),
            "new_public_key: not a multibase base64url key of 32 bytes".into(),
        ),
        (
            &|r| r.old_key_fingerprint = other_fingerprint.clone(),
            format!(
                "old_key_fingerprint {other_fingerprint} does not match the active key {old_fingerprint}"
            ),
        ),
        (&|r| r.new_algorithm = "rsa".into(), "new_algorithm is \"rsa\", not \"ed25519\"".into()),
        (&|r| r.old_algorithm = String::new(), "old_algorithm is \"\", not \"ed25519\"".into()),
        (&|r| r.signed_with = "new".into(), "signed_with is \"new\", not \"old\"".into()),
        (&|r| r.event_type = "rotated".into(), "event_type is \"rotated\", not \"key_rotated\"".into()),
    ];
    let mut rotation = rotation(&old.public(), &new.public());
    for (edit, error) in edits {
        edit(&mut rotation);
        let rotation = rotation.clone();
        let mut chain = Chain::of("audit", &old, 2);
        chain.add(&old, |receipt| receipt.subject.key_rotation = Some(rotation)).grow(&old, 1);
        let (verdict, steps) = verify_with(&chain.texts, old.public(), Options::default());
        assert_eq!(verdict.error, Some(format!("key rotation invalid at index 2: {error}")));
        assert_eq!((verdict.broken_at, verdict.reason), (Some(2), Some(Reason::InvalidRotation)));
        assert!(steps[2].holds() && steps[3].holds(), "the outgoing key stays active");
    }
}

#[test]
fn an_invalid_rotation_is_told_before_a_link_and_after_a_signature() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut wrong = rotation(&old.public(), &new.public());
    wrong.signed_with = "new".into();
    let mut chain = Chain::of("audit", &old, 1);
    chain.add(&old, |receipt| receipt.subject.key_rotation = Some(wrong));
    let mut text = String::from_utf8(chain.texts[1].clone()).unwrap();
    let start = text.find("proofValue").unwrap();
    text.replace_range(start + 13..start + 14, "z");
    chain.texts[1] = text.into_bytes();
    let error = "signature compute failed at index 1: unsupported multibase prefix: 'z'";
    assert_broken(&verify(&chain.texts, old.public()), 1, error);
}
