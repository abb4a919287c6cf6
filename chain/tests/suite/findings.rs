//! What the reference does not check.

use agent_receipts_chain::{Level, Options, Reason, Verdict};
use agent_receipts_core::json::{Object, Value};
use agent_receipts_core::{Authorization, Intent, Receipt, StateChange, Timestamp};

use crate::support::{Chain, Key, assert_valid, codes, verify, verify_with};

/// A chain of two sound receipts and one that `edit` changes; a chain of its own if `first`.
fn edited(first: bool, edit: impl FnOnce(&mut Receipt)) -> Verdict {
    let key = Key::new(1);
    let mut chain = Chain::of("audit", &key, if first { 0 } else { 2 });
    chain.add(&key, edit);
    let verdict = verify(&chain.texts, key.public());
    // A finding never changes the reference's verdict ...
    assert_valid(&verdict);
    // ... unless the caller is strict and it is an error.
    let options = Options { strict: true, ..Options::default() };
    let strict = verify_with(&chain.texts, key.public(), options).0;
    let error = verdict.findings.iter().find(|finding| finding.level == Level::Error);
    assert_eq!(strict.valid, error.is_none());
    if let Some(error) = error {
        assert_eq!((strict.broken_at, strict.reason), (Some(error.index), Some(Reason::StrictFinding)));
        assert!(strict.error.unwrap().starts_with(error.code.as_str()));
    }
    verdict
}

#[track_caller]
fn expect(verdict: &Verdict, expected: &[(&str, u64)]) {
    let found: Vec<_> = verdict.findings.iter().map(|f| (f.code.as_str(), f.index)).collect();
    assert_eq!(found, expected, "{:?}", verdict.findings);
}

#[test]
fn the_issuer_stays_the_same() {
    expect(&edited(false, |r| r.issuer.id = "did:other".into()), &[("issuer_changed", 2)]);
}

#[test]
fn time_goes_forward() {
    expect(&edited(false, |r| r.issuance_date = "2020-01-01T00:00:00Z".into()), &[("time_regression", 2)]);
    expect(&edited(false, |r| r.issuance_date = "2099-01-01T00:00:00+01:00".into()), &[]);
}

#[test]
fn time_stamps_are_time_stamps() {
    for wrong in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-22 04:20:52Z", "2026-11-22T04:20:52"] {
        let verdict = edited(false, |r| r.issuance_date = wrong.into());
        expect(&verdict, &[("timestamp_malformed", 2)]);
        let verdict = edited(false, |r| r.subject.action.timestamp = wrong.into());
        expect(&verdict, &[("timestamp_malformed", 2)]);
    }
}

#[test]
fn the_future_is_only_looked_for_when_the_time_is_known() {
    let key = Key::new(1);
    let chain = Chain::of("audit", &key, 3);
    let at = |seconds| {
        let options = Options { now: Timestamp::from_unix(seconds, 0), ..Options::default() };
        codes(&verify_with(&chain.texts, key.public(), options).0).len()
    };
    assert_eq!(at(1_800_000_000), 0, "clocks may differ by minutes");
    assert_eq!(at(1_700_000_000), 3);
    assert_eq!(at(1_800_000_002 - 301), 1);
}

#[test]
fn a_chain_starts_at_one() {
    expect(&edited(true, |r| r.subject.chain.sequence = 17), &[("first_sequence_not_one", 0)]);
}

#[test]
fn receipt_ids_are_unique_and_grow() {
    let key = Key::new(1);
    let chain = Chain::of("audit", &key, 2);
    let ids: Vec<String> = chain
        .texts
        .iter()
        .map(|t| serde_json::from_slice::<serde_json::Value>(t).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    expect(&edited(false, |r| r.id = ids[1].clone()), &[("duplicate_receipt_id", 2)]);
    expect(&edited(false, |r| r.id = ids[0].clone()), &[("receipt_id_order", 2)]);
    // Random ids are remembered.
    let mut chain = Chain::new("audit");
    let random = "urn:receipt:f0000000-0000-4000-8000-000000000000";
    for id in [random, "urn:receipt:00000000-0000-4000-8000-000000000000", random] {
        chain.add(&key, |r| r.id = id.into());
    }
    expect(&verify(&chain.texts, key.public()), &[("duplicate_receipt_id", 2)]);
}

fn agent_chain(edit: impl FnOnce(&mut Receipt), edit_second: impl FnOnce(&mut Receipt)) -> Verdict {
    let key = Key::new(1);
    let mut chain = Chain::new("audit/agent/a/2");
    chain.add(&key, edit).add(&key, edit_second);
    let verdict = verify(&chain.texts, key.public());
    assert_valid(&verdict);
    verdict
}

#[test]
fn delegation_stands_on_the_first_receipt_of_an_agents_chain() {
    expect(&agent_chain(|_| {}, |_| {}), &[]);
    expect(&agent_chain(|r| r.subject.delegation = None, |_| {}), &[("delegation_missing", 0)]);
    for parent in ["other", "audi", "audit/agent/a/2", ""] {
        let verdict =
            agent_chain(|r| r.subject.delegation.as_mut().unwrap().parent_chain_id = parent.into(), |_| {});
        expect(&verdict, &[("delegation_parent_mismatch", 0)]);
    }
    let mut delegation = None;
    let verdict = agent_chain(|r| delegation = r.subject.delegation.clone(), |_| {});
    expect(&verdict, &[]);
    expect(&edited(false, |r| r.subject.delegation = delegation.clone()), &[("delegation_unexpected", 2)]);
    // Chains that are no daemon's agent chains may be opened by delegation under any name.
    expect(&edited(true, |r| r.subject.delegation = delegation), &[]);
}

#[test]
fn versions_contexts_and_types_agree() {
    expect(&edited(false, |r| r.version = "0.7.0".into()), &[("version_unknown", 2)]);
    expect(
        &edited(false, |r| r.version = "0.4.0".into()),
        &[("context_mismatch", 2), ("version_regression", 2)],
    );
    let verdict = edited(false, |r| {
        r.version = "0.6.0".into();
        r.context[1] = "https://agentreceipts.ai/context/v3".into();
    });
    expect(&verdict, &[("version_mixed", 2)]);
    expect(&edited(false, |r| r.context[0] = "https://example.org".into()), &[("context_mismatch", 2)]);
    expect(&edited(false, |r| r.context.truncate(1)), &[("context_mismatch", 2)]);
    expect(&edited(false, |r| r.context.push("https://example.org/more".into())), &[]);
    expect(&edited(false, |r| r.types.reverse()), &[("type_mismatch", 2)]);
    expect(&edited(false, |r| r.types[1] = "AIActionReceipt".into()), &[("type_mismatch", 2)]);
    let verdict = edited(true, |r| {
        r.types[1] = "AIActionReceipt".into();
        r.version = "0.1.0".into();
        r.context[1] = "https://agentreceipts.ai/context/v1".into();
    });
    expect(&verdict, &[]);
}

#[test]
fn a_changed_verification_method_without_a_rotation_is_noted() {
    let (key, next) = (Key::new(1), Key::new(2));
    let mut chain = Chain::of("audit", &key, 2);
    chain.texts[1] =
        String::from_utf8(chain.texts[1].clone()).unwrap().replace("did:test#k1", "did:test#k9").into();
    let verdict = verify(&chain.texts, key.public());
    assert_valid(&verdict);
    expect(&verdict, &[("verification_method_changed", 1)]);
    let mut chain = Chain::of("audit", &key, 1);
    chain.rotate(&key, &next).grow(&next, 1);
    chain.texts[2] =
        String::from_utf8(chain.texts[2].clone()).unwrap().replace("did:test#k1", "did:test#k2").into();
    expect(&verify(&chain.texts, key.public()), &[]);
}

fn object(members: &[(&str, Value)]) -> Value {
    members.iter().cloned().collect::<Object>().into()
}

/// The SDKs do not agree on nulls: some hash them, some leave them out.
#[test]
fn nulls_that_mean_absent_are_noted() {
    let key = Key::new(1);
    let mut chain = Chain::of("audit", &key, 3);
    let text = String::from_utf8(chain.texts[0].clone()).unwrap();
    chain.texts[0] = text.replacen("\"issuer\":{", "\"issuer\":{\"model\":null,", 1).into();
    let verdict = verify(&chain.texts, key.public());
    assert_valid(&verdict);
    expect(&verdict, &[("nulls_left_out", 0)]);
    // Signed with the null, linked without it.
    let mut chain = Chain::new("audit");
    let with_null = |receipt: &mut Receipt| drop(receipt.issuer.extra.insert("model", Value::Null));
    let without = agent_receipts_core::Draft::new(chain.next()).hash();
    chain.add(&key, with_null);
    assert_ne!(chain.hashes[0], without);
    chain.hashes[0] = without;
    chain.grow(&key, 1);
    let verdict = verify(&chain.texts, key.public());
    assert_valid(&verdict);
    assert!(codes(&verdict).contains(&"link_over_other_form"), "{:?}", verdict.findings);
}

#[test]
fn ids_match_their_patterns() {
    expect(&edited(false, |r| r.id = "urn:receipt:1".into()), &[("schema_receipt_id", 2)]);
    expect(&edited(false, |r| r.subject.action.id = "1".into()), &[("schema_action_id", 2)]);
    let verdict = edited(false, |r| r.subject.outcome.reversal_of = Some("that one".into()));
    expect(&verdict, &[("schema_reversal_of", 2)]);
    let sound = "urn:receipt:00000000-0000-4000-8000-000000000000";
    expect(&edited(false, |r| r.subject.outcome.reversal_of = Some(sound.into())), &[]);
    let verdict =
        agent_chain(|r| r.subject.delegation.as_mut().unwrap().parent_receipt_id = "x".into(), |_| {});
    expect(&verdict, &[("schema_parent_receipt_id", 0)]);
}

#[test]
fn hashes_match_their_pattern() {
    let wrong = || Some("SHA256:00".to_owned());
    let edits: [&dyn Fn(&mut Receipt); 5] = [
        &|r| r.subject.action.parameters_hash = wrong(),
        &|r| r.subject.outcome.response_hash = wrong(),
        &|r| r.subject.intent = Some(Intent { conversation_hash: wrong(), ..Default::default() }),
        &|r| r.subject.intent = Some(Intent { reasoning_hash: wrong(), ..Default::default() }),
        &|r| {
            let before_hash = format!("sha256:{}", "a".repeat(64));
            r.subject.outcome.state_change =
                Some(StateChange { before_hash, after_hash: "x".into(), ..Default::default() });
        },
    ];
    for edit in edits {
        expect(&edited(false, edit), &[("schema_hash", 2)]);
    }
}

#[test]
fn words_are_of_their_vocabularies() {
    expect(&edited(false, |r| r.subject.action.risk_level = "High".into()), &[("schema_risk_level", 2)]);
    expect(&edited(false, |r| r.subject.outcome.status = "ok".into()), &[("schema_outcome_status", 2)]);
    let verdict = edited(false, |r| r.subject.principal.kind = Some("Robot".into()));
    expect(&verdict, &[("schema_principal_type", 2)]);
    expect(&edited(false, |r| r.subject.principal.kind = Some("HumanPrincipal".into())), &[]);
    expect(&edited(false, |r| r.subject.chain.terminal = Some(false)), &[("schema_terminal", 2)]);
}

#[test]
fn members_that_say_nothing_are_noted() {
    let verdict = edited(false, |r| r.subject.correlation_id = Some(String::new()));
    expect(&verdict, &[("schema_empty_member", 2)]);
    let verdict = edited(false, |r| r.subject.action.idempotency_key = Some(String::new()));
    expect(&verdict, &[("schema_empty_member", 2)]);
    expect(&edited(false, |r| r.subject.action.kind = "unknown".into()), &[("schema_target", 2)]);
    let verdict = edited(false, |r| {
        r.subject.authorization =
            Some(Authorization { granted_at: "2026-11-22T00:00:00Z".into(), ..Default::default() });
    });
    expect(&verdict, &[("schema_scopes", 2)]);
    let verdict = edited(false, |r| r.subject.action.trusted_timestamp = Some("not base64".into()));
    expect(&verdict, &[("schema_trusted_timestamp", 2), ("trusted_timestamp_unchecked", 2)]);
}

#[test]
fn disclosures_have_the_shape_of_an_envelope_or_of_the_old_map() {
    let recipient = |enc: String| object(&[("kid", "k".into()), ("enc", enc.into())]);
    let envelope = |alg: &str, recipients: Vec<Value>| {
        object(&[
            ("v", "1".into()),
            ("alg", alg.into()),
            ("ct", "A".repeat(24).into()),
            ("recipients", recipients.into()),
        ])
    };
    let alg = "hpke-x25519-hkdf-sha256-aes-256-gcm";
    let sound = envelope(alg, vec![recipient("A".repeat(43))]);
    expect(&edited(false, |r| r.subject.action.parameters_disclosure = Some(sound.clone())), &[]);
    expect(&edited(false, |r| r.subject.outcome.response_disclosure = Some(sound)), &[]);
    let flat = object(&[("path", "/tmp".into())]);
    expect(&edited(false, |r| r.subject.action.parameters_disclosure = Some(flat.clone())), &[]);
    let outcome = edited(false, |r| r.subject.outcome.response_disclosure = Some(flat));
    expect(&outcome, &[("schema_disclosure", 2)]);
    for wrong in [
        Value::from("text"),
        envelope("rsa", vec![recipient("A".repeat(43))]),
        envelope(alg, vec![]),
        envelope(alg, vec![recipient("A".repeat(42))]),
    ] {
        let verdict = edited(false, |r| r.subject.action.parameters_disclosure = Some(wrong));
        expect(&verdict, &[("schema_disclosure", 2)]);
    }
}

#[test]
fn the_proofs_purpose_is_checked_although_nobody_signs_it() {
    let key = Key::new(1);
    let mut chain = Chain::of("audit", &key, 1);
    chain.texts[0] = String::from_utf8(chain.texts[0].clone())
        .unwrap()
        .replace("assertionMethod", "authentication")
        .into();
    expect(&verify(&chain.texts, key.public()), &[("schema_proof", 0)]);
}

#[test]
fn unknown_members_are_noted_and_never_break_a_valid_receipt() {
    let edits: [fn(&mut Receipt) -> &mut Object; 5] = [
        |r| &mut r.extra,
        |r| &mut r.issuer.extra,
        |r| &mut r.subject.extra,
        |r| &mut r.subject.action.extra,
        |r| &mut r.subject.chain.extra,
    ];
    for edit in edits {
        let verdict = edited(false, |r| drop(edit(r).insert("later", 1_u32)));
        expect(&verdict, &[("schema_unknown_member", 2)]);
        assert_eq!(verdict.findings[0].level, Level::Info);
        assert!(verdict.findings[0].message.contains("\"later\""));
    }
    // The runtime is open, and the tool's name is allowed whatever the published schema says.
    let verdict = edited(false, |r| {
        let runtime = r.issuer.runtime.get_or_insert_default();
        runtime.extra.insert("anything", Value::Null);
        assert!(r.subject.action.tool_name.is_some());
    });
    expect(&verdict, &[]);
}

#[test]
fn a_rotation_under_another_action_is_noted() {
    let (key, next) = (Key::new(1), Key::new(2));
    let rotation = crate::support::rotation(&key.public(), &next.public());
    expect(&edited(false, |r| r.subject.key_rotation = Some(rotation)), &[("rotation_action_type", 2)]);
}
