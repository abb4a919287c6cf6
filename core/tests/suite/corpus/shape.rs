//! Receipts that are genuinely signed, and lack a member or have one of another type.

use agent_receipts_core::json::{Object, Value};

use super::{Case, sample};
use crate::support::{issuer_key, leaves, sign, text_of, with};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = missing();
    cases.extend(wrong_type());
    cases
}

const REQUIRED: [&str; 45] = [
    "@context",
    "id",
    "type",
    "version",
    "issuer",
    "issuer.id",
    "issuer.operator.id",
    "issuer.operator.name",
    "issuanceDate",
    "credentialSubject",
    "credentialSubject.principal",
    "credentialSubject.principal.id",
    "credentialSubject.action",
    "credentialSubject.action.id",
    "credentialSubject.action.type",
    "credentialSubject.action.risk_level",
    "credentialSubject.action.timestamp",
    "credentialSubject.action.peer_credential.platform",
    "credentialSubject.action.peer_credential.pid",
    "credentialSubject.outcome",
    "credentialSubject.outcome.status",
    "credentialSubject.outcome.state_change.before_hash",
    "credentialSubject.outcome.state_change.after_hash",
    "credentialSubject.authorization.scopes",
    "credentialSubject.authorization.granted_at",
    "credentialSubject.chain",
    "credentialSubject.chain.sequence",
    "credentialSubject.chain.previous_receipt_hash",
    "credentialSubject.chain.chain_id",
    "credentialSubject.keyRotation.event_type",
    "credentialSubject.keyRotation.new_public_key",
    "credentialSubject.keyRotation.old_key_fingerprint",
    "credentialSubject.keyRotation.new_key_fingerprint",
    "credentialSubject.keyRotation.old_algorithm",
    "credentialSubject.keyRotation.new_algorithm",
    "credentialSubject.keyRotation.signed_with",
    "credentialSubject.delegation.parent_chain_id",
    "credentialSubject.delegation.parent_receipt_id",
    "credentialSubject.delegation.delegator",
    "credentialSubject.delegation.delegator.id",
    "proof.type",
    "proof.created",
    "proof.verificationMethod",
    "proof.proofPurpose",
    "proof.proofValue",
];

fn missing() -> Vec<Case> {
    let full = sign(&sample::full(), &issuer_key());
    let mut cases: Vec<_> = REQUIRED
        .iter()
        .map(|path| {
            let cut = with(&full, path, None);
            let signed = if path.starts_with("proof") { cut } else { sign(&cut, &issuer_key()) };
            case(
                &format!("missing-{}", name_of(path)),
                "missing",
                path,
                "a required member is not there",
                &signed,
            )
        })
        .collect();
    for path in
        ["issuer", "issuer.id", "credentialSubject.chain.sequence", "credentialSubject.chain.chain_id"]
    {
        let signed = sign(&with(&full, path, Some(Value::Null)), &issuer_key());
        let name = format!("null-{}", name_of(path));
        cases.push(case(&name, "missing", path, "a required member is null", &signed));
    }
    let signed = sign(&Object::new().into(), &issuer_key());
    cases.push(case(
        "nothing-but-a-proof",
        "missing",
        "@context",
        "a signature over an empty object",
        &signed,
    ));
    cases
}

/// Every typed member once with a value of another type. What is free in form is not here.
fn wrong_type() -> Vec<Case> {
    let full = sign(&sample::full(), &issuer_key());
    let free =
        ["credentialSubject.action.parameters_disclosure", "credentialSubject.outcome.response_disclosure"];
    let typed = leaves(&full)
        .into_iter()
        .filter(|path| !free.iter().any(|free| path.starts_with(free)) && !path.contains(".usage."));
    let mut cases = Vec::new();
    for path in typed {
        let wrong = match crate::support::at(&full, &path) {
            Value::String(_) => 7_u32.into(),
            _ => Value::from("7"),
        };
        cases.push(wrong_case(&full, "scalar", &path, wrong));
    }
    for path in [
        "issuer",
        "issuer.operator",
        "issuer.runtime",
        "credentialSubject",
        "credentialSubject.principal",
        "credentialSubject.action",
        "credentialSubject.action.target",
        "credentialSubject.action.peer_credential",
        "credentialSubject.intent",
        "credentialSubject.outcome",
        "credentialSubject.chain",
        "credentialSubject.keyRotation",
        "credentialSubject.delegation",
        "credentialSubject.delegation.delegator",
        "proof",
    ] {
        cases.push(wrong_case(&full, "array", path, Vec::new().into()));
    }
    for path in ["@context", "type", "credentialSubject.authorization.scopes"] {
        cases.push(wrong_case(&full, "object", path, Object::new().into()));
    }
    for (name, wrong) in [("negative", -1.0), ("fraction", 1.5), ("beyond-2-53", 1e17)] {
        let path = "credentialSubject.chain.sequence";
        cases.push(wrong_case(&full, name, path, Value::Number(wrong)));
    }
    for (name, text) in [("array", "[]"), ("text", "\"receipt\""), ("null", "null"), ("number", "1")] {
        cases.push(case(
            &format!("top-level-{name}"),
            "wrong_type",
            "",
            "not an object",
            &crate::support::read(text),
        ));
    }
    cases
}

fn wrong_case(full: &Value, kind: &str, path: &str, wrong: Value) -> Case {
    let why = format!("{} where another type belongs", wrong.type_name());
    let changed = with(full, path, Some(wrong));
    let signed = if path.starts_with("proof") { changed } else { sign(&changed, &issuer_key()) };
    case(&format!("{kind}-{}", name_of(path)), "wrong_type", &bracketed(path), &why, &signed)
}

fn case(name: &str, code: &str, path: &str, why: &str, receipt: &Value) -> Case {
    Case {
        file: format!("reject/shape/{name}.json"),
        expected: format!("shape:{code}:{path}"),
        why: why.to_owned(),
        text: text_of(receipt).into_bytes(),
    }
}

fn name_of(path: &str) -> String {
    path.replace('@', "").replace("credentialSubject.", "").replace('.', "-")
}

/// Elements of arrays are named `type[1]`.
fn bracketed(path: &str) -> String {
    match path.rsplit_once('.') {
        Some((array, at)) if at.parse::<usize>().is_ok() => format!("{array}[{at}]"),
        _ => path.to_owned(),
    }
}
