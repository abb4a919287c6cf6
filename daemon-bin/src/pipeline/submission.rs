//! What travels from a connection to the writer.

use std::sync::Arc;

use agent_receipts_core::json::{Object, Value};
use agent_receipts_core::redaction::Redactor;
use agent_receipts_core::{OutcomeStatus, taxonomy};
use agent_receipts_ipc::{Ack, Decision, Event, Peer, ReplyWriter};

use super::ledger::{Ledger, WriteError};
use super::receipts::OWN_KINDS;
use crate::disclosure::{Discloser, Part, Undisclosed};

/// One unit of work for the writer. Answers travel the same way as events, so that a connection's replies
/// come in the order of its frames.
pub(crate) enum Work {
    Record(Box<Submission>),
    Answer {
        reply: ReplyTo,
        ack: Ack,
    },
    /// Something that must have the ledger to itself: everything before it is on disk, nothing behind it is placed.
    Alone(Task),
}

/// What is to be done with the ledger. An error that is fatal ends the daemon; whoever asked for it is told by the task itself.
pub(crate) type Task = Box<dyn FnOnce(&mut Ledger) -> Result<(), WriteError> + Send>;

/// The way back to a sender that asked for an answer; alive until the answer is sent.
pub(crate) struct ReplyTo {
    pub(crate) writer: ReplyWriter,
    /// One of the answers that its connection is owed.
    pub(crate) owed: Arc<()>,
}

/// An event that is to become a receipt.
pub(crate) struct Submission {
    pub(crate) claim: Claim,
    pub(crate) sender: Sender,
    /// Frames of the sender's user that were refused and that no receipt has told of yet.
    pub(crate) rejected: u64,
    pub(crate) reply: Option<ReplyTo>,
}

impl Submission {
    /// How many events are lost if this one is: itself, and all those that it was to tell of.
    pub(crate) fn lost_with_it(&self) -> u64 {
        self.claim.drop_count.saturating_add(self.rejected).saturating_add(1)
    }
}

/// Who sent it: the kernel's word, and the login behind it.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) peer: Arc<Peer>,
    pub(crate) principal: Arc<str>,
}

/// What the emitter claims, reduced to what a receipt holds: payloads are hashes already, and envelopes where they were
/// elected to be disclosed.
pub(crate) struct Claim {
    pub(crate) session_id: String,
    pub(crate) action_type: String,
    pub(crate) tool_name: String,
    pub(crate) risk_level: &'static str,
    pub(crate) status: OutcomeStatus,
    pub(crate) parameters_hash: Option<String>,
    pub(crate) parameters_disclosure: Option<Object>,
    pub(crate) response_hash: Option<String>,
    pub(crate) response_disclosure: Option<Object>,
    pub(crate) error: Option<String>,
    pub(crate) drop_count: u64,
    pub(crate) issuer_name: Option<String>,
    pub(crate) issuer_model: Option<String>,
    pub(crate) operator: Option<(String, String)>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) agent_id: Option<String>,
    pub(crate) agent_type: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<Value>,
    pub(crate) capture_method: Option<String>,
    pub(crate) target: Option<(String, String)>,
}

/// Why a well-formed event cannot become a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClaimError {
    /// `usage` stands in the receipt verbatim, which must itself stay readable (10,000 levels).
    #[error("usage is nested {depth} deep, and a receipt holds {MAX_USAGE_DEPTH}")]
    UsageTooDeep { depth: usize },
    /// Whoever reads such a receipt takes it for the daemon's own word.
    #[error("only the daemon itself records `{kind}`")]
    Reserved { kind: &'static str },
}

const MAX_USAGE_DEPTH: usize = 9_990;

impl Claim {
    /// Takes over an event (wire protocol §1.7). Hashes and envelopes cover the payloads as sent, before any redaction.
    pub(crate) fn of(
        event: Event,
        redactor: &Redactor,
        discloser: &Discloser,
        undisclosed: &mut Vec<Undisclosed>,
    ) -> Result<Self, ClaimError> {
        let status = status_of(&event);
        let action_type = event.action_type.unwrap_or_else(|| {
            let server = event.tool_server.iter().map(String::as_str);
            let parts =
                std::iter::once(event.channel.as_str()).chain(server).chain([event.tool_name.as_str()]);
            parts.collect::<Vec<_>>().join(".")
        });
        if let Some(kind) = OWN_KINDS.into_iter().find(|kind| *kind == action_type) {
            return Err(ClaimError::Reserved { kind });
        }
        let usage = match event.usage {
            Some(usage) if usage.depth() > MAX_USAGE_DEPTH => {
                return Err(ClaimError::UsageTooDeep { depth: usage.depth() });
            }
            Some(mut usage) => {
                // The SDKs disagree on the hash of a null member in here, and leaving it out loses nothing.
                usage.remove_null_members("");
                Some(usage)
            }
            None => None,
        };
        let risk = taxonomy::risk_of(&action_type);
        let mut reduce = |part, payload: Option<&Value>| {
            let action = (action_type.as_str(), risk);
            let reduced = payload.map(|payload| discloser.reduce(part, payload, action, undisclosed));
            reduced.map_or((None, None), |reduced| (Some(reduced.hash), reduced.envelope))
        };
        let (parameters_hash, parameters_disclosure) = reduce(Part::Parameters, event.input.as_ref());
        let (response_hash, response_disclosure) = reduce(Part::Response, event.output.as_ref());
        Ok(Self {
            risk_level: risk.as_str(),
            action_type,
            status,
            parameters_hash,
            parameters_disclosure,
            response_hash,
            response_disclosure,
            error: event.error.map(|error| redactor.redact(&error)),
            session_id: event.session_id,
            tool_name: event.tool_name,
            drop_count: event.drop_count,
            issuer_name: event.issuer_name,
            issuer_model: event.issuer_model,
            // The schema wants both members of an operator, the reference writes an empty name.
            operator: event.operator_id.map(|id| (id, event.operator_name.unwrap_or_default())),
            idempotency_key: event.idempotency_key,
            correlation_id: event.correlation_id,
            agent_id: event.agent_id,
            agent_type: event.agent_type,
            model: event.model,
            usage,
            capture_method: event.capture_method,
            target: event.target_system.zip(event.target_resource),
        })
    }
}

impl Claim {
    /// How many bytes the envelopes take.
    pub(crate) fn sealed_bytes(&self) -> usize {
        let envelopes = [&self.parameters_disclosure, &self.response_disclosure];
        let ct = |envelope: &Object| envelope.get("ct").and_then(Value::as_str).map_or(0, str::len);
        envelopes.into_iter().flatten().map(ct).sum()
    }
}

fn status_of(event: &Event) -> OutcomeStatus {
    match event.decision {
        Decision::Denied => OutcomeStatus::Failure,
        Decision::Pending => OutcomeStatus::Pending,
        Decision::Allowed if event.error.is_some() || is_mcp_error(event) => OutcomeStatus::Failure,
        Decision::Allowed => OutcomeStatus::Success,
    }
}

/// An MCP tool reports its failure inside a successful response.
fn is_mcp_error(event: &Event) -> bool {
    let output = event.output.as_ref().and_then(Value::as_object);
    event.channel == "mcp" && output.and_then(|o| o.get("isError")).and_then(Value::as_bool) == Some(true)
}
