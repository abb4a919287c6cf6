//! Which receipts: the conditions that `list`, `tail` and `export` share.

use std::time::SystemTime;

use agent_receipts_core::{OutcomeStatus, RiskLevel};
use agent_receipts_store::Query;

use crate::when::{Edge, TimeError, moment};

/// Conditions on receipts; all that are given must hold.
#[derive(Debug, clap::Args)]
pub(crate) struct FilterArgs {
    /// Receipts of this chain.
    #[arg(long, value_name = "ID")]
    pub(crate) chain_id: Option<String>,
    /// Receipts of this session.
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Receipts of this action type.
    #[arg(long, value_name = "TYPE")]
    action_type: Option<String>,
    /// Receipts of this risk: low, medium, high or critical.
    #[arg(long, value_name = "LEVEL")]
    risk: Option<RiskLevel>,
    /// Receipts with this outcome: success, failure or pending.
    #[arg(long, value_name = "STATUS")]
    status: Option<OutcomeStatus>,
    /// Receipts from this time on: a time such as `2026-11-22T03:39:59Z`, or a span such as `1h` before now.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Receipts up to this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl FilterArgs {
    /// The conditions as a question to the store. `chain_id` stands where no flag names a chain.
    pub(crate) fn query(&self, chain_id: Option<String>) -> Result<Query, TimeError> {
        let now = SystemTime::now();
        let time =
            |text: &Option<String>, edge| text.as_deref().map(|text| moment(text, now, edge)).transpose();
        Ok(Query {
            chain_id: self.chain_id.clone().or(chain_id),
            session_id: self.session.clone(),
            action_type: self.action_type.clone(),
            risk_level: self.risk.map(|risk| risk.as_str().to_owned()),
            status: self.status.map(|status| status.as_str().to_owned()),
            since: time(&self.since, Edge::Since)?,
            until: time(&self.until, Edge::Until)?,
            ..Query::default()
        })
    }
}
