//! What is said of verified chains, ready for JSON and for a page.

use agent_receipts_chain::{Outcome, Step, Verdict};
use serde::Serialize;

use super::anchors::AnchorsReport;

/// The verdict on one chain.
#[derive(Debug, Serialize)]
pub(crate) struct ChainReport {
    /// The chain that was asked for.
    #[serde(rename = "chain")]
    pub(crate) chain_id: String,
    /// The archive that it stands in; none is the database itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) archive: Option<String>,
    /// `VALID`, `BROKEN` or `UNKNOWN`.
    pub(crate) result: &'static str,
    /// The verifier's own words.
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
    /// The receipts around the first one that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) receipts_around: Vec<Step>,
    /// Database rows whose columns contradict their receipts.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) altered_rows: u64,
    /// What the first of them says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_altered_row: Option<String>,
}

/// The verdict on everything that was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether there is something, and all of it is valid.
    pub(crate) valid: bool,
    /// Receipts in all chains.
    pub(crate) receipts: u64,
    /// Every chain.
    pub(crate) chains: Vec<ChainReport>,
    /// What cannot be right between the database and its archives; nothing is valid then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conflicts: Vec<String>,
    /// That what follows the first fault was not looked at, as was asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stopped_early: bool,
    /// What came of holding the database against what was kept elsewhere, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anchors: Option<AnchorsReport>,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

impl ChainReport {
    pub(super) fn new(
        chain_id: String,
        verdict: Verdict,
        receipts_around: Vec<Step>,
        altered_rows: u64,
        first_altered_row: Option<String>,
    ) -> Self {
        let result = match verdict.outcome {
            Outcome::Valid => "VALID",
            Outcome::Broken => "BROKEN",
            Outcome::Empty => "UNKNOWN",
        };
        Self { chain_id, archive: None, result, verdict, receipts_around, altered_rows, first_altered_row }
    }

    /// The same chain, as it stands in an archive.
    pub(super) fn in_archive(self, name: &str) -> Self {
        Self { archive: Some(name.to_owned()), ..self }
    }

    /// Whether the chain holds.
    pub(crate) fn is_valid(&self) -> bool {
        self.verdict.outcome == Outcome::Valid
    }
}

impl Report {
    /// A report over chains; without any it is not valid.
    pub(crate) fn over(chains: Vec<ChainReport>, notes: Vec<String>) -> Self {
        Self {
            valid: !chains.is_empty() && chains.iter().all(ChainReport::is_valid),
            receipts: chains.iter().map(|chain| chain.verdict.length).sum(),
            chains,
            conflicts: Vec::new(),
            stopped_early: false,
            anchors: None,
            notes,
        }
    }

    /// The same, of a verification that went no further than the first fault.
    pub(super) fn stopped_early(mut self) -> Self {
        self.notes.push("stopped at the first fault: what comes behind it was not looked at".to_owned());
        Self { stopped_early: true, ..self }
    }

    /// The same, with what came of holding the database against what was kept elsewhere.
    pub(crate) fn with_anchors(self, anchors: AnchorsReport) -> Self {
        Self { valid: self.valid && anchors.audit.valid, anchors: Some(anchors), ..self }
    }

    /// The same, with what contradicts it.
    pub(super) fn with_conflicts(self, conflicts: Vec<String>) -> Self {
        Self { valid: self.valid && conflicts.is_empty(), conflicts, ..self }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
