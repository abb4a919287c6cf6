//! Receipts that must verify, so that no reader can pass by refusing everything.

use agent_receipts_core::Version;
use agent_receipts_core::json::{Rules, Value, parse};

use super::{Case, sample};
use crate::support::{issuer_key, read, sign, text_of, with};

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = Version::ALL.into_iter().map(of_version).collect();
    cases.extend(as_received());
    cases.extend(without_nulls());
    cases
}

fn of_version(version: Version) -> Case {
    let document = with(&sample::minimal(), "version", Some(version.as_str().into()));
    let document = with(&document, "@context.1", Some(version.context().into()));
    case(&format!("version-{version}"), "received", "a version that we read", signed(&document))
}

fn as_received() -> Vec<Case> {
    let minimal = sample::minimal();
    let usage = |text: &str| with(&minimal, "issuer.runtime", Some(read(&format!("{{\"usage\":{text}}}"))));
    let good = signed(&minimal);
    let spaced: Vec<u8> =
        good.iter().flat_map(|byte| if *byte == b',' { b" ,\r\n\t".to_vec() } else { vec![*byte] }).collect();
    let escaped = String::from_utf8(good.clone())
        .unwrap()
        .replace("did:user:corpus", "\\u0064id\\u003auser:corpu\\u0073");
    let respelled = String::from_utf8(good).unwrap().replace("\"sequence\":1", "\"sequence\":10.0E-1");
    let deep = format!("{}0{}", "[".repeat(9_995), "]".repeat(9_995));
    let unknown = with(&minimal, "future", Some(read(r#"{"level":[1,{"x":null}]}"#)));
    let unknown = with(&unknown, "credentialSubject.chain.shard", Some(7_u32.into()));
    let unknown = with(
        &unknown,
        "credentialSubject.action.peer_credential",
        Some(read(r#"{"platform":"plan9","pid":1,"pgrp":2}"#)),
    );
    vec![
        case("every-member", "received", "all members of version 0.6.0", signed(&sample::full())),
        case("unknown-members", "received", "signed, though nobody here knows them", signed(&unknown)),
        case("white-space", "received", "space between tokens is free", spaced),
        case("escapes", "received", "escapes that stand for the same text", escaped.into_bytes()),
        case("number-respelled", "received", "10.0E-1 is one", respelled.into_bytes()),
        case(
            "big-integers",
            "received",
            "rounded to doubles",
            signed(&usage("[9007199254740993,1e21,123456789012345678901]")),
        ),
        case(
            "small-numbers",
            "received",
            "from -0 to the least of all",
            signed(&usage("[-0,5e-324,1e-400,1e-7,0.000001]")),
        ),
        case(
            "unicode",
            "received",
            "astral names, separators, delete",
            signed(&usage("{\"\u{1f600}\":1,\"\u{e000}\":2,\"\\u2028\":\"\u{7f}\\u0000<>&\"}")),
        ),
        case("deep-usage", "received", "9,998 levels in all", signed_deep(&deep)),
        case(
            "empty-texts",
            "received",
            "empty is not absent",
            signed(&with(&minimal, "issuer.name", Some("".into()))),
        ),
        case("foreign-proof-members", "received", "the proof is outside the signature", {
            let receipt = sign(&minimal, &issuer_key());
            text_of(&with(&receipt, "proof.created", Some("whenever".into()))).into_bytes()
        }),
    ]
}

/// Nulls that a writer adds to a receipt which it signed without them.
fn without_nulls() -> Vec<Case> {
    let good = sign(&sample::minimal(), &issuer_key());
    let with_runtime =
        with(&sample::minimal(), "issuer.runtime", Some(read(r#"{"usage":{"a":null},"x":null}"#)));
    let stripped = with(&sample::minimal(), "issuer.runtime", Some(read(r#"{"usage":{}}"#)));
    let nulled = |receipt: Value| {
        let receipt = with(&receipt, "credentialSubject.outcome.error", Some(Value::Null));
        with(&receipt, "credentialSubject.delegation", Some(Value::Null))
    };
    let kept = nulled(sign(&with_runtime, &issuer_key()));
    let mut all = sign(&stripped, &issuer_key());
    all = with(&all, "issuer.runtime", Some(read(r#"{"usage":{"a":null},"x":null}"#)));
    vec![
        case(
            "nulls-signed",
            "received",
            "nulls that were signed are kept",
            signed(&nulled(with_runtime.clone())),
        ),
        case(
            "nulls-mean-absent",
            "nulls_left_out",
            "added after signing",
            text_of(&nulled(good)).into_bytes(),
        ),
        case("nulls-in-runtime-kept", "nulls_left_out", "as go signs", text_of(&kept).into_bytes()),
        case(
            "nulls-in-runtime-left-out",
            "all_nulls_left_out",
            "as python signs",
            text_of(&all).into_bytes(),
        ),
    ]
}

fn signed(document: &Value) -> Vec<u8> {
    text_of(&sign(document, &issuer_key())).into_bytes()
}

/// Put in as text: the helper that changes members is recursive, and this is deeper than a stack should be.
fn signed_deep(usage: &str) -> Vec<u8> {
    let unsigned = text_of(&sample::minimal()).replacen(
        "\"issuer\":{",
        &format!("\"issuer\":{{\"runtime\":{{\"usage\":{usage}}},"),
        1,
    );
    signed(&parse(unsigned.as_bytes(), Rules::Receipt).unwrap())
}

fn case(name: &str, form: &str, why: &str, text: Vec<u8>) -> Case {
    Case {
        file: format!("accept/receipts/{name}.json"),
        expected: format!("accept:{form}"),
        why: why.to_owned(),
        text,
    }
}
