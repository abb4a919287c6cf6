//! The receipts from which the corpus is cut.

use agent_receipts_core::ReceiptHash;
use agent_receipts_core::json::{Value, canonical};

use crate::support::{TestKey, read, with};

/// The least that a receipt can say, unsigned.
pub(super) fn minimal() -> Value {
    read(
        r#"{
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://agentreceipts.ai/context/v2"],
        "id": "urn:receipt:00000000-0000-7000-8000-000000000001",
        "type": ["VerifiableCredential", "AgentReceipt"],
        "version": "0.5.0",
        "issuer": { "id": "did:example:corpus" },
        "issuanceDate": "2026-01-02T03:04:05Z",
        "credentialSubject": {
            "principal": { "id": "did:user:corpus" },
            "action": {
                "id": "act_00000000-0000-7000-8000-000000000001", "type": "filesystem.file.read",
                "risk_level": "low", "timestamp": "2026-01-02T03:04:05Z"
            },
            "outcome": { "status": "success" },
            "chain": { "sequence": 1, "previous_receipt_hash": null, "chain_id": "corpus" }
        }
    }"#,
    )
}

/// A receipt with every member of version 0.6.0, unsigned.
pub(super) fn full() -> Value {
    let hash = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let document = format!(
        r#"{{
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://agentreceipts.ai/context/v3"],
        "id": "urn:receipt:00000000-0000-7000-8000-000000000002",
        "type": ["VerifiableCredential", "AgentReceipt"],
        "version": "0.6.0",
        "issuer": {{
            "id": "did:example:corpus", "type": "AgentReceiptsDaemon", "name": "corpus",
            "operator": {{ "id": "did:web:operator.example", "name": "Operator" }},
            "model": "model-1", "session_id": "session-1",
            "runtime": {{
                "agent_id": "agent-1", "agent_type": "general", "model": "model-2",
                "usage": {{ "input_tokens": 12, "output_tokens": 0.5 }}, "capture_method": "hook"
            }}
        }},
        "issuanceDate": "2026-01-02T03:04:05Z",
        "credentialSubject": {{
            "principal": {{ "id": "did:user:corpus", "type": "HumanPrincipal" }},
            "action": {{
                "id": "act_00000000-0000-7000-8000-000000000002", "type": "system.command.execute",
                "tool_name": "sh", "risk_level": "high",
                "target": {{ "system": "shell", "resource": "/bin/true" }},
                "parameters_hash": "{a}", "parameters_disclosure": {{ "command": "true" }},
                "peer_credential": {{
                    "platform": "linux", "pid": 4242, "uid": 1000, "gid": 1001, "exe_path": "/usr/bin/agent"
                }},
                "emitter_metadata": {{ "drop_count": 3 }},
                "timestamp": "2026-01-02T03:04:04Z", "trusted_timestamp": "MAA=", "idempotency_key": "key-1"
            }},
            "intent": {{
                "conversation_hash": "{b}", "prompt_preview": "do it", "prompt_preview_truncated": true,
                "reasoning_hash": "{c}"
            }},
            "outcome": {{
                "status": "failure", "error": "exit 1", "reversible": false, "reversal_method": "undo",
                "reversal_window_seconds": 60, "reversal_of": "urn:receipt:00000000-0000-7000-8000-000000000001",
                "state_change": {{ "before_hash": "{d}", "after_hash": "{e}" }},
                "response_hash": "{f}", "response_disclosure": {{ "v": "1" }}
            }},
            "authorization": {{
                "scopes": ["shell"], "granted_at": "2026-01-01T00:00:00Z",
                "expires_at": "2026-02-01T00:00:00Z", "grant_ref": "grant-1"
            }},
            "chain": {{
                "sequence": 2, "previous_receipt_hash": "{a}", "chain_id": "corpus/agent/agent-1",
                "terminal": true, "status": "complete"
            }},
            "keyRotation": {{
                "event_type": "key_rotated", "new_public_key": "uAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "old_key_fingerprint": "{b}", "new_key_fingerprint": "{c}",
                "old_algorithm": "ed25519", "new_algorithm": "ed25519", "signed_with": "old"
            }},
            "correlation_id": "call-1",
            "delegation": {{
                "parent_chain_id": "corpus",
                "parent_receipt_id": "urn:receipt:00000000-0000-7000-8000-000000000001",
                "delegator": {{ "id": "did:example:corpus" }}
            }}
        }}
    }}"#,
        a = hash("a"),
        b = hash("b"),
        c = hash("c"),
        d = hash("d"),
        e = hash("e"),
        f = hash("f"),
    );
    read(&document)
}

/// The receipt at one place of a chain, unsigned.
pub(super) fn link(chain: &str, sequence: u32, previous: Option<&Value>) -> Value {
    let id = format!("00000000-0000-7000-8000-{sequence:012x}");
    let minimal = minimal();
    let minimal = with(&minimal, "id", Some(format!("urn:receipt:{id}").into()));
    let minimal = with(&minimal, "credentialSubject.action.id", Some(format!("act_{id}").into()));
    let minimal = with(&minimal, "credentialSubject.chain.chain_id", Some(chain.into()));
    let minimal = with(&minimal, "credentialSubject.chain.sequence", Some(sequence.into()));
    let hash = previous.map(|receipt| hash_of(receipt).to_string());
    with(&minimal, "credentialSubject.chain.previous_receipt_hash", Some(hash.into()))
}

/// What the next receipt links to.
pub(super) fn hash_of(receipt: &Value) -> ReceiptHash {
    let mut unsigned = receipt.as_object().unwrap().clone();
    unsigned.remove("proof");
    ReceiptHash::of(&canonical(&unsigned.into()))
}

/// A chain of `length` receipts; `change` may alter the receipt at an index before it is signed, so that all links
/// after it hold.
pub(super) fn chain(length: u32, key: &TestKey, change: impl Fn(u32, Value) -> Value) -> Vec<Value> {
    let mut receipts: Vec<Value> = Vec::new();
    for index in 0..length {
        let unsigned = change(index, link("corpus", index + 1, receipts.last()));
        receipts.push(crate::support::sign(&unsigned, key));
    }
    receipts
}
