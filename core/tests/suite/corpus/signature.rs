//! Receipts whose proof is well formed, and is not the issuer's over these bytes.

use agent_receipts_core::Signature;
use agent_receipts_core::json::{Object, Value};

use super::{Case, sample};
use crate::support::{at, issuer_key, leaves, read, sign, str_at, stranger_key, text_of, with};

pub(super) fn cases() -> Vec<Case> {
    let full = sign(&sample::full(), &issuer_key());
    let mut cases = Vec::new();
    for path in leaves(&full).into_iter().filter(|path| !path.starts_with("proof.")) {
        let name = path.replace('@', "").replace("credentialSubject.", "").replace('.', "-");
        let why = format!("`{path}` was changed after signing");
        cases.push(case(
            &format!("changed-{name}"),
            &why,
            &with(&full, &path, Some(altered(at(&full, &path)))),
        ));
    }
    cases.extend(added_and_removed(&full));
    cases.extend(numbers_and_texts());
    cases.extend(forged());
    cases
}

/// The least change of a value that keeps its type.
fn altered(value: &Value) -> Value {
    match value {
        Value::Bool(truth) => (!truth).into(),
        Value::Number(number) => Value::Number(number + 1.0),
        Value::String(text) => {
            let cut = text.len() - 1;
            let last = if text.ends_with('b') { 'c' } else { 'b' };
            format!("{}{last}", &text[..cut]).into()
        }
        other => panic!("no such leaf: {other}"),
    }
}

fn added_and_removed(full: &Value) -> Vec<Case> {
    let mut cases = Vec::new();
    for path in [
        "issuer.session_id",
        "issuer.runtime",
        "issuer.runtime.usage",
        "credentialSubject.intent",
        "credentialSubject.action.peer_credential",
        "credentialSubject.action.parameters_hash",
        "credentialSubject.action.emitter_metadata.drop_count",
        "credentialSubject.outcome.error",
        "credentialSubject.outcome.reversible",
        "credentialSubject.chain.terminal",
        "credentialSubject.delegation",
        "credentialSubject.keyRotation",
    ] {
        let name = path.replace("credentialSubject.", "").replace('.', "-");
        let removed = with(full, path, None);
        cases.push(case(&format!("removed-{name}"), "an optional member was taken out", &removed));
        let nulled = with(full, path, Some(Value::Null));
        cases.push(case(&format!("nulled-{name}"), "an optional member was made null", &nulled));
    }
    for path in ["unknown", "issuer.unknown", "issuer.runtime.unknown", "credentialSubject.chain.unknown"] {
        let added = with(full, path, Some(1_u32.into()));
        let name = path.replace("credentialSubject.", "").replace('.', "-");
        cases.push(case(&format!("added-{name}"), "an unknown member is not signed", &added));
    }
    for (name, empty) in
        [("object", Value::from(Object::new())), ("text", "".into()), ("array", Vec::new().into())]
    {
        let added = with(full, "credentialSubject.unknown", Some(empty));
        cases.push(case(&format!("added-empty-{name}"), "empty is not absent", &added));
    }
    let contexts = "@context";
    let mut more = at(full, contexts).as_array().unwrap().to_vec();
    more.push("https://example.org/more".into());
    cases.push(case("added-context", "a third context", &with(full, contexts, Some(more.clone().into()))));
    more[2] = Value::Null;
    cases.push(Case {
        expected: "shape:wrong_type:@context[2]".to_owned(),
        file: "reject/shape/null-in-an-array.json".to_owned(),
        ..case("", "nulls in arrays are never left out", &with(full, contexts, Some(more.into())))
    });
    let mut swapped = at(full, "type").as_array().unwrap().to_vec();
    swapped.swap(0, 1);
    cases.push(case(
        "swapped-types",
        "the order of an array is signed",
        &with(full, "type", Some(swapped.into())),
    ));
    let unlinked = with(full, "credentialSubject.chain.previous_receipt_hash", Some(Value::Null));
    cases.push(case("nulled-previous-hash", "this null is a statement and not an absence", &unlinked));
    let first = sign(&sample::minimal(), &issuer_key());
    let hash = format!("sha256:{}", "0".repeat(64));
    let linked = with(&first, "credentialSubject.chain.previous_receipt_hash", Some(hash.into()));
    cases.push(case("null-previous-hash-filled", "the first receipt has no predecessor", &linked));
    cases
}

/// Spellings that look the same and are not.
fn numbers_and_texts() -> Vec<Case> {
    let usage =
        r#"{"a":9007199254740992,"b":0.1,"c":1e21,"d":"\u00e9","e":[1,2],"f":true,"g":null,"h":"null"}"#;
    let signed = sign(&with(&sample::full(), "issuer.runtime.usage", Some(read(usage))), &issuer_key());
    let changes: [(&str, &str, &str); 14] = [
        ("number-beyond-2-53", "a", "9007199254740994"),
        ("number-next-double", "b", "0.10000000000000002"),
        ("number-as-text", "b", "\"0.1\""),
        ("number-other-exponent", "c", "1e22"),
        ("number-sign", "c", "-1e21"),
        ("text-decomposed", "d", "\"e\u{301}\""),
        ("text-other-case", "d", "\"É\""),
        ("text-trailing-space", "d", "\"é \""),
        ("array-swapped", "e", "[2,1]"),
        ("array-nested", "e", "[[1,2]]"),
        ("array-null-added", "e", "[1,2,null]"),
        ("truth-as-number", "f", "1"),
        ("null-as-text", "g", "\"null\""),
        ("text-as-null", "h", "null"),
    ];
    changes
        .into_iter()
        .map(|(name, member, to)| {
            let changed = with(&signed, &format!("issuer.runtime.usage.{member}"), Some(read(to)));
            case(name, &format!("{to} is another value"), &changed)
        })
        .collect()
}

fn forged() -> Vec<Case> {
    let good = sign(&sample::minimal(), &issuer_key());
    let genuine = Signature::from_proof_value(str_at(&good, "proof.proofValue")).unwrap();
    let with_signature = |bytes: [u8; 64]| {
        let value = Signature::from_bytes(bytes).to_proof_value();
        with(&good, "proof.proofValue", Some(value.into()))
    };
    let mut cases =
        vec![case("stranger", "another key signed it", &sign(&sample::minimal(), &stranger_key()))];
    for (name, at, bit) in [("first", 0, 1), ("r-last", 31, 0x80), ("s-first", 32, 1), ("last", 63, 0x10)] {
        let mut bytes = *genuine.as_bytes();
        bytes[at] ^= bit;
        cases.push(case(&format!("flipped-{name}"), "one bit of the signature", &with_signature(bytes)));
    }
    let mut reduced_not = *genuine.as_bytes();
    add_group_order(&mut reduced_not[32..]);
    let why = "S + L is the same scalar, and a second signature that nobody made";
    cases.push(case("s-not-reduced", why, &with_signature(reduced_not)));
    cases.push(case("all-zero", "no signature of anything", &with_signature([0; 64])));
    cases.push(case("all-ones", "no point and no scalar", &with_signature([0xff; 64])));
    let mut identity = [0; 64];
    identity[0] = 1;
    cases.push(case("identity", "the neutral point and the scalar zero", &with_signature(identity)));
    let other = sign(&with(&sample::minimal(), "id", Some("urn:receipt:other".into())), &issuer_key());
    let moved = with(&good, "proof", Some(at(&other, "proof").clone()));
    cases.push(case("of-another-receipt", "the issuer's signature, over something else", &moved));
    let hash = sample::hash_of(&good);
    let over_hash = issuer_key().signature(hash.as_bytes()).to_proof_value();
    let over_hash = with(&good, "proof.proofValue", Some(over_hash.into()));
    cases.push(case("over-the-hash", "signed is the text and not its hash", &over_hash));
    let over_all = issuer_key().signature(text_of(&good).as_bytes()).to_proof_value();
    let over_all = with(&good, "proof.proofValue", Some(over_all.into()));
    cases.push(case("over-the-proof-too", "the proof is outside the signature", &over_all));
    cases
}

/// Adds L = 2^252 + 27742317777372353535851937790883648493 to a little-endian number.
fn add_group_order(scalar: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, order) in scalar.iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "a reduced scalar and the order fit into 32 bytes");
}

fn case(name: &str, why: &str, receipt: &Value) -> Case {
    Case {
        file: format!("reject/signature/{name}.json"),
        expected: "signature:mismatch".to_owned(),
        why: why.to_owned(),
        text: text_of(receipt).into_bytes(),
    }
}
