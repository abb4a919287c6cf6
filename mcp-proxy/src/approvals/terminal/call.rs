//! One call that waits, as a proxy tells it.

use std::path::{Path, PathBuf};

use agent_receipts_core::json::{Object, Rules, Value, parse};

use super::super::question::ApprovalId;

/// A call, and where its proxy listens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) id: ApprovalId,
    pub(super) socket: PathBuf,
    pub(super) server: String,
    pub(super) tool: String,
    pub(super) arguments: String,
    pub(super) rule: String,
    pub(super) description: String,
    pub(super) correlation_id: String,
    pub(super) score: u64,
    /// In milliseconds, when it was told.
    pub(super) left: u64,
    /// All of it.
    pub(super) told: Object,
}

impl Call {
    /// The calls in a proxy's list; `None` if it is none.
    pub(super) fn in_list(body: &[u8], socket: &Path) -> Option<Vec<Self>> {
        let list = parse(body, Rules::Receipt).ok()?.into_object().ok()?;
        list.get("tool_calls")?.as_array()?.iter().map(|call| Self::from(call, socket)).collect()
    }

    fn from(value: &Value, socket: &Path) -> Option<Self> {
        let told = value.as_object()?;
        let text = |name: &str| told.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            id: ApprovalId::parse(told.get("approval_id")?.as_str()?)?,
            socket: socket.to_owned(),
            server: text("server")?,
            tool: text("tool_name")?,
            arguments: text("arguments")?,
            rule: text("rule_name")?,
            description: text("rule_description")?,
            correlation_id: text("correlation_id")?,
            score: told.get("risk_score")?.as_u64()?,
            left: told.get("left_ms")?.as_u64()?,
            told: told.clone(),
        })
    }
}
