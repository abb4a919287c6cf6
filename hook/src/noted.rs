//! What is to be recorded, whoever said it.

use agent_receipts_ipc::{Decision, Identity};

/// One event, before its payloads are made to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted<'a> {
    pub(crate) channel: String,
    pub(crate) session_id: String,
    pub(crate) server: String,
    pub(crate) tool: String,
    pub(crate) action_type: String,
    /// JSON text as the host wrote it.
    pub(crate) input: Option<&'a str>,
    /// The same.
    pub(crate) output: Option<&'a str>,
    pub(crate) error: String,
    pub(crate) decision: Decision,
    pub(crate) identity: Identity,
    pub(crate) idempotency_key: String,
    pub(crate) correlation_id: String,
    pub(crate) agent_id: String,
    pub(crate) agent_type: String,
    pub(crate) model: String,
    /// JSON text.
    pub(crate) usage: Option<String>,
    pub(crate) capture_method: String,
    /// System and resource.
    pub(crate) target: Option<(String, String)>,
}

impl Noted<'_> {
    /// With what every event has.
    pub(crate) fn new(channel: &str, tool: &str, decision: Decision) -> Self {
        let none = String::new;
        Self {
            channel: channel.to_owned(),
            session_id: none(),
            server: none(),
            tool: tool.to_owned(),
            action_type: none(),
            input: None,
            output: None,
            error: none(),
            decision,
            identity: Identity::default(),
            idempotency_key: none(),
            correlation_id: none(),
            agent_id: none(),
            agent_type: none(),
            model: none(),
            usage: None,
            capture_method: none(),
            target: None,
        }
    }
}
