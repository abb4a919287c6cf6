//! What the published JSON schema asks of one receipt beyond its types.
//!
//! The schema's own mistake is mended: `action.tool_name` is allowed. Required members are not looked for here, as a
//! receipt without them does not decode.

mod members;
mod patterns;

use std::str::FromStr;

use agent_receipts_core::json::Value;
use agent_receipts_core::{
    Action, CREDENTIAL_TYPES, CREDENTIALS_CONTEXT, CredentialSubject, Outcome, OutcomeStatus, Proof, Receipt,
    RiskLevel, Timestamp, Version,
};

use crate::finding::Code;
use crate::text::quoted;
pub(crate) use patterns::is_receipt_id;
use patterns::{is_action_id, is_base64, is_base64url, is_hash};

/// Remarks about one receipt, in the order of its members.
pub(crate) type Remarks = Vec<(Code, String)>;

/// Holds one receipt against the schema.
pub(crate) fn examine(receipt: &Receipt) -> Remarks {
    let mut check = Check { remarks: Remarks::new() };
    check.envelope(receipt);
    check.subject(&receipt.subject);
    if let Some(proof) = &receipt.proof {
        check.proof(proof);
    }
    members::unknown(receipt, &mut check.remarks);
    check.remarks
}

struct Check {
    remarks: Remarks,
}

impl Check {
    fn envelope(&mut self, receipt: &Receipt) {
        let version = Version::from_str(&receipt.version);
        if let Err(unknown) = &version {
            self.remark(Code::VersionUnknown, || crate::text::plain(&unknown.to_string()));
        }
        let contexts = [Some(CREDENTIALS_CONTEXT), version.as_ref().ok().map(|version| version.context())];
        for (at, expected) in contexts.into_iter().enumerate() {
            let found = receipt.context.get(at).map(String::as_str);
            let Some(expected) = expected else { continue };
            self.require(found == Some(expected), Code::ContextMismatch, || {
                format!("@context[{at}] is {}, not \"{expected}\"", quoted(found.unwrap_or_default()))
            });
        }
        self.types(receipt, version.ok());
        self.require(is_receipt_id(&receipt.id), Code::SchemaReceiptId, || {
            format!("id {} is not urn:receipt:<uuid>", quoted(&receipt.id))
        });
        self.time("issuanceDate", &receipt.issuance_date);
    }

    fn types(&mut self, receipt: &Receipt, version: Option<Version>) {
        // Before 0.3.0 the second type had another name.
        let historic = version.is_some_and(|v| v <= Version::V0_2_1)
            && receipt.types == [CREDENTIAL_TYPES[0], "AIActionReceipt"];
        self.require(receipt.types == CREDENTIAL_TYPES || historic, Code::TypeMismatch, || {
            format!("type is not {CREDENTIAL_TYPES:?}")
        });
    }

    fn subject(&mut self, subject: &CredentialSubject) {
        if let Some(kind) = &subject.principal.kind {
            let known = matches!(kind.as_str(), "HumanPrincipal" | "OrganizationPrincipal");
            self.require(known, Code::SchemaPrincipalType, || format!("principal.type {}", quoted(kind)));
        }
        self.action(&subject.action);
        self.outcome(&subject.outcome);
        if let Some(intent) = &subject.intent {
            self.hash("intent.conversation_hash", intent.conversation_hash.as_deref());
            self.hash("intent.reasoning_hash", intent.reasoning_hash.as_deref());
        }
        if let Some(authorization) = &subject.authorization {
            let some = !authorization.scopes.is_empty();
            self.require(some, Code::SchemaScopes, || "authorization.scopes is empty".into());
            self.time("authorization.granted_at", &authorization.granted_at);
            if let Some(expires_at) = &authorization.expires_at {
                self.time("authorization.expires_at", expires_at);
            }
        }
        self.not_empty("correlation_id", subject.correlation_id.as_deref());
        if let Some(delegation) = &subject.delegation {
            let id = &delegation.parent_receipt_id;
            self.require(is_receipt_id(id), Code::SchemaParentReceiptId, || {
                format!("delegation.parent_receipt_id {} is not urn:receipt:<uuid>", quoted(id))
            });
        }
        let explicit_false = subject.chain.terminal == Some(false);
        self.require(!explicit_false, Code::SchemaTerminal, || "chain.terminal is false".into());
        if subject.key_rotation.is_some() && subject.action.kind != "agent.key.rotate" {
            let kind = &subject.action.kind;
            self.remark(Code::RotationActionType, || format!("keyRotation in an action {}", quoted(kind)));
        }
    }

    fn action(&mut self, action: &Action) {
        self.require(is_action_id(&action.id), Code::SchemaActionId, || {
            format!("action.id {} is not act_<uuid>", quoted(&action.id))
        });
        self.require(RiskLevel::from_str(&action.risk_level).is_ok(), Code::SchemaRiskLevel, || {
            format!("action.risk_level {}", quoted(&action.risk_level))
        });
        let targetless = action.kind == "unknown" && action.target.is_none();
        self.require(!targetless, Code::SchemaTarget, || "an action of type unknown has no target".into());
        self.hash("action.parameters_hash", action.parameters_hash.as_deref());
        self.time("action.timestamp", &action.timestamp);
        self.not_empty("action.idempotency_key", action.idempotency_key.as_deref());
        if let Some(token) = &action.trusted_timestamp {
            self.require(is_base64(token), Code::SchemaTrustedTimestamp, || "not base64".into());
        }
        self.disclosure("action.parameters_disclosure", action.parameters_disclosure.as_ref(), true);
    }

    fn outcome(&mut self, outcome: &Outcome) {
        self.require(OutcomeStatus::from_str(&outcome.status).is_ok(), Code::SchemaOutcomeStatus, || {
            format!("outcome.status {}", quoted(&outcome.status))
        });
        self.hash("outcome.response_hash", outcome.response_hash.as_deref());
        if let Some(change) = &outcome.state_change {
            self.hash("outcome.state_change.before_hash", Some(&change.before_hash));
            self.hash("outcome.state_change.after_hash", Some(&change.after_hash));
        }
        if let Some(id) = &outcome.reversal_of {
            self.require(is_receipt_id(id), Code::SchemaReversalOf, || {
                format!("outcome.reversal_of {} is not urn:receipt:<uuid>", quoted(id))
            });
        }
        self.disclosure("outcome.response_disclosure", outcome.response_disclosure.as_ref(), false);
    }

    /// An HPKE envelope, or (`flat_too`) the flat map of texts of versions up to 0.2.1.
    fn disclosure(&mut self, member: &str, disclosure: Option<&Value>, flat_too: bool) {
        let Some(disclosure) = disclosure else { return };
        let flat = flat_too
            && disclosure
                .as_object()
                .is_some_and(|map| map.iter().all(|(_, value)| value.as_str().is_some()));
        self.require(flat || is_envelope(disclosure), Code::SchemaDisclosure, || {
            format!("{member} is not a disclosure envelope")
        });
    }

    fn proof(&mut self, proof: &Proof) {
        self.time("proof.created", &proof.created);
        self.require(proof.proof_purpose == "assertionMethod", Code::SchemaProof, || {
            format!("proof.proofPurpose {}", quoted(&proof.proof_purpose))
        });
    }

    fn time(&mut self, member: &str, text: &str) {
        let sound = Timestamp::parse(text).is_ok();
        self.require(sound, Code::TimestampMalformed, || format!("{member} {}", quoted(text)));
    }

    fn hash(&mut self, member: &str, text: Option<&str>) {
        let sound = text.is_none_or(is_hash);
        self.require(sound, Code::SchemaHash, || format!("{member} {}", quoted(text.unwrap_or_default())));
    }

    fn not_empty(&mut self, member: &str, text: Option<&str>) {
        self.require(text != Some(""), Code::SchemaEmptyMember, || format!("{member} is empty"));
    }

    fn require(&mut self, holds: bool, code: Code, message: impl FnOnce() -> String) {
        if !holds {
            self.remark(code, message);
        }
    }

    fn remark(&mut self, code: Code, message: impl FnOnce() -> String) {
        self.remarks.push((code, message()));
    }
}

/// The shape of a version 1 disclosure envelope; whether it opens is another question.
fn is_envelope(value: &Value) -> bool {
    let Some(envelope) = value.as_object() else { return false };
    let text = |name| envelope.get(name).and_then(Value::as_str);
    let recipient = |value: &Value| {
        value.as_object().is_some_and(|recipient| {
            let text = |name| recipient.get(name).and_then(Value::as_str);
            recipient.len() == 2
                && text("kid").is_some_and(|kid| !kid.is_empty())
                && text("enc").is_some_and(|enc| enc.len() == 43 && is_base64url(enc))
        })
    };
    envelope.len() == 4
        && text("v") == Some("1")
        && text("alg") == Some("hpke-x25519-hkdf-sha256-aes-256-gcm")
        && text("ct").is_some_and(|ct| ct.len() >= 24 && is_base64url(ct))
        && matches!(envelope.get("recipients").and_then(Value::as_array), Some([one]) if recipient(one))
}
