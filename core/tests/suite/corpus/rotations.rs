//! Chains in which the key changes, rightly and wrongly.

use agent_receipts_core::json::{Object, Value};
use agent_receipts_core::{PublicKey, ReceiptHash};

use super::Case;
use super::chains::case;
use super::sample::link;
use crate::support::{TestKey, issuer_key, next_key, sign, stranger_key, with};

const ROTATION: &str = "credentialSubject.keyRotation";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = valid();
    cases.extend(forged_fields());
    cases.extend(misplaced_keys());
    cases
}

/// The hand-over from one key to another, as it should be.
fn rotation(old: &PublicKey, new: &PublicKey) -> Value {
    let members: Object = [
        ("event_type", "key_rotated".to_owned()),
        ("new_public_key", new.to_multibase()),
        ("old_key_fingerprint", old.fingerprint().to_string()),
        ("new_key_fingerprint", new.fingerprint().to_string()),
        ("old_algorithm", "ed25519".to_owned()),
        ("new_algorithm", "ed25519".to_owned()),
        ("signed_with", "old".to_owned()),
    ]
    .into_iter()
    .collect();
    members.into()
}

/// Receipts signed by the keys given, with rotations at the indices given.
fn chain(keys: &[&TestKey], rotations: &[(usize, Value)]) -> Vec<Value> {
    let mut receipts: Vec<Value> = Vec::new();
    for (sequence, (at, key)) in (1..).zip(keys.iter().enumerate()) {
        let mut receipt = link("corpus", sequence, receipts.last());
        for (_, event) in rotations.iter().filter(|(place, _)| *place == at) {
            receipt = with(&receipt, ROTATION, Some(event.clone()));
        }
        receipts.push(sign(&receipt, key));
    }
    receipts
}

fn valid() -> Vec<Case> {
    let (old, new) = (issuer_key(), next_key());
    let forth = rotation(&old.public(), &new.public());
    let back = rotation(&new.public(), &old.public());
    let onto_itself = rotation(&old.public(), &old.public());
    vec![
        case("valid/rotated", "valid", "the old key hands over to the new one", &{
            chain(&[&old, &old, &new, &new], &[(1, forth.clone())])
        }),
        case("valid/rotated-first", "valid", "the first receipt may be the rotation", &{
            chain(&[&old, &new], &[(0, forth.clone())])
        }),
        case("valid/rotated-last", "valid", "nothing signed by the new key yet", &{
            chain(&[&old, &old], &[(1, forth.clone())])
        }),
        case("valid/rotated-back", "valid", "two rotations", &{
            chain(&[&old, &old, &new, &old], &[(1, forth), (2, back)])
        }),
        case("valid/rotated-onto-itself", "valid", "pointless, and not a break", &{
            chain(&[&old, &old, &old], &[(1, onto_itself)])
        }),
    ]
}

/// A rotation receipt that the old key really signed, wrong in one member.
fn forged_fields() -> Vec<Case> {
    let (old, new) = (issuer_key(), next_key());
    let good = rotation(&old.public(), &new.public());
    let multibase = new.public().to_multibase();
    let short = &multibase[..42];
    let spare = format!("{}{}", &multibase[..43], successor(&multibase[43..]));
    let stranger = stranger_key().public();
    let of_text = ReceiptHash::of(multibase.as_bytes()).to_string();
    let of_pem = ReceiptHash::of(old.public().to_pem().as_bytes()).to_string();
    let upper = format!("sha256:{}", new.public().fingerprint().to_string()[7..].to_uppercase());
    let changes: Vec<(&str, &str, &str, String)> = vec![
        ("event-type", "event_type", "no such event", "key_revoked".to_owned()),
        ("event-type-empty", "event_type", "no event", String::new()),
        ("signed-with-new", "signed_with", "the incoming key cannot introduce itself", "new".to_owned()),
        ("signed-with-both", "signed_with", "no such word", "both".to_owned()),
        ("old-algorithm", "old_algorithm", "only ed25519 is known", "rsa".to_owned()),
        ("old-algorithm-case", "old_algorithm", "one spelling", "Ed25519".to_owned()),
        ("new-algorithm", "new_algorithm", "only ed25519 is known", "ml-dsa-65".to_owned()),
        ("new-algorithm-empty", "new_algorithm", "no algorithm", String::new()),
        ("old-fingerprint", "old_key_fingerprint", "of another key", stranger.fingerprint().to_string()),
        ("old-fingerprint-is-new", "old_key_fingerprint", "swapped", new.public().fingerprint().to_string()),
        ("old-fingerprint-of-pem", "old_key_fingerprint", "of the document and not of the key", of_pem),
        ("new-fingerprint", "new_key_fingerprint", "of another key", stranger.fingerprint().to_string()),
        ("new-fingerprint-is-old", "new_key_fingerprint", "swapped", old.public().fingerprint().to_string()),
        ("new-fingerprint-of-text", "new_key_fingerprint", "of the encoding and not of the key", of_text),
        ("new-fingerprint-upper-case", "new_key_fingerprint", "one spelling a hash", upper),
        ("new-key-of-another", "new_public_key", "not what the fingerprint says", stranger.to_multibase()),
        ("new-key-short", "new_public_key", "thirty bytes and a bit", short.to_owned()),
        ("new-key-long", "new_public_key", "more than 32 bytes", format!("{multibase}AA")),
        ("new-key-padded", "new_public_key", "padding is not written", format!("{multibase}=")),
        ("new-key-prefix-z", "new_public_key", "another multibase", multibase.replacen('u', "z", 1)),
        ("new-key-without-prefix", "new_public_key", "no multibase", multibase[1..].to_owned()),
        ("new-key-spare-bits", "new_public_key", "a second spelling of the same key", spare),
        ("new-key-did", "new_public_key", "a did is no multibase key", new.public().to_did_key()),
        ("new-key-pem", "new_public_key", "a document is no multibase key", new.public().to_pem()),
        ("new-key-empty", "new_public_key", "no key", String::new()),
    ];
    changes
        .into_iter()
        .map(|(name, member, why, value)| {
            let event = with(&good, member, Some(value.into()));
            let receipts = chain(&[&old, &old, &new], &[(1, event)]);
            case(&format!("rotation/{name}"), "rotation@1", why, &receipts)
        })
        .collect()
}

/// Right rotations, and receipts signed by keys that they do not install.
fn misplaced_keys() -> Vec<Case> {
    let (old, new, stranger) = (issuer_key(), next_key(), stranger_key());
    let forth = rotation(&old.public(), &new.public());
    let takeover = rotation(&old.public(), &stranger.public());
    vec![
        case("signature/rotation-signed-by-the-new-key", "signature@1", "the old key must hand over", &{
            chain(&[&old, &new, &new], &[(1, forth.clone())])
        }),
        case("signature/rotation-signed-by-a-stranger", "signature@1", "a takeover, rightly linked", &{
            chain(&[&old, &stranger, &stranger], &[(1, takeover.clone())])
        }),
        case("signature/rotation-by-a-stranger-at-genesis", "signature@0", "a takeover from the start", &{
            chain(&[&stranger, &stranger], &[(0, takeover)])
        }),
        case("signature/old-key-after-rotation", "signature@2", "a retired key signs no more", &{
            chain(&[&old, &old, &old], &[(1, forth.clone())])
        }),
        case("signature/old-key-returns-later", "signature@3", "a retired key signs no more", &{
            chain(&[&old, &old, &new, &old], &[(1, forth.clone())])
        }),
        case("signature/new-key-too-early", "signature@0", "before it was installed", &{
            chain(&[&new, &old, &new], &[(1, forth.clone())])
        }),
        case("signature/new-key-without-rotation", "signature@1", "nobody installed it", &{
            chain(&[&old, &new], &[])
        }),
        case("signature/rotation-taken-out", "signature@1", "the hand-over was hidden", &{
            let mut receipts = chain(&[&old, &old, &new], &[(1, forth.clone())]);
            receipts[1] = with(&receipts[1], ROTATION, None);
            receipts
        }),
        case("signature/rotation-put-in", "signature@1", "a hand-over that nobody signed", &{
            let mut receipts = chain(&[&old, &old, &new], &[]);
            receipts[1] = with(&receipts[1], ROTATION, Some(forth.clone()));
            receipts
        }),
        case("rotation/same-rotation-twice", "rotation@2", "the old key is not the old key any more", &{
            chain(&[&old, &old, &new], &[(1, forth.clone()), (2, forth)])
        }),
    ]
}

/// The next character of the base64url alphabet: 43 characters hold 258 bits, and a key has 256.
fn successor(last: &str) -> char {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).unwrap();
    assert_eq!(at % 4, 0, "two spare bits are zero");
    char::from(alphabet.as_bytes()[at + 1])
}
