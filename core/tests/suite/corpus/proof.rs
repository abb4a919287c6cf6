//! Receipts whose proof is refused before any arithmetic is done.

use agent_receipts_core::json::Value;

use super::{Case, sample};
use crate::support::{issuer_key, sign, str_at, text_of, with};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn cases() -> Vec<Case> {
    let good = sign(&sample::minimal(), &issuer_key());
    let value = str_at(&good, "proof.proofValue");
    let mut cases = vec![
        case("none", "proof:missing", "no proof at all", &with(&good, "proof", None)),
        case("null", "proof:missing", "a null proof is no proof", &with(&good, "proof", Some(Value::Null))),
    ];
    for (name, kind) in [
        ("type-rsa", "RsaSignature2018"),
        ("type-2018", "Ed25519Signature2018"),
        ("type-lower-case", "ed25519signature2020"),
        ("type-padded", "Ed25519Signature2020 "),
        ("type-empty", ""),
        ("type-none", "none"),
        ("type-data-integrity", "DataIntegrityProof"),
    ] {
        let changed = with(&good, "proof.type", Some(kind.into()));
        cases.push(case(name, "proof:unsupported_type", "the only type is Ed25519Signature2020", &changed));
    }
    let lengthened = format!("{value}A");
    let spelled: Vec<(&str, &str, String)> = vec![
        ("prefix-z", "base58btc is not the encoding of proofs", value.replacen('u', "z", 1)),
        ("prefix-m", "base64 with the other alphabet is not either", value.replacen('u', "m", 1)),
        ("prefix-upper-case", "`U` is padded base64url", value.replacen('u', "U", 1)),
        ("prefix-missing", "86 characters alone", value[1..].to_owned()),
        ("empty", "no characters", String::new()),
        ("prefix-only", "no signature", "u".to_owned()),
        ("short-by-one", "85 characters", value[..86].to_owned()),
        ("short-by-two", "84 characters, 63 bytes", value[..85].to_owned()),
        ("long-by-one", "87 characters", lengthened),
        ("long-by-two", "88 characters, more than 64 bytes", format!("{value}AA")),
        ("padded", "padding is not written", format!("{value}==")),
        ("padding-inside", "padding in place of the last two", format!("{}==", &value[..85])),
        ("standard-plus", "the alphabet of another base64", format!("u+{}", &value[2..])),
        ("standard-slash", "the alphabet of another base64", format!("u/{}", &value[2..])),
        ("line-feed-at-end", "the reference ignores line breaks", format!("{value}\n")),
        (
            "line-feed-inside",
            "the reference ignores line breaks",
            format!("{}\n{}", &value[..40], &value[40..]),
        ),
        (
            "carriage-return-inside",
            "the reference ignores them",
            format!("{}\r{}", &value[..40], &value[40..]),
        ),
        ("line-feed-for-a-character", "of the right length", format!("{}\n{}", &value[..40], &value[41..])),
        ("space-first", "white space", format!(" {value}")),
        ("space-inside", "white space", format!("{} {}", &value[..40], &value[41..])),
        ("letter-outside-ascii", "of the right length in bytes", format!("ué{}", &value[3..])),
        ("hexadecimal", "another encoding", "0f".repeat(64)),
        ("base58", "a base58btc signature behind a `z`", format!("z{}", "3".repeat(86))),
    ];
    for (name, why, spelling) in spelled {
        let changed = with(&good, "proof.proofValue", Some(spelling.into()));
        cases.push(case(&format!("value-{name}"), "proof:malformed_value", why, &changed));
    }
    // 86 characters hold 516 bits and a signature has 512: fifteen other last characters name the same bytes.
    let last = ALPHABET.iter().position(|c| *c == value.as_bytes()[86]).unwrap();
    assert_eq!(last % 16, 0, "four spare bits are zero");
    for spare in 1..16 {
        let spelling = format!("{}{}", &value[..86], char::from(ALPHABET[last + spare]));
        let changed = with(&good, "proof.proofValue", Some(spelling.into()));
        let why = "the reference takes this for the same signature";
        cases.push(case(&format!("spare-bits-{spare:02}"), "proof:malformed_value", why, &changed));
    }
    cases
}

fn case(name: &str, expected: &str, why: &str, receipt: &Value) -> Case {
    Case {
        file: format!("reject/proof/{name}.json"),
        expected: expected.to_owned(),
        why: why.to_owned(),
        text: text_of(receipt).into_bytes(),
    }
}
