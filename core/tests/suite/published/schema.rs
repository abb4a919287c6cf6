//! The JSON schema and our types name the same members.

use agent_receipts_core::json::{Object, Value};
use agent_receipts_core::{DecodeError, Receipt};

use super::vectors;
use crate::support::{at, with};

const FILE: &str = "schema/agent-receipt.schema.json";

#[test]
fn no_member_of_the_schema_is_unknown_to_our_types() {
    let Some(schema) = vectors(FILE) else { return };
    let receipt = Receipt::from_value(sample(&schema, &schema)).unwrap();
    let extras = extras(&receipt);
    assert_eq!(extras.len(), 19, "every part that the schema names is there");
    for (part, extra) in extras {
        assert!(extra.is_empty(), "{part} holds {extra:?}");
    }
}

#[test]
fn what_the_schema_requires_is_required_and_nothing_else_is() {
    let Some(schema) = vectors(FILE) else { return };
    let full = sample(&schema, &schema);
    let (mut required, mut optional) = (0, 0);
    for (path, needed) in members(&schema, &schema, "") {
        let cut = Receipt::from_value(with(&full, &path, None));
        // Before it is signed a receipt has no proof.
        if needed && path != "proof" {
            assert_eq!(cut, Err(DecodeError::Missing { path }));
            required += 1;
        } else {
            assert!(cut.is_ok(), "{path}: {cut:?}");
            optional += 1;
        }
    }
    assert!(required > 40 && optional > 30, "{required} required, {optional} optional");
}

/// A value with every member that a schema names.
fn sample(schema: &Value, root: &Value) -> Value {
    let members = schema.as_object().unwrap();
    if let Some(reference) = members.get("$ref") {
        return sample(resolve(reference, root), root);
    }
    if let Some(constant) = members.get("const") {
        return constant.clone();
    }
    if let Some(choices) = members.get("enum").or(members.get("oneOf")) {
        let first = &choices.as_array().unwrap()[0];
        return if members.contains("enum") { first.clone() } else { sample(first, root) };
    }
    match members.get("type").and_then(Value::as_str) {
        Some("object") => {
            let empty = Object::new();
            let properties = members.get("properties").and_then(Value::as_object).unwrap_or(&empty);
            properties.iter().map(|(name, schema)| (name, sample(schema, root))).collect::<Object>().into()
        }
        Some("array") => match members.get("prefixItems") {
            Some(items) => {
                items.as_array().unwrap().iter().map(|item| sample(item, root)).collect::<Vec<_>>().into()
            }
            None => vec![sample(at(schema, "items"), root)].into(),
        },
        Some("integer") => 1_u32.into(),
        Some("boolean") => true.into(),
        Some("string") => "text".into(),
        other => panic!("a schema of type {other:?}: {schema}"),
    }
}

/// Every member of every closed object in a schema, and whether it is required. What stands inside disclosures is
/// not ours to read.
fn members(schema: &Value, root: &Value, path: &str) -> Vec<(String, bool)> {
    let mut schema = schema;
    if let Some(reference) = schema.as_object().unwrap().get("$ref") {
        schema = resolve(reference, root);
    }
    let Some(properties) = schema.as_object().unwrap().get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let required = schema.as_object().unwrap().get("required").and_then(Value::as_array).unwrap_or_default();
    let mut out = Vec::new();
    for (name, schema) in properties.iter() {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        out.extend(members(schema, root, &path));
        out.push((path, required.iter().any(|required| required.as_str() == Some(name))));
    }
    out
}

fn resolve<'a>(reference: &Value, root: &'a Value) -> &'a Value {
    at(root, &reference.as_str().unwrap().trim_start_matches("#/").replace('/', "."))
}

fn extras(receipt: &Receipt) -> Vec<(&'static str, &Object)> {
    let (issuer, subject) = (&receipt.issuer, &receipt.subject);
    let (action, outcome) = (&subject.action, &subject.outcome);
    let mut all = vec![
        ("receipt", &receipt.extra),
        ("issuer", &issuer.extra),
        ("credentialSubject", &subject.extra),
        ("principal", &subject.principal.extra),
        ("action", &action.extra),
        ("outcome", &outcome.extra),
        ("chain", &subject.chain.extra),
    ];
    all.extend(issuer.operator.as_ref().map(|part| ("operator", &part.extra)));
    all.extend(issuer.runtime.as_ref().map(|part| ("runtime", &part.extra)));
    all.extend(action.target.as_ref().map(|part| ("target", &part.extra)));
    all.extend(action.peer_credential.as_ref().map(|part| ("peer_credential", &part.extra)));
    all.extend(action.emitter_metadata.as_ref().map(|part| ("emitter_metadata", &part.extra)));
    all.extend(subject.intent.as_ref().map(|part| ("intent", &part.extra)));
    all.extend(outcome.state_change.as_ref().map(|part| ("state_change", &part.extra)));
    all.extend(subject.authorization.as_ref().map(|part| ("authorization", &part.extra)));
    all.extend(subject.key_rotation.as_ref().map(|part| ("keyRotation", &part.extra)));
    all.extend(subject.delegation.as_ref().map(|part| ("delegation", &part.extra)));
    all.extend(subject.delegation.as_ref().map(|part| ("delegator", &part.delegator.extra)));
    all.extend(receipt.proof.as_ref().map(|part| ("proof", &part.extra)));
    all
}
