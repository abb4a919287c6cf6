//! Random receipts. Every strategy is boxed: unboxed, their types would fill a test thread's stack.

use agent_receipts_core::json::{Object, Rules, Value, parse};
use agent_receipts_core::{
    Action, Authorization, CREDENTIAL_TYPES, CREDENTIALS_CONTEXT, ChainPosition, CredentialSubject,
    Delegation, EmitterMetadata, Intent, Issuer, KeyRotation, Operator, Outcome, PeerCredential, Principal,
    Receipt, Runtime, StateChange, Target, Version,
};
use proptest::option::of;
use proptest::prelude::*;

const EXACT: u64 = 1 << 53;

fn text() -> BoxedStrategy<String> {
    prop_oneof!["[ -~]{0,12}", any::<String>().prop_map(|text| text.chars().take(8).collect())].boxed()
}

/// A value that is not null, as a member that is null would mean one that is absent.
fn free() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let nested = leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(prop_oneof![inner.clone(), Just("null".to_owned())], 0..4)
                .prop_map(|all| format!("[{}]", all.join(","))),
            (text(), inner).prop_map(|(n, v)| format!("{{{}:{v}}}", serde_json::to_string(&n).unwrap())),
        ]
    });
    nested.prop_map(|text| parse(text.as_bytes(), Rules::Receipt).unwrap()).boxed()
}

/// Members that no version knows: no known name starts with `x-`.
fn extra() -> BoxedStrategy<Object> {
    prop::collection::vec((text().prop_map(|name| format!("x-{name}")), free()), 0..3)
        .prop_map(|members| members.into_iter().collect())
        .boxed()
}

fn issuer() -> BoxedStrategy<Issuer> {
    let operator = (text(), text(), extra()).prop_map(|(id, name, extra)| Operator { id, name, extra });
    let runtime = (of(text()), of(text()), of(text()), of(free()), of(text()), extra()).prop_map(
        |(agent_id, agent_type, model, usage, capture_method, extra)| Runtime {
            agent_id,
            agent_type,
            model,
            usage,
            capture_method,
            extra,
        },
    );
    (text(), of(text()), of(text()), of(operator), of(text()), of(text()), of(runtime), extra())
        .prop_map(|(id, kind, name, operator, model, session_id, runtime, extra)| Issuer {
            id,
            kind,
            name,
            operator,
            model,
            session_id,
            runtime,
            extra,
        })
        .boxed()
}

fn action() -> BoxedStrategy<Action> {
    let target = (text(), of(text()), extra()).prop_map(|(system, resource, extra)| Target {
        system,
        resource,
        extra,
    });
    let peer = (text(), 0..EXACT, of(0..EXACT), of(0..EXACT), of(text()), extra()).prop_map(
        |(platform, pid, uid, gid, exe_path, extra)| PeerCredential {
            platform,
            pid,
            uid,
            gid,
            exe_path,
            extra,
        },
    );
    let metadata =
        (of(0..EXACT), extra()).prop_map(|(drop_count, extra)| EmitterMetadata { drop_count, extra });
    let required = (text(), text(), text(), text(), extra());
    let optional =
        (of(text()), of(target), of(text()), of(free()), of(peer), of(metadata), of(text()), of(text()));
    (required, optional)
        .prop_map(|((id, kind, risk_level, timestamp, extra), optional)| {
            let (tool_name, target, parameters_hash, parameters_disclosure, peer, metadata, token, key) =
                optional;
            Action {
                id,
                kind,
                risk_level,
                timestamp,
                tool_name,
                target,
                parameters_hash,
                parameters_disclosure,
                peer_credential: peer,
                emitter_metadata: metadata,
                trusted_timestamp: token,
                idempotency_key: key,
                extra,
            }
        })
        .boxed()
}

fn outcome() -> BoxedStrategy<Outcome> {
    let change = (text(), text(), extra()).prop_map(|(before_hash, after_hash, extra)| StateChange {
        before_hash,
        after_hash,
        extra,
    });
    let first = (text(), of(text()), of(any::<bool>()), of(text()), of(0..EXACT));
    (first, of(text()), of(change), of(text()), of(free()), extra())
        .prop_map(
            |(
                (status, error, reversible, reversal_method, reversal_window_seconds),
                reversal_of,
                change,
                hash,
                disclosed,
                extra,
            )| {
                Outcome {
                    status,
                    error,
                    reversible,
                    reversal_method,
                    reversal_window_seconds,
                    reversal_of,
                    state_change: change,
                    response_hash: hash,
                    response_disclosure: disclosed,
                    extra,
                }
            },
        )
        .boxed()
}

fn chain() -> BoxedStrategy<ChainPosition> {
    (0..=EXACT, of(text()), text(), of(any::<bool>()), of(text()), extra())
        .prop_map(|(sequence, previous_receipt_hash, chain_id, terminal, status, extra)| ChainPosition {
            sequence,
            previous_receipt_hash,
            chain_id,
            terminal,
            status,
            extra,
        })
        .boxed()
}

fn rotation() -> BoxedStrategy<KeyRotation> {
    let texts = (text(), text(), text(), text(), text(), text(), text());
    (texts, extra())
        .prop_map(|((event, key, old, new, old_algorithm, new_algorithm, signed_with), extra)| KeyRotation {
            event_type: event,
            new_public_key: key,
            old_key_fingerprint: old,
            new_key_fingerprint: new,
            old_algorithm,
            new_algorithm,
            signed_with,
            extra,
        })
        .boxed()
}

fn subject() -> BoxedStrategy<CredentialSubject> {
    let principal = (text(), of(text()), extra()).prop_map(|(id, kind, extra)| Principal { id, kind, extra });
    let intent = (of(text()), of(text()), of(any::<bool>()), of(text()), extra()).prop_map(
        |(conversation_hash, prompt_preview, prompt_preview_truncated, reasoning_hash, extra)| Intent {
            conversation_hash,
            prompt_preview,
            prompt_preview_truncated,
            reasoning_hash,
            extra,
        },
    );
    let authorization = (prop::collection::vec(text(), 0..3), text(), of(text()), of(text()), extra())
        .prop_map(|(scopes, granted_at, expires_at, grant_ref, extra)| Authorization {
            scopes,
            granted_at,
            expires_at,
            grant_ref,
            extra,
        });
    let delegation = (text(), text(), text(), extra()).prop_map(|(chain, receipt, id, extra)| {
        let mut delegation =
            Delegation { parent_chain_id: chain, parent_receipt_id: receipt, ..Default::default() };
        delegation.delegator.id = id;
        delegation.delegator.extra = extra;
        delegation
    });
    let optional = (of(intent), of(authorization), of(rotation()), of(text()), of(delegation));
    (principal, action(), outcome(), chain(), optional, extra())
        .prop_map(|(principal, action, outcome, chain, optional, extra)| {
            let (intent, authorization, key_rotation, correlation_id, delegation) = optional;
            CredentialSubject {
                principal,
                action,
                outcome,
                chain,
                intent,
                authorization,
                key_rotation,
                correlation_id,
                delegation,
                extra,
            }
        })
        .boxed()
}

/// Any receipt without a proof.
pub(super) fn receipts() -> BoxedStrategy<Receipt> {
    let version = prop::sample::select(Version::ALL.to_vec());
    (text(), version, issuer(), text(), subject(), extra())
        .prop_map(|(id, version, issuer, issuance_date, subject, extra)| Receipt {
            context: vec![CREDENTIALS_CONTEXT.to_owned(), version.context().to_owned()],
            types: CREDENTIAL_TYPES.map(str::to_owned).to_vec(),
            id,
            version: version.to_string(),
            issuer,
            issuance_date,
            subject,
            proof: None,
            extra,
        })
        .boxed()
}
