//! One thing that happened.

use agent_receipts_ipc::Decision;

/// What one receipt is to say. Payloads are JSON text; what is not known is empty.
#[derive(Clone, Copy)]
pub(crate) struct Note<'a> {
    pub(crate) tool: &'a str,
    /// Empty: the daemon makes it of channel, server and tool.
    pub(crate) action_type: &'a str,
    pub(crate) decision: Decision,
    pub(crate) input: Option<&'a str>,
    pub(crate) output: Option<&'a str>,
    pub(crate) error: &'a str,
    /// The request's id as JSON text.
    pub(crate) key: &'a str,
    pub(crate) correlation_id: &'a str,
    /// System and resource.
    pub(crate) target: Option<(&'a str, &'a str)>,
}

impl<'a> Note<'a> {
    /// With what every receipt has.
    pub(crate) fn new(tool: &'a str, decision: Decision) -> Self {
        Self {
            tool,
            action_type: "",
            decision,
            input: None,
            output: None,
            error: "",
            key: "",
            correlation_id: "",
            target: None,
        }
    }
}
