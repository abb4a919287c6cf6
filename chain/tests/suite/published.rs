//! What the reference wrote: its databases and its vectors, read from the folder that `AGENT_RECEIPTS_SHARED` names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use agent_receipts_chain::{KeyLineage, KeyRing, Level, Options, Outcome, Verdict};
use agent_receipts_core::PublicKey;
use serde_json::Value;

use crate::support::{verify, verify_with};

fn shared(path: &str) -> Option<PathBuf> {
    match std::env::var_os("AGENT_RECEIPTS_SHARED") {
        Some(root) => Some(Path::new(&root).join(path)),
        None => {
            println!("not run: AGENT_RECEIPTS_SHARED does not name the folder of published vectors");
            None
        }
    }
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

struct Fixture {
    published: PublicKey,
    archived: Vec<PublicKey>,
    chains: BTreeMap<String, Vec<Vec<u8>>>,
    expected: Value,
}

impl Fixture {
    fn read(folder: &Path) -> Self {
        let key = |path: &Path| PublicKey::from_pem(&fs::read_to_string(path).unwrap()).unwrap();
        let archived = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.file_name().unwrap().to_str().unwrap().starts_with("signing.key.pub.rotated-")
            })
            .map(|path| key(&path))
            .collect();
        let mut chains: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for line in fs::read_to_string(folder.join("receipts.jsonl")).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = row["receipt_json"].as_str().unwrap();
            let receipt: Value = serde_json::from_str(text).unwrap();
            let chain_id = receipt["credentialSubject"]["chain"]["chain_id"].as_str().unwrap();
            chains.entry(chain_id.to_owned()).or_default().push(text.as_bytes().to_vec());
        }
        Self {
            published: key(&folder.join("signing.key.pub")),
            archived,
            chains,
            expected: read_json(&folder.join("expected.json")),
        }
    }

    fn ring(&self, archived: &[PublicKey]) -> KeyRing {
        let mut lineage = KeyLineage::new(self.published, archived.iter().copied());
        for (chain_id, texts) in &self.chains {
            texts.iter().for_each(|text| lineage.observe(chain_id, text));
        }
        lineage.resolve()
    }

    fn verify(&self, chain_id: &str, ring: KeyRing, strict: bool) -> Verdict {
        let options = Options { expected_chain_id: Some(chain_id.to_owned()), strict, ..Options::default() };
        verify_with(&self.chains[chain_id], ring, options).0
    }
}

#[test]
fn databases_of_the_reference_get_its_verdicts() {
    let Some(folder) = shared("fixtures") else { return };
    let mut chains = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let fixture = Fixture::read(&entry.unwrap().path());
        let expected = fixture.expected["reference_verdict"].as_array().unwrap();
        assert_eq!(expected.len(), fixture.chains.len());
        for expected in expected {
            let chain_id = expected["chain_id"].as_str().unwrap();
            let verdict = fixture.verify(chain_id, fixture.ring(&fixture.archived), true);
            let word = if verdict.valid { "VALID" } else { "BROKEN" };
            let line = format!("Chain {chain_id}: {word} ({} receipts)", verdict.length);
            assert_eq!(expected["first_line"], line, "{verdict:?}");
            assert!(verdict.findings.iter().all(|f| f.level == Level::Info), "{:?}", verdict.findings);
            chains += 1;
        }
    }
    assert_eq!(chains, 4);
}

#[test]
fn the_rotated_database_needs_its_archive() {
    let Some(folder) = shared("fixtures/rotated_valid") else { return };
    let fixture = Fixture::read(&folder);
    let verdict = fixture.verify("audit", fixture.ring(&fixture.archived), true);
    assert_eq!((verdict.outcome, verdict.length, verdict.rotations), (Outcome::Valid, 8, 1));
    // Without a survey of the store, too.
    let alone = KeyRing::new(fixture.published, fixture.archived.clone());
    assert!(fixture.verify("audit", alone, true).valid);
    let without = fixture.verify("audit", fixture.ring(&[]), false);
    assert_eq!((without.outcome, without.broken_at), (Outcome::Broken, Some(0)));
    // The archived key as if it were the published one: the reference's VerifyChain from genesis.
    assert!(verify(&fixture.chains["audit"], fixture.archived[0]).valid);
}

#[test]
fn malformed_vectors_are_rejected() {
    let Some(path) = shared("vectors/receipts/malformed_vectors.json") else { return };
    let vectors = read_json(&path);
    let key = PublicKey::from_pem(vectors["keys"]["publicKey"].as_str().unwrap()).unwrap();
    let text = |receipt: &Value| serde_json::to_vec(receipt).unwrap();
    let receipts = vectors["receipts"].as_array().unwrap();
    for case in receipts {
        let verdict = verify(&[text(&case["receipt"])], key);
        assert_eq!((verdict.outcome, verdict.broken_at), (Outcome::Broken, Some(0)), "{}", case["name"]);
    }
    let chains = vectors["chains"].as_array().unwrap();
    for case in chains {
        let texts: Vec<_> = case["receipts"].as_array().unwrap().iter().map(text).collect();
        let verdict = verify(&texts, key);
        assert_eq!(verdict.outcome, Outcome::Broken, "{}", case["name"]);
        assert!(verdict.broken_at > Some(0), "{}: the receipts before are sound", case["name"]);
    }
    assert_eq!((receipts.len(), chains.len()), (6, 1));
}

#[test]
fn examples_have_the_shape_that_the_schema_asks_for() {
    let Some(folder) = shared("vectors/examples") else { return };
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Their signatures are placeholders; only what is said of their shape counts here.
        let verdict = verify(&[fs::read(&path).unwrap()], PublicKey::from_bytes([0; 32]));
        assert_eq!(verdict.outcome, Outcome::Broken);
        let shape: Vec<_> = verdict
            .findings
            .iter()
            .filter(|f| f.code.as_str().starts_with("schema_") || f.code.as_str().ends_with("mismatch"))
            .collect();
        assert!(shape.is_empty(), "{}: {shape:?}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 9);
}
