//! Every receipt of the corpus is judged as the manifest says. The manifest and the files are read as any other
//! implementation would read them: nothing here comes from the generator.

use std::collections::{BTreeMap, BTreeSet};

use agent_receipts_core::json::JsonError;
use agent_receipts_core::{DecodeError, Form, PublicKey, Received, SignatureError};

use super::folder;

#[test]
fn every_receipt_is_refused_for_the_reason_the_manifest_gives() {
    let key = issuer();
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    for (file, expected) in manifest().into_iter().filter(|(file, _)| file.starts_with("reject/")) {
        let text = std::fs::read(folder().join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(verdict(&text, &key), expected, "{file}");
        let class = expected.split(':').next().unwrap();
        assert!(
            file.starts_with(&format!("reject/{class}/")),
            "{file} stands in the folder of another class"
        );
        *classes.entry(class.to_owned()).or_default() += 1;
    }
    let known: Vec<_> = classes.keys().map(String::as_str).collect();
    assert_eq!(known, ["json", "proof", "shape", "signature"]);
    assert!(classes.values().all(|count| *count >= 40), "{classes:?}");
    assert!(classes.values().sum::<usize>() >= 250, "{classes:?}");
}

#[test]
fn every_accepted_receipt_verifies_in_the_form_the_manifest_gives() {
    let key = issuer();
    let mut count = 0;
    for (file, expected) in manifest().into_iter().filter(|(file, _)| file.starts_with("accept/")) {
        let text = std::fs::read(folder().join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(verdict(&text, &key), expected, "{file}");
        count += 1;
    }
    assert!(count >= 20, "{count}");
}

/// The order of receipts is judged in the chain crate; here only what its files promise.
#[test]
fn every_chain_stands_in_the_folder_of_its_class() {
    let known = [
        "chain_id",
        "decode",
        "empty",
        "link",
        "rotation",
        "sequence",
        "signature",
        "status",
        "terminal",
        "valid",
    ];
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (file, expected) in manifest().into_iter().filter(|(file, _)| file.starts_with("chains/")) {
        let class = expected.split('@').next().unwrap();
        assert!(file.starts_with(&format!("chains/{class}/")), "{file}: {expected}");
        let text = std::fs::read(folder().join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let lines: Vec<_> = text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
        let undecodable = lines.iter().position(|line| Received::parse(line).is_err());
        let expected =
            expected.split_once('@').filter(|_| class == "decode").map(|(_, at)| at.parse().unwrap());
        assert_eq!(undecodable, expected, "{file}");
        assert_eq!(lines.is_empty(), class == "empty", "{file}");
        *seen.entry(class.to_owned()).or_default() += 1;
    }
    assert_eq!(seen.keys().map(String::as_str).collect::<Vec<_>>(), known);
    assert!(seen.values().sum::<usize>() - seen["valid"] >= 90, "{seen:?}");
}

/// What this implementation says of a receipt, in the words of the manifest.
fn verdict(text: &[u8], key: &PublicKey) -> String {
    let received = match Received::parse(text) {
        Ok(received) => received,
        Err(DecodeError::Json(error)) => return format!("json:{}", json_code(&error)),
        Err(DecodeError::Missing { path }) => return format!("shape:missing:{path}"),
        Err(DecodeError::WrongType { path, .. }) => return format!("shape:wrong_type:{path}"),
        Err(other) => panic!("a class that this test does not know: {other:?}"),
    };
    match received.verify(key) {
        Ok(verified) => match verified.form {
            Form::Received => "accept:received".to_owned(),
            Form::NullsLeftOut => "accept:nulls_left_out".to_owned(),
            Form::AllNullsLeftOut => "accept:all_nulls_left_out".to_owned(),
        },
        Err(SignatureError::MissingProof) => "proof:missing".to_owned(),
        Err(SignatureError::UnsupportedProofType { .. }) => "proof:unsupported_type".to_owned(),
        Err(SignatureError::MalformedProofValue { .. }) => "proof:malformed_value".to_owned(),
        Err(SignatureError::Mismatch) => "signature:mismatch".to_owned(),
        Err(other) => panic!("a class that this test does not know: {other:?}"),
    }
}

fn json_code(error: &JsonError) -> &'static str {
    match error {
        JsonError::UnexpectedEnd => "unexpected_end",
        JsonError::UnexpectedByte { .. } => "unexpected_byte",
        JsonError::TrailingData { .. } => "trailing_data",
        JsonError::ByteOrderMark => "byte_order_mark",
        JsonError::TooDeep => "too_deep",
        JsonError::NumberOutOfRange { .. } => "number_out_of_range",
        JsonError::MalformedNumber { .. } => "malformed_number",
        JsonError::MalformedEscape { .. } => "malformed_escape",
        JsonError::ControlCharacter { .. } => "control_character",
        JsonError::InvalidUtf8 { .. } => "invalid_utf8",
        JsonError::LoneSurrogate { .. } => "lone_surrogate",
        JsonError::DuplicateMember { .. } => "duplicate_member",
        other => panic!("a class that this test does not know: {other:?}"),
    }
}

fn issuer() -> PublicKey {
    PublicKey::from_pem(&std::fs::read_to_string(folder().join("keys/issuer.pub")).unwrap()).unwrap()
}

/// File and expectation of each line.
fn manifest() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(folder().join("manifest.tsv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("# file\texpected\twhy"));
    let entries: Vec<_> = lines
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [file, expected, why] if !why.is_empty() => (file.to_owned(), expected.to_owned()),
            _ => panic!("not three columns: {line}"),
        })
        .collect();
    let files: BTreeSet<_> = entries.iter().map(|(file, _)| file).collect();
    assert_eq!(files.len(), entries.len(), "a file stands twice");
    entries
}
