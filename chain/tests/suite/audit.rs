//! What a chain cannot say of itself, a checkpoint kept elsewhere can.

use agent_receipts_chain::audit::{
    Audit, AuditFinding, AuditFindingKind, AuditReport, Evidence, EvidenceError, Statement,
};
use agent_receipts_chain::checkpoint::{
    Checkpoint, CheckpointError, Head, HeadList, KeyName, SignedCheckpoint,
};
use agent_receipts_chain::tree::{Frontier, NodeHash, hash_of_text};
use agent_receipts_chain::{KeyRing, Options, StoreVerifier};
use agent_receipts_core::{ReceiptHash, Timestamp};

use crate::support::{Chain, Key, verify};

/// Rows in the order of commitment.
#[derive(Clone, Default)]
struct Store(Vec<(String, u64, Vec<u8>)>);

impl Store {
    /// Rows of the chains in turn.
    fn of(chains: &[&Chain]) -> Self {
        let longest = chains.iter().map(|chain| chain.texts.len()).max().unwrap_or(0);
        let mut rows = Vec::new();
        for at in 0..longest {
            for chain in chains.iter().filter(|chain| at < chain.texts.len()) {
                rows.push((chain.id.clone(), at as u64 + 1, chain.texts[at].clone()));
            }
        }
        Self(rows)
    }

    /// A checkpoint over the first `size` rows that lists every head, or as many as the note itself holds.
    fn checkpoint(&self, size: usize, key: &Key, with_list: bool) -> Evidence {
        let mut tree = Frontier::default();
        let mut heads = Vec::new();
        for (chain_id, sequence, text) in &self.0[..size] {
            let tip = hash_of_text(text);
            tree.push(NodeHash::of_receipt(&tip));
            heads.insert(0, Head { chain_id: chain_id.clone(), sequence: *sequence, tip });
        }
        let heads = HeadList::new(heads);
        let time = Timestamp::from_unix(1_800_000_000 + size as i64, 0).unwrap();
        let said = Checkpoint::new(
            KeyName::new("log").unwrap(),
            (size as u64, tree.root()),
            time,
            key.public().fingerprint(),
            &heads,
        );
        let note = SignedCheckpoint::sign(said, &key.public(), key).unwrap().to_string();
        let heads = with_list.then(|| heads.to_text());
        Evidence::of_note(format!("anchor {size}"), note.as_bytes(), heads.as_deref()).unwrap()
    }

    fn audit(&self, evidence: &[Evidence], ring: &KeyRing) -> AuditReport {
        let mut audit = Audit::new(evidence, &[], ring);
        for (chain_id, sequence, text) in &self.0 {
            audit.push(chain_id, *sequence, hash_of_text(text));
        }
        audit.finish()
    }
}

fn ring(key: &Key) -> KeyRing {
    KeyRing::new(key.public(), [])
}

fn kinds(report: &AuditReport) -> Vec<AuditFindingKind> {
    assert!(!report.valid);
    report.findings.iter().map(|finding| finding.kind.clone()).collect()
}

fn two_chains(key: &Key) -> (Chain, Chain) {
    (Chain::of("audit", key, 10), Chain::of("audit/agent/a", key, 6))
}

#[test]
fn a_store_that_only_grew_agrees_with_every_checkpoint() {
    let key = Key::new(1);
    let (root, agent) = two_chains(&key);
    let store = Store::of(&[&root, &agent]);
    let evidence: Vec<_> = [0, 1, 7, 16].map(|size| store.checkpoint(size, &key, true)).into();
    let report = store.audit(&evidence, &ring(&key));
    assert!(report.valid, "{report:?}");
    assert_eq!((report.checkpoints, report.signed_for, report.receipts), (4, 16, 16));
    assert_eq!(report.newest.as_deref(), Some("2027-01-15T08:00:16Z"));
    let later = Store::of(&[&root, &agent, &Chain::of("later", &key, 3)]);
    assert!(!later.audit(&evidence, &ring(&key)).valid, "mixed in between is not grown");
}

#[test]
fn without_evidence_nothing_is_valid() {
    let key = Key::new(1);
    let store = Store::of(&[&Chain::of("audit", &key, 3)]);
    assert!(!store.audit(&[], &ring(&key)).valid);
    let unknown =
        Evidence::of_record("log:1", br#"{"anchored_at":"","event_type":"other","payload":{}}"#).unwrap();
    let report = store.audit(&[unknown], &ring(&key));
    assert_eq!((report.valid, report.unknown_records), (false, 1));
}

/// The chain itself is valid as it stands: it ends where a daemon that was killed might have left it.
#[test]
fn a_truncated_chain_is_found_with_its_sequence() {
    let key = Key::new(1);
    let (root, agent) = two_chains(&key);
    let store = Store::of(&[&root, &agent]);
    let evidence = [store.checkpoint(16, &key, true)];
    let cut = Store(
        store.0.iter().filter(|(chain, sequence, _)| chain != "audit" || *sequence <= 7).cloned().collect(),
    );
    assert!(verify(&root.texts[..7], key.public()).valid);
    let found = kinds(&cut.audit(&evidence, &ring(&key)));
    let truncated = AuditFindingKind::Truncated { chain: "audit".into(), ends_at: Some(7), sequence: 10 };
    assert!(found.contains(&truncated), "{found:?}");
    let rolled_back = AuditFindingKind::RolledBack {
        signed: 16,
        found: 13,
        chain: Some("audit".into()),
        sequence: Some(7),
    };
    assert!(found.contains(&rolled_back), "{found:?}");
    assert!(truncated.to_string().contains("chain \"audit\" ends at sequence 7, signed for to sequence 10"));
}

#[test]
fn a_chain_that_is_gone_is_found() {
    let key = Key::new(1);
    let (root, agent) = two_chains(&key);
    let evidence = [Store::of(&[&root, &agent]).checkpoint(16, &key, true)];
    let found = kinds(&Store::of(&[&root]).audit(&evidence, &ring(&key)));
    let gone = AuditFindingKind::Truncated { chain: "audit/agent/a".into(), ends_at: None, sequence: 6 };
    assert!(found.contains(&gone), "{found:?}");
}

#[test]
fn a_store_that_was_put_back_is_found_even_after_it_has_grown_again() {
    let key = Key::new(1);
    let old = Chain::of("audit", &key, 5);
    let mut lost = Chain { id: "audit".into(), texts: old.texts.clone(), hashes: old.hashes.clone() };
    lost.grow(&key, 5);
    let evidence = [
        Store::of(&[&old]).checkpoint(5, &key, true),
        Store::of(&[&lost]).checkpoint(8, &key, true),
        Store::of(&[&lost]).checkpoint(10, &key, true),
    ];
    let back = kinds(&Store::of(&[&old]).audit(&evidence, &ring(&key)));
    assert_eq!(
        back,
        [
            AuditFindingKind::Truncated { chain: "audit".into(), ends_at: Some(5), sequence: 10 },
            AuditFindingKind::RolledBack {
                signed: 10,
                found: 5,
                chain: Some("audit".into()),
                sequence: Some(5)
            },
        ]
    );
    // Grown again with other receipts, by the same key.
    let mut grown = Chain { id: "audit".into(), texts: old.texts.clone(), hashes: old.hashes.clone() };
    for _ in 0..9 {
        grown.add(&key, |receipt| receipt.subject.action.tool_name = Some("other".into()));
    }
    assert!(verify(&grown.texts, key.public()).valid);
    let found = kinds(&Store::of(&[&grown]).audit(&evidence, &ring(&key)));
    assert_eq!(
        found,
        [
            AuditFindingKind::Rewritten { chain: "audit".into(), sequence: 8, agrees_to: Some(5) },
            AuditFindingKind::Altered {
                signed: 8,
                agrees_to: 5,
                chain: Some("audit".into()),
                sequence: Some(6)
            },
        ]
    );
}

/// Whoever has the key can write the whole chain anew, and no verifier of chains can tell.
#[test]
fn a_chain_written_anew_with_the_stolen_key_is_found() {
    let key = Key::new(1);
    let (root, agent) = two_chains(&key);
    let store = Store::of(&[&root, &agent]);
    for with_list in [true, false] {
        let evidence = [store.checkpoint(4, &key, with_list), store.checkpoint(16, &key, with_list)];
        let mut forged =
            Chain { id: "audit".into(), texts: root.texts[..4].into(), hashes: root.hashes[..4].into() };
        for sequence in 5..=10 {
            forged.add(&key, |receipt| {
                if sequence == 5 {
                    receipt.subject.outcome.status = "failure".into();
                }
            });
        }
        assert!(verify(&forged.texts, key.public()).valid);
        let found = kinds(&Store::of(&[&forged, &agent]).audit(&evidence, &ring(&key)));
        assert_eq!(
            found,
            [
                AuditFindingKind::Rewritten { chain: "audit".into(), sequence: 10, agrees_to: Some(2) },
                AuditFindingKind::Altered {
                    signed: 16,
                    agrees_to: 4,
                    chain: Some("audit".into()),
                    sequence: Some(3)
                },
            ]
        );
    }
}

/// A thief rotates the stolen key away to one of his own, publishes that, and goes on: every signature holds.
#[test]
fn a_forged_rotation_is_found() {
    let (key, next, thief) = (Key::new(1), Key::new(2), Key::new(3));
    let mut honest = Chain::of("audit", &key, 5);
    honest.rotate(&key, &next);
    let record = |chain: &Chain| {
        let receipt = String::from_utf8(chain.texts[5].clone()).unwrap();
        let line = format!(r#"{{"anchored_at":"","event_type":"rotation","payload":{receipt}}}"#);
        Evidence::of_record("log:2", line.as_bytes()).unwrap()
    };
    let announced = record(&honest);
    honest.grow(&next, 4);
    let store = Store::of(&[&honest]);
    let ring_of = |published: &Key| {
        let mut ring = KeyRing::new(published.public(), []);
        ring.trust(key.public());
        ring
    };
    let evidence = [store.checkpoint(5, &key, true), announced, store.checkpoint(10, &next, true)];
    let report = store.audit(&evidence, &ring_of(&next));
    assert!(report.valid, "{report:?}");
    assert_eq!((report.checkpoints, report.rotations), (2, 1));

    let mut forged =
        Chain { id: "audit".into(), texts: honest.texts[..5].into(), hashes: honest.hashes[..5].into() };
    forged.rotate(&key, &thief).grow(&thief, 4);
    let mut verifier = StoreVerifier::new(ring_of(&thief), Options::default());
    for (sequence, text) in forged.texts.iter().enumerate() {
        let hash = hash_of_text(text).to_string();
        let id = forged_id(text);
        let row = agent_receipts_chain::RowFacts {
            chain_id: "audit",
            sequence: sequence as u64 + 1,
            receipt_id: &id,
            receipt_hash: &hash,
        };
        verifier.push(row, text);
    }
    assert!(verifier.finish().0.unwrap().valid, "the chain alone cannot tell");
    let found = kinds(&Store::of(&[&forged]).audit(&evidence, &ring_of(&thief)));
    assert_eq!(
        found,
        [
            AuditFindingKind::NotVouchedFor { key: Some(next.public().fingerprint()) },
            AuditFindingKind::RotationForged { chain: "audit".into(), sequence: 6 },
        ]
    );
}

fn forged_id(text: &[u8]) -> String {
    agent_receipts_core::Received::parse(text).unwrap().receipt().id.clone()
}

#[test]
fn a_receipt_that_was_taken_out_of_the_midst_or_moved_is_found() {
    let key = Key::new(1);
    let (root, agent) = two_chains(&key);
    let store = Store::of(&[&root, &agent]);
    let evidence = [store.checkpoint(5, &key, true), store.checkpoint(16, &key, true)];
    let mut without = store.clone();
    without.0.remove(4);
    let found = kinds(&without.audit(&evidence, &ring(&key)));
    assert_eq!(found[0], AuditFindingKind::Missing { chain: "audit".into(), sequence: 3 });
    let mut swapped = store.clone();
    swapped.0.swap(0, 1);
    assert_eq!(
        kinds(&swapped.audit(&evidence, &ring(&key))),
        [AuditFindingKind::Altered {
            signed: 5,
            agrees_to: 0,
            chain: Some("audit/agent/a".into()),
            sequence: Some(1)
        }]
    );
}

#[test]
fn two_histories_under_one_key_are_found_from_the_evidence_alone() {
    let key = Key::new(1);
    let (one, other) = (Chain::of("audit", &key, 3), Chain::of("other", &key, 3));
    let store = Store::of(&[&one]);
    let evidence = [store.checkpoint(3, &key, true), Store::of(&[&other]).checkpoint(3, &key, true)];
    assert!(kinds(&store.audit(&evidence, &ring(&key))).contains(&AuditFindingKind::SplitView { signed: 3 }));
}

#[test]
fn evidence_that_no_known_key_signed_proves_nothing_and_is_not_passed_over() {
    let (key, stranger) = (Key::new(1), Key::new(2));
    let store = Store::of(&[&Chain::of("audit", &key, 3)]);
    let theirs = store.checkpoint(3, &stranger, true);
    let report = store.audit(&[store.checkpoint(3, &key, true), theirs], &ring(&key));
    assert_eq!(
        kinds(&report),
        [AuditFindingKind::NotVouchedFor { key: Some(stranger.public().fingerprint()) }]
    );
    assert_eq!(report.checkpoints, 1);
    // A key from an archive that nothing vouches for is a stranger's too.
    let planted = KeyRing::new(key.public(), [stranger.public()]);
    assert!(!store.audit(&[store.checkpoint(3, &stranger, true)], &planted).valid);
}

fn torn(source: String) -> AuditFinding {
    AuditFinding { kind: AuditFindingKind::Unreadable { reason: "torn".into() }, source }
}

#[test]
fn what_cannot_be_read_among_the_evidence_is_a_finding() {
    let key = Key::new(1);
    let store = Store::of(&[&Chain::of("audit", &key, 3)]);
    let evidence = [store.checkpoint(3, &key, true)];
    let ring = ring(&key);
    let mut audit = Audit::new(&evidence, &[torn("log:7".into())], &ring);
    for (chain_id, sequence, text) in &store.0 {
        audit.push(chain_id, *sequence, hash_of_text(text));
    }
    let report = audit.finish();
    assert_eq!(kinds(&report), [AuditFindingKind::Unreadable { reason: "torn".into() }]);
    assert_eq!(report.findings[0].to_string(), "no evidence: torn (log:7)");
}

#[test]
fn records_are_read_as_the_log_has_them_and_refused_otherwise() {
    let key = Key::new(1);
    let store = Store::of(&[&Chain::of("audit", &key, 3)]);
    let Statement::Checkpoint(signed, Some(heads)) = store.checkpoint(3, &key, true).statement else {
        unreachable!()
    };
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let record = |payload: &str| {
        Evidence::of_record(
            "log:1",
            format!(r#"{{"anchored_at":"","event_type":"checkpoint","payload":{payload}}}"#).as_bytes(),
        )
    };
    let (note, heads) = (json(&signed.to_string()), json(&heads.to_text()));
    let whole = record(&format!(r#"{{"note":{note},"heads":{heads},"seq":3}}"#)).unwrap();
    assert!(matches!(whole.statement, Statement::Checkpoint(_, Some(_))));
    let bare = record(&format!(r#"{{"note":{note}}}"#)).unwrap();
    assert!(matches!(bare.statement, Statement::Checkpoint(_, None)));
    let foreign = record(&format!(r#"{{"note":{note},"heads":""}}"#)).unwrap_err();
    assert_eq!(foreign, EvidenceError::Checkpoint(CheckpointError::ForeignHeads));
    for (payload, member) in [("{}", "note"), ("7", "payload"), (r#"{"note":1}"#, "note")] {
        assert_eq!(record(payload).unwrap_err(), EvidenceError::Record { member }, "{payload}");
    }
    let of = |line: &str| Evidence::of_record("log:1", line.as_bytes()).unwrap_err();
    assert_eq!(of("[]"), EvidenceError::Record { member: "event_type" });
    assert_eq!(of(r#"{"payload":1}"#), EvidenceError::Record { member: "event_type" });
    assert_eq!(of(r#"{"event_type":"rotation"}"#), EvidenceError::Record { member: "payload" });
    assert_eq!(of(r#"{"event_type":"rotation","payload":{}}"#), EvidenceError::Record { member: "payload" });
    assert!(matches!(of("{"), EvidenceError::Json(_)));
    assert!(matches!(of(r#"{"event_type":"a","event_type":"b","payload":1}"#), EvidenceError::Json(_)));
}

#[test]
fn findings_are_bounded() {
    let key = Key::new(1);
    let store = Store::of(&[&Chain::of("audit", &key, 1)]);
    let many: Vec<_> = (0..AuditReport::MOST + 5).map(|line| torn(format!("log:{line}"))).collect();
    let evidence = [store.checkpoint(1, &key, true)];
    let report = Audit::new(&evidence, &many, &ring(&key)).finish();
    assert_eq!(report.findings.len(), AuditReport::MOST);
    // And that the one receipt is missing.
    assert_eq!(report.more_findings, 7);
    assert!(!report.valid);
    let hash = ReceiptHash::of(b"");
    assert_eq!(hash_of_text(b""), hash);
}
