//! The lengths that an event's texts may have, and the checks that compare two of them.

use super::fault::EventFault;

/// The most UTF-8 bytes of an issuer, operator, agent, model or idempotency text (wire protocol §1.5).
pub const MAX_TEXT: usize = 256;

/// The most UTF-8 bytes of `target_resource` (wire protocol §1.5).
pub const MAX_RESOURCE: usize = 4096;

/// The texts of an event that have a limit, whether it comes in or goes out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LimitedTexts<'a> {
    pub(crate) issuer_name: Option<&'a str>,
    pub(crate) issuer_model: Option<&'a str>,
    pub(crate) operator_id: Option<&'a str>,
    pub(crate) operator_name: Option<&'a str>,
    pub(crate) idempotency_key: Option<&'a str>,
    pub(crate) correlation_id: Option<&'a str>,
    pub(crate) agent_id: Option<&'a str>,
    pub(crate) agent_type: Option<&'a str>,
    pub(crate) model: Option<&'a str>,
    pub(crate) capture_method: Option<&'a str>,
    pub(crate) target_system: Option<&'a str>,
    pub(crate) target_resource: Option<&'a str>,
}

impl LimitedTexts<'_> {
    /// Holds the texts against their limits and against one another, in the order of wire protocol §1.5.
    pub(crate) fn check(self) -> Result<(), EventFault> {
        within("issuer_name", self.issuer_name, MAX_TEXT)?;
        within("issuer_model", self.issuer_model, MAX_TEXT)?;
        within("operator_id", self.operator_id, MAX_TEXT)?;
        within("operator_name", self.operator_name, MAX_TEXT)?;
        if self.operator_name.is_some() && self.operator_id.is_none() {
            return Err(EventFault::OperatorNameAlone);
        }
        within("idempotency_key", self.idempotency_key, MAX_TEXT)?;
        within("correlation_id", self.correlation_id, MAX_TEXT)?;
        within("agent_id", self.agent_id, MAX_TEXT)?;
        // A slash would let one agent name another agent's chain, which is `<root>/agent/<agent_id>`.
        if self.agent_id.is_some_and(|id| id.contains(['/', '\0'])) {
            return Err(EventFault::AgentIdCharacter);
        }
        within("agent_type", self.agent_type, MAX_TEXT)?;
        within("model", self.model, MAX_TEXT)?;
        within("capture_method", self.capture_method, MAX_TEXT)?;
        within("target_system", self.target_system, MAX_TEXT)?;
        within("target_resource", self.target_resource, MAX_RESOURCE)?;
        if self.target_system.is_some() != self.target_resource.is_some() {
            return Err(EventFault::HalfTarget);
        }
        Ok(())
    }
}

fn within(key: &'static str, text: Option<&str>, limit: usize) -> Result<(), EventFault> {
    match text.map_or(0, str::len) {
        length if length > limit => Err(EventFault::TooLong { key, limit, length }),
        _ => Ok(()),
    }
}
