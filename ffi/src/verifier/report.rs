//! The verdicts over all chains, and their JSON.

use agent_receipts_chain as chain;
use serde::Serialize;

use crate::code::Err;
use crate::failure::Failure;

/// The verdict over everything that was looked at; the members of its JSON are those of `agent-receipts verify --json`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether there is something, and all of it is valid.
    pub(super) valid: bool,
    /// Receipts in all chains.
    pub(super) receipts: u64,
    pub(super) chains: Vec<ChainReport>,
    /// What else cannot be called valid; nothing is then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) conflicts: Vec<String>,
}

/// The verdict on one chain.
#[derive(Debug, Serialize)]
pub(super) struct ChainReport {
    #[serde(rename = "chain")]
    pub(super) chain_id: String,
    /// `VALID`, `BROKEN` or `UNKNOWN`.
    pub(super) result: &'static str,
    #[serde(flatten)]
    pub(super) verdict: chain::Verdict,
}

impl Report {
    pub(super) fn over(verdicts: Vec<(String, chain::Verdict)>) -> Self {
        let chains: Vec<_> = verdicts
            .into_iter()
            .map(|(chain_id, verdict)| {
                let result = match verdict.outcome {
                    chain::Outcome::Valid => "VALID",
                    chain::Outcome::Broken => "BROKEN",
                    chain::Outcome::Empty => "UNKNOWN",
                };
                ChainReport { chain_id, result, verdict }
            })
            .collect();
        Self {
            valid: !chains.is_empty() && chains.iter().all(ChainReport::is_valid),
            receipts: chains.iter().map(|chain| chain.verdict.length).sum(),
            chains,
            conflicts: Vec::new(),
        }
    }

    /// With what stands against all of it.
    pub(super) fn with_conflicts(mut self, conflicts: Vec<String>) -> Self {
        self.valid &= conflicts.is_empty();
        self.conflicts = conflicts;
        self
    }

    /// The first chain that does not hold; one that is merely empty only if no other is broken.
    pub(super) fn first_fault(&self) -> Option<&ChainReport> {
        let broken = |chain: &&ChainReport| chain.verdict.outcome == chain::Outcome::Broken;
        self.chains.iter().find(broken).or_else(|| self.chains.iter().find(|chain| !chain.is_valid()))
    }

    pub(super) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::new(Err::Internal, error.to_string()))
    }
}

/// A chain's name, which whoever can write a database chooses, for a message.
pub(super) fn quoted(chain_id: &str) -> String {
    chain_id.chars().take(128).flat_map(char::escape_debug).collect()
}

impl ChainReport {
    pub(super) fn is_valid(&self) -> bool {
        self.verdict.outcome == chain::Outcome::Valid
    }

    /// The word for why it does not hold.
    pub(super) fn reason(&self) -> String {
        let word = self.verdict.reason.and_then(|reason| serde_json::to_value(reason).ok());
        word.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    }
}
