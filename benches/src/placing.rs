//! Receipts in a chain, made through core as the daemon makes them.

use agent_receipts_core::{
    Action, CREDENTIAL_TYPES, CREDENTIALS_CONTEXT, ChainPosition, CredentialSubject, Draft, Issuer, Outcome,
    PeerCredential, Principal, Receipt, ReceiptHash, RiskLevel, Signature, Timestamp, Version,
};
use agent_receipts_store::Row;

/// What of an event stands in its receipt.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) session_id: String,
    pub(crate) action_type: String,
    pub(crate) tool_name: String,
    pub(crate) parameters_hash: Option<String>,
    pub(crate) response_hash: Option<String>,
}

/// The head of a chain that grows.
#[derive(Debug, Clone)]
pub struct Chain {
    chain_id: String,
    begun: Timestamp,
    sequence: u64,
    previous: Option<ReceiptHash>,
}

/// A receipt in its place, to be signed.
#[derive(Debug)]
pub(crate) struct Placed {
    /// Its canonical bytes and its hash.
    pub(crate) draft: Draft,
    time: String,
    /// Complete but for the signed text.
    row: Row,
}

impl Chain {
    /// An empty chain whose first receipt is dated `begun`. A thousand follow in a second.
    pub fn new(chain_id: &str, begun: Timestamp) -> Self {
        Self { chain_id: chain_id.to_owned(), begun, sequence: 0, previous: None }
    }

    /// Puts a receipt at the head.
    pub(crate) fn place(&mut self, facts: Facts) -> Placed {
        self.sequence += 1;
        let time = self.time();
        let receipt = self.receipt(facts, &time);
        let mut row = row_of(&receipt);
        let draft = Draft::new(receipt);
        row.receipt_hash = draft.hash().to_string();
        self.previous = Some(draft.hash());
        Placed { draft, time, row }
    }

    fn time(&self) -> String {
        let seconds = i64::try_from(self.sequence / PACE).unwrap_or(i64::MAX);
        let time = Timestamp::from_unix(self.begun.unix_seconds().saturating_add(seconds), 0);
        time.unwrap_or(self.begun).to_rfc3339()
    }

    fn receipt(&self, facts: Facts, time: &str) -> Receipt {
        let version = Version::V0_5_0;
        Receipt {
            context: vec![CREDENTIALS_CONTEXT.to_owned(), version.context().to_owned()],
            id: format!("urn:receipt:{}", uuid::Uuid::now_v7()),
            types: CREDENTIAL_TYPES.map(str::to_owned).to_vec(),
            version: version.as_str().to_owned(),
            issuer: Issuer {
                id: ISSUER.to_owned(),
                kind: Some("AgentReceiptsDaemon".to_owned()),
                session_id: Some(facts.session_id),
                ..Issuer::default()
            },
            issuance_date: time.to_owned(),
            subject: CredentialSubject {
                principal: Principal { id: "did:user:root".to_owned(), ..Principal::default() },
                action: Action {
                    id: format!("act_{}", uuid::Uuid::now_v7()),
                    kind: facts.action_type,
                    tool_name: Some(facts.tool_name),
                    risk_level: RiskLevel::Medium.as_str().to_owned(),
                    parameters_hash: facts.parameters_hash,
                    peer_credential: Some(PeerCredential {
                        platform: "linux".to_owned(),
                        pid: 4242,
                        uid: Some(1000),
                        gid: Some(1000),
                        exe_path: Some("/usr/local/bin/an-emitter-somewhere".to_owned()),
                        ..PeerCredential::default()
                    }),
                    timestamp: time.to_owned(),
                    ..Action::default()
                },
                outcome: Outcome {
                    status: "success".to_owned(),
                    response_hash: facts.response_hash,
                    ..Outcome::default()
                },
                chain: ChainPosition {
                    sequence: self.sequence,
                    previous_receipt_hash: self.previous.map(|hash| hash.to_string()),
                    chain_id: self.chain_id.clone(),
                    ..ChainPosition::default()
                },
                ..CredentialSubject::default()
            },
            ..Receipt::default()
        }
    }
}

impl Placed {
    /// The row, with its signature.
    pub(crate) fn seal(self, signature: &Signature) -> Row {
        let json = self.draft.attach(signature, &self.time, METHOD);
        // Canonical JSON is UTF-8 by construction.
        Row { receipt_json: String::from_utf8_lossy(&json).into_owned(), ..self.row }
    }
}

fn row_of(receipt: &Receipt) -> Row {
    let subject = &receipt.subject;
    Row {
        id: receipt.id.clone(),
        chain_id: subject.chain.chain_id.clone(),
        sequence: subject.chain.sequence,
        action_type: subject.action.kind.clone(),
        tool_name: subject.action.tool_name.clone().unwrap_or_default(),
        risk_level: subject.action.risk_level.clone(),
        status: subject.outcome.status.clone(),
        timestamp: subject.action.timestamp.clone(),
        issuer_id: receipt.issuer.id.clone(),
        principal_id: Some(subject.principal.id.clone()),
        receipt_json: String::new(),
        receipt_hash: String::new(),
        previous_receipt_hash: subject.chain.previous_receipt_hash.clone(),
        session_id: receipt.issuer.session_id.clone(),
    }
}

/// Receipts a second. Were all of one second, whoever asks for the newest would have to sort them all.
pub(crate) const PACE: u64 = 1000;
/// The daemon's own defaults.
const ISSUER: &str = "did:agent-receipts-daemon:local";
pub(crate) const METHOD: &str = "did:agent-receipts-daemon:local#k1";
