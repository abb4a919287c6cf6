//! The receipts that the daemon writes: of an event, of dropped events, of an interrupted chain.

use agent_receipts_core::json::Value;
use agent_receipts_core::{
    Action, CREDENTIAL_TYPES, CREDENTIALS_CONTEXT, ChainPosition, CredentialSubject, Delegation, Delegator,
    EmitterMetadata, Issuer, KeyRotation, Operator, Outcome, OutcomeStatus, PeerCredential, Principal,
    Receipt, RiskLevel, Runtime, Target, Version,
};
use agent_receipts_ipc::Peer;

use super::submission::{Claim, Sender};
use crate::principal;

/// What all receipts of one daemon have in common.
#[derive(Debug, Clone)]
pub(crate) struct Letterhead {
    pub(crate) issuer_id: String,
    pub(crate) version: Version,
}

/// What makes one receipt this one: identifiers, time, place.
pub(crate) struct Stamp {
    /// Without `urn:receipt:` and `act_`.
    pub(crate) receipt_uuid: String,
    pub(crate) action_uuid: String,
    /// RFC 3339, whole seconds.
    pub(crate) time: String,
    pub(crate) position: ChainPosition,
    pub(crate) delegation: Option<Delegation>,
}

pub(crate) const EVENTS_DROPPED: &str = "agent_receipts.events_dropped";
pub(crate) const KEY_ROTATE: &str = "agent.key.rotate";
pub(crate) const CHAIN_INTERRUPTED: &str = "agent_receipts.chain_interrupted";

/// The action types by which the daemon speaks for itself.
pub(crate) const OWN_KINDS: [&str; 3] = [EVENTS_DROPPED, KEY_ROTATE, CHAIN_INTERRUPTED];

impl Letterhead {
    /// The receipt of an event (wire protocol §1.7).
    pub(crate) fn of_event(&self, claim: &Claim, sender: &Sender, stamp: Stamp) -> Receipt {
        let issuer = Issuer {
            name: claim.issuer_name.clone(),
            operator: claim.operator.clone().map(|(id, name)| Operator { id, name, ..Operator::default() }),
            model: claim.issuer_model.clone(),
            session_id: Some(claim.session_id.clone()),
            runtime: runtime_of(claim),
            ..self.issuer()
        };
        let action = Action {
            kind: claim.action_type.clone(),
            tool_name: Some(claim.tool_name.clone()),
            risk_level: claim.risk_level.to_owned(),
            target: claim.target.clone().map(|(system, resource)| Target {
                system,
                resource: Some(resource),
                ..Target::default()
            }),
            parameters_hash: claim.parameters_hash.clone(),
            parameters_disclosure: claim.parameters_disclosure.clone().map(Value::from),
            peer_credential: Some(credential_of(&sender.peer)),
            idempotency_key: claim.idempotency_key.clone(),
            ..Action::default()
        };
        let outcome = Outcome {
            error: claim.error.clone(),
            response_hash: claim.response_hash.clone(),
            response_disclosure: claim.response_disclosure.clone().map(Value::from),
            ..outcome(claim.status)
        };
        let mut receipt = self.receipt(issuer, &sender.principal, action, outcome, stamp);
        receipt.subject.correlation_id = claim.correlation_id.clone();
        receipt
    }

    /// The receipt that stands before an event's and tells how many came before it and are lost (§1.9).
    pub(crate) fn of_dropped(
        &self,
        count: u64,
        session_id: Option<&str>,
        sender: &Sender,
        stamp: Stamp,
    ) -> Receipt {
        let issuer = Issuer { session_id: session_id.map(str::to_owned), ..self.issuer() };
        let action = Action {
            peer_credential: Some(credential_of(&sender.peer)),
            emitter_metadata: Some(EmitterMetadata { drop_count: Some(count), ..EmitterMetadata::default() }),
            ..synthetic(EVENTS_DROPPED, "events_dropped")
        };
        self.receipt(issuer, &sender.principal, action, outcome(OutcomeStatus::Success), stamp)
    }

    /// The terminator of a chain that the daemon leaves behind when it stops (§1.12). The position says that it is one.
    pub(crate) fn of_interruption(&self, stamp: Stamp) -> Receipt {
        let action = synthetic(CHAIN_INTERRUPTED, "chain_interrupted");
        self.receipt(self.issuer(), principal::UNKNOWN, action, outcome(OutcomeStatus::Success), stamp)
    }

    /// The hand-over of a chain from one key to the next, signed by the outgoing one (operations §5).
    pub(crate) fn of_rotation(&self, rotation: KeyRotation, stamp: Stamp) -> Receipt {
        let action = Action {
            kind: KEY_ROTATE.to_owned(),
            risk_level: RiskLevel::High.as_str().to_owned(),
            ..Action::default()
        };
        let issuer = Issuer { id: self.issuer_id.clone(), ..Issuer::default() };
        let mut receipt =
            self.receipt(issuer, &self.issuer_id, action, outcome(OutcomeStatus::Success), stamp);
        receipt.subject.key_rotation = Some(rotation);
        receipt
    }

    /// The link from an agent's chain to the root chain it was opened under (§1.8).
    pub(crate) fn delegation(&self, parent_chain_id: &str, parent_receipt_id: &str) -> Delegation {
        Delegation {
            parent_chain_id: parent_chain_id.to_owned(),
            parent_receipt_id: parent_receipt_id.to_owned(),
            delegator: Delegator { id: self.issuer_id.clone(), ..Delegator::default() },
            ..Delegation::default()
        }
    }

    fn issuer(&self) -> Issuer {
        Issuer {
            id: self.issuer_id.clone(),
            kind: Some("AgentReceiptsDaemon".to_owned()),
            ..Issuer::default()
        }
    }

    fn receipt(
        &self,
        issuer: Issuer,
        principal: &str,
        action: Action,
        outcome: Outcome,
        stamp: Stamp,
    ) -> Receipt {
        Receipt {
            context: vec![CREDENTIALS_CONTEXT.to_owned(), self.version.context().to_owned()],
            id: format!("urn:receipt:{}", stamp.receipt_uuid),
            types: CREDENTIAL_TYPES.map(str::to_owned).to_vec(),
            version: self.version.as_str().to_owned(),
            issuer,
            issuance_date: stamp.time.clone(),
            subject: CredentialSubject {
                principal: Principal { id: principal.to_owned(), ..Principal::default() },
                action: Action { id: format!("act_{}", stamp.action_uuid), timestamp: stamp.time, ..action },
                outcome,
                chain: stamp.position,
                delegation: stamp.delegation,
                ..CredentialSubject::default()
            },
            ..Receipt::default()
        }
    }
}

/// A type of agent alone makes no runtime: the reference wants an id, a model, a usage or a capture method.
fn runtime_of(claim: &Claim) -> Option<Runtime> {
    let speaks = claim.agent_id.is_some()
        || claim.model.is_some()
        || claim.usage.is_some()
        || claim.capture_method.is_some();
    speaks.then(|| Runtime {
        agent_id: claim.agent_id.clone(),
        agent_type: claim.agent_type.clone(),
        model: claim.model.clone(),
        usage: claim.usage.clone(),
        capture_method: claim.capture_method.clone(),
        ..Runtime::default()
    })
}

fn credential_of(peer: &Peer) -> PeerCredential {
    PeerCredential {
        platform: peer.platform.to_owned(),
        // A pid is never negative; 0 says that the kernel could not name the process.
        pid: u64::try_from(peer.pid).unwrap_or(0),
        uid: Some(peer.uid.into()),
        gid: Some(peer.gid.into()),
        exe_path: peer.exe_path.clone(),
        ..PeerCredential::default()
    }
}

fn synthetic(action_type: &str, tool_name: &str) -> Action {
    Action {
        kind: action_type.to_owned(),
        tool_name: Some(tool_name.to_owned()),
        risk_level: RiskLevel::Low.as_str().to_owned(),
        ..Action::default()
    }
}

fn outcome(status: OutcomeStatus) -> Outcome {
    Outcome { status: status.as_str().to_owned(), ..Outcome::default() }
}
