//! The judgement of one receipt (receipts-operations §4.2).

use agent_receipts_chain::{
    CheckStatus, EVENT_CHECKS, EventJudgement, EventVerdict, Genesis, KeyLineage, KeyRing, Options,
    judge_event,
};
use agent_receipts_core::Received;

use crate::support::{Chain, Key, verify_with};

use CheckStatus::{Fail, NotApplicable, Pass, Warn};

fn judge(chain: &Chain, at: usize, genesis: impl Into<Genesis>, allowlist: &[&str]) -> EventJudgement {
    let options = Options { expected_chain_id: Some(chain.id.clone()), ..Options::default() };
    let (verdict, steps) = verify_with(&chain.texts, genesis, options);
    let receipt = Received::parse(&chain.texts[at]).unwrap().into_receipt();
    let allowlist: Vec<_> = allowlist.iter().map(|path| path.to_string()).collect();
    judge_event(&receipt, &steps[at], &verdict, &allowlist)
}

fn statuses(judgement: &EventJudgement) -> [CheckStatus; 6] {
    assert!(judgement.checks.iter().map(|check| check.name).eq(EVENT_CHECKS));
    let statuses: Vec<_> = judgement.checks.iter().map(|check| check.status).collect();
    statuses.try_into().unwrap()
}

#[test]
fn a_genuine_event_of_an_attested_process_is_confirmed() {
    let key = Key::new(1);
    let chain = Chain::of("audit", &key, 3);
    let judgement = judge(&chain, 1, key.public(), &[]);
    assert_eq!(judgement.verdict, EventVerdict::ProvenanceConfirmed);
    assert_eq!(statuses(&judgement), [Pass, Pass, Pass, NotApplicable, Pass, Pass]);
    assert_eq!((judgement.chain_id.as_str(), judgement.sequence), ("audit", 2));
    let json = serde_json::to_value(&judgement).unwrap();
    assert_eq!(json["verdict"], "verified_provenance_confirmed");
    assert_eq!(json["checks"][3]["status"], "n/a");
    assert_eq!(json["checks"][1]["name"], "hash linkage");
}

#[test]
fn the_emitter_is_compared_with_those_named_and_only_warned_of() {
    let key = Key::new(1);
    let chain = Chain::of("audit", &key, 1);
    let listed = judge(&chain, 0, key.public(), &["/bin/x", "/usr/bin/agent"]);
    assert_eq!(statuses(&listed)[3], Pass);
    let other = judge(&chain, 0, key.public(), &["/bin/x"]);
    assert_eq!((statuses(&other)[3], other.verdict), (Warn, EventVerdict::ProvenanceConfirmed));
}

#[test]
fn terminators_and_rotations_carry_no_provenance() {
    let (key, next) = (Key::new(1), Key::new(2));
    let mut chain = Chain::of("audit", &key, 1);
    chain.rotate(&key, &next).terminate(&next, Some("interrupted"));
    for at in [1, 2] {
        let judgement = judge(&chain, at, key.public(), &["/usr/bin/agent"]);
        assert_eq!(judgement.verdict, EventVerdict::NoProvenanceEvidence);
        assert_eq!(statuses(&judgement), [Pass, Pass, NotApplicable, Warn, Pass, Pass]);
    }
}

#[test]
fn an_unknown_platform_proves_nothing() {
    let key = Key::new(1);
    for (platform, uid, pid, status, verdict) in [
        ("plan9", Some(1), 5, NotApplicable, EventVerdict::NoProvenanceEvidence),
        ("linux", None, 5, Warn, EventVerdict::NoProvenanceEvidence),
        ("linux", Some(1), 0, Fail, EventVerdict::Failed),
        ("darwin", Some(0), 5, Pass, EventVerdict::ProvenanceConfirmed),
    ] {
        let mut chain = Chain::new("audit");
        chain.add(&key, |receipt| {
            let peer = receipt.subject.action.peer_credential.as_mut().unwrap();
            (peer.platform, peer.uid, peer.pid) = (platform.into(), uid, pid);
        });
        let judgement = judge(&chain, 0, key.public(), &[]);
        assert_eq!(
            (statuses(&judgement)[2], judgement.verdict),
            (status, verdict),
            "{platform} {uid:?} {pid}"
        );
    }
}

#[test]
fn a_forged_receipt_fails() {
    let key = Key::new(1);
    let mut chain = Chain::of("audit", &key, 1);
    chain.grow(&Key::new(2), 1);
    let judgement = judge(&chain, 1, key.public(), &[]);
    assert_eq!(judgement.verdict, EventVerdict::Failed);
    assert_eq!(statuses(&judgement)[..2], [Fail, Pass]);
}

#[test]
fn a_broken_link_anywhere_fails_every_receipt() {
    let key = Key::new(1);
    let mut chain = Chain::of("audit", &key, 4);
    chain.texts.remove(1);
    for at in 0..3 {
        let judgement = judge(&chain, at, key.public(), &[]);
        assert_eq!((statuses(&judgement)[1], judgement.verdict), (Fail, EventVerdict::Failed), "{at}");
    }
}

#[test]
fn a_malformed_chain_fails_its_context() {
    let key = Key::new(1);
    let mut after_end = Chain::of("audit", &key, 1);
    after_end.terminate(&key, None).grow(&key, 1);
    let mut foreign = Chain::of("audit", &key, 1);
    foreign.add(&key, |receipt| receipt.subject.chain.chain_id = "other".into());
    let mut status = Chain::of("audit", &key, 1);
    status.add(&key, |receipt| receipt.subject.chain.status = Some("x".into()));
    for chain in [after_end, foreign, status] {
        let judgement = judge(&chain, 0, key.public(), &[]);
        assert_eq!(statuses(&judgement), [Pass, Pass, Pass, NotApplicable, Pass, Fail]);
        assert_eq!(judgement.verdict, EventVerdict::Failed);
    }
}

#[test]
fn another_major_version_fails_and_a_later_minor_one_is_warned_of() {
    let key = Key::new(1);
    for (version, status) in [("1.0.0", Fail), ("0.9.0", Warn), ("", Fail), ("0.1.0", Pass)] {
        let mut chain = Chain::new("audit");
        chain.add(&key, |receipt| receipt.version = version.into());
        assert_eq!(statuses(&judge(&chain, 0, key.public(), &[]))[4], status, "{version}");
    }
}

/// Regression: the reference's `verify-event` calls every receipt from before a rotation forged (receipts-better §0.3
/// item 5).
#[test]
fn better_0_3_item_5_receipts_from_before_a_rotation_are_as_good_as_later_ones() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut chain = Chain::of("audit", &old, 2);
    chain.rotate(&old, &new).grow(&new, 2);
    let mut lineage = KeyLineage::new(new.public(), [old.public()]);
    chain.texts.iter().for_each(|text| lineage.observe("audit", text));
    let ring = lineage.resolve();
    for at in [0, 1, 3, 4] {
        assert_eq!(judge(&chain, at, ring.clone(), &[]).verdict, EventVerdict::ProvenanceConfirmed, "{at}");
    }
}

#[test]
fn a_chain_under_a_planted_key_fails() {
    let (forger, published) = (Key::new(66), Key::new(1));
    let chain = Chain::of("audit", &forger, 2);
    let ring = KeyRing::new(published.public(), [forger.public()]);
    let judgement = judge(&chain, 0, ring, &[]);
    assert_eq!((statuses(&judgement)[0], judgement.verdict), (Fail, EventVerdict::Failed));
}

/// A forger may break his own chain if that makes the key look confirmed.
#[test]
fn a_forged_receipt_behind_a_forged_rotation_confirms_nothing() {
    let (old, new, forger) = (Key::new(1), Key::new(2), Key::new(66));
    let mut root = Chain::of("audit", &old, 1);
    root.rotate(&old, &new).grow(&new, 1);
    let mut forged = Chain::of("forged", &forger, 1);
    forged.rotate(&forger, &new).grow(&forger, 1);
    let mut lineage = KeyLineage::new(new.public(), [old.public(), forger.public()]);
    for chain in [&root, &forged] {
        chain.texts.iter().for_each(|text| lineage.observe(&chain.id, text));
    }
    let judgement = judge(&forged, 0, lineage.resolve(), &[]);
    assert_eq!((statuses(&judgement)[0], judgement.verdict), (Fail, EventVerdict::Failed));
}

#[test]
fn an_unconfirmed_key_is_warned_of_and_never_confirms_provenance() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut chain = Chain::of("audit", &old, 1);
    chain.rotate(&old, &new);
    let ring = KeyRing::new(new.public(), [old.public()]);
    let judgement = judge(&chain, 0, ring, &[]);
    assert_eq!((statuses(&judgement)[0], judgement.verdict), (Warn, EventVerdict::NoProvenanceEvidence));
}
