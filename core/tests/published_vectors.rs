//! The published vectors, read from the folder that `AGENT_RECEIPTS_SHARED` names.

use std::path::PathBuf;

use agent_receipts_core::json::{Rules, Value, canonical, parse};
use agent_receipts_core::{PublicKey, Received, ReceiptHash};

fn vectors(name: &str) -> Option<Value> {
    let Some(shared) = std::env::var_os("AGENT_RECEIPTS_SHARED") else {
        println!("AGENT_RECEIPTS_SHARED is not set: the published vectors were not read");
        return None;
    };
    let text = std::fs::read(PathBuf::from(shared).join("vectors").join(name)).unwrap();
    Some(parse(&text, Rules::Receipt).unwrap())
}

fn member<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, name| {
        value.as_object().and_then(|object| object.get(name)).unwrap_or_else(|| panic!("no member {name} of {path}"))
    })
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    member(value, path).as_str().unwrap()
}

#[test]
fn go_and_python_agree_with_us_on_every_byte() {
    for file in ["receipts/go_vectors.json", "receipts/py_vectors.json"] {
        let Some(vectors) = vectors(file) else { return };
        for case in ["simple", "receipt"] {
            let input = member(&vectors, &format!("canonicalization.{case}.input"));
            assert_eq!(String::from_utf8(canonical(input)).unwrap(), text(&vectors, &format!("canonicalization.{case}.expected")), "{file} {case}");
        }
        println!("{:?}", member(&vectors, "hashing").as_object().unwrap().iter().map(|(n, v)| (n.to_owned(), v.as_object().map(|o| o.iter().map(|(n, _)| n.to_owned()).collect::<Vec<_>>()))).collect::<Vec<_>>());
        let key = PublicKey::from_pem(text(&vectors, "keys.publicKey")).unwrap();
        let signed = Received::parse(&canonical(member(&vectors, "signing.signed"))).unwrap();
        let verified = signed.verify(&key).unwrap();
        assert_eq!(verified.hash, ReceiptHash::of(signed.canonical()));
    }
}
