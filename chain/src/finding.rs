//! What a verifier remarks beside its verdict.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Worth knowing, expected in some honest chains.
    Info,
    /// Somebody should look.
    Warning,
    /// Against the specification. Only with [`Options::strict`](crate::Options) does it break the chain.
    Error,
}

/// What was found; the machine-readable half of a [`Finding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // The names say it; `Code::meaning` holds each one's word and level.
pub enum Code {
    IssuerChanged,
    TimeRegression,
    TimestampMalformed,
    FutureTimestamp,
    FirstSequenceNotOne,
    DuplicateReceiptId,
    ReceiptIdOrder,
    DuplicateWindowExceeded,
    DelegationMissing,
    DelegationUnexpected,
    DelegationParentMismatch,
    VersionUnknown,
    VersionRegression,
    VersionMixed,
    ContextMismatch,
    TypeMismatch,
    VerificationMethodChanged,
    NullsLeftOut,
    LinkOverOtherForm,
    RotationUnconfirmed,
    RotationInAnotherChain,
    RotationActionType,
    RowMismatch,
    SchemaReceiptId,
    SchemaActionId,
    SchemaReversalOf,
    SchemaParentReceiptId,
    SchemaHash,
    SchemaRiskLevel,
    SchemaOutcomeStatus,
    SchemaPrincipalType,
    SchemaTerminal,
    SchemaTarget,
    SchemaEmptyMember,
    SchemaScopes,
    SchemaDisclosure,
    SchemaTrustedTimestamp,
    TrustedTimestampUnchecked,
    TrustedTimestampVerified,
    SchemaProof,
    SchemaUnknownMember,
}

impl Code {
    /// As it stands in `--json` output.
    pub fn as_str(self) -> &'static str {
        self.meaning().0
    }

    /// The level that every finding of this code has.
    pub fn level(self) -> Level {
        self.meaning().1
    }

    fn meaning(self) -> (&'static str, Level) {
        use Level::{Error, Info, Warning};
        match self {
            // One chain, one issuer (specification §7.5).
            Code::IssuerChanged => ("issuer_changed", Error),
            // Clocks are set back in honest houses too.
            Code::TimeRegression => ("time_regression", Warning),
            Code::TimestampMalformed => ("timestamp_malformed", Error),
            Code::FutureTimestamp => ("future_timestamp", Warning),
            Code::FirstSequenceNotOne => ("first_sequence_not_one", Error),
            Code::DuplicateReceiptId => ("duplicate_receipt_id", Error),
            Code::ReceiptIdOrder => ("receipt_id_order", Warning),
            Code::DuplicateWindowExceeded => ("duplicate_window_exceeded", Warning),
            // The reference leaves it out where the root chain was empty.
            Code::DelegationMissing => ("delegation_missing", Warning),
            Code::DelegationUnexpected => ("delegation_unexpected", Error),
            Code::DelegationParentMismatch => ("delegation_parent_mismatch", Error),
            Code::VersionUnknown => ("version_unknown", Error),
            Code::VersionRegression => ("version_regression", Warning),
            Code::VersionMixed => ("version_mixed", Info),
            Code::ContextMismatch => ("context_mismatch", Error),
            Code::TypeMismatch => ("type_mismatch", Error),
            // It stands in the proof, which nobody signs.
            Code::VerificationMethodChanged => ("verification_method_changed", Info),
            Code::NullsLeftOut => ("nulls_left_out", Info),
            Code::LinkOverOtherForm => ("link_over_other_form", Info),
            Code::RotationUnconfirmed => ("rotation_unconfirmed", Warning),
            Code::RotationInAnotherChain => ("rotation_in_another_chain", Warning),
            Code::RotationActionType => ("rotation_action_type", Warning),
            Code::RowMismatch => ("row_mismatch", Error),
            Code::SchemaReceiptId => ("schema_receipt_id", Error),
            Code::SchemaActionId => ("schema_action_id", Error),
            Code::SchemaReversalOf => ("schema_reversal_of", Error),
            Code::SchemaParentReceiptId => ("schema_parent_receipt_id", Error),
            Code::SchemaHash => ("schema_hash", Error),
            Code::SchemaRiskLevel => ("schema_risk_level", Error),
            Code::SchemaOutcomeStatus => ("schema_outcome_status", Error),
            Code::SchemaPrincipalType => ("schema_principal_type", Error),
            Code::SchemaTerminal => ("schema_terminal", Error),
            Code::SchemaTarget => ("schema_target", Error),
            Code::SchemaEmptyMember => ("schema_empty_member", Error),
            Code::SchemaScopes => ("schema_scopes", Error),
            Code::SchemaDisclosure => ("schema_disclosure", Error),
            Code::SchemaTrustedTimestamp => ("schema_trusted_timestamp", Error),
            // Its authority's certificate was not named.
            Code::TrustedTimestampUnchecked => ("trusted_timestamp_unchecked", Info),
            Code::TrustedTimestampVerified => ("trusted_timestamp_verified", Info),
            Code::SchemaProof => ("schema_proof", Error),
            // A later version may well know it; it is signed all the same.
            Code::SchemaUnknownMember => ("schema_unknown_member", Info),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One remark about one receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was found.
    pub code: Code,
    /// How much it weighs.
    pub level: Level,
    /// Index of the receipt in the chain, from 0.
    pub index: u64,
    /// For people. Text from receipts stands in it clipped and escaped.
    pub message: String,
}

/// Findings of one code that are kept whole; later ones are only counted, so that memory stays bounded.
pub const FINDINGS_PER_CODE: u64 = 100;

/// The findings of one chain.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Finding>,
    counts: BTreeMap<Code, u64>,
    first_error: Option<Finding>,
}

impl Findings {
    /// `message` is only called for a finding that is kept.
    pub(crate) fn add(&mut self, code: Code, index: u64, message: impl FnOnce() -> String) {
        let count = self.counts.entry(code).or_insert(0);
        *count += 1;
        if *count > FINDINGS_PER_CODE {
            return;
        }
        let finding = Finding { code, level: code.level(), index, message: message() };
        if finding.level == Level::Error && self.first_error.as_ref().is_none_or(|f| index < f.index) {
            self.first_error = Some(finding.clone());
        }
        self.kept.push(finding);
    }

    pub(crate) fn first_error(&self) -> Option<&Finding> {
        self.first_error.as_ref()
    }

    /// The findings by index, and how many of each code there were, kept or not.
    pub(crate) fn into_parts(mut self) -> (Vec<Finding>, BTreeMap<Code, u64>) {
        self.kept.sort_by_key(|finding| finding.index);
        (self.kept, self.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_findings_is_counted_and_not_kept() {
        let mut findings = Findings::default();
        for index in 0..100_000 {
            findings.add(Code::IssuerChanged, index, || "changed".into());
        }
        let (kept, counts) = findings.into_parts();
        assert_eq!(kept.len(), 100);
        assert_eq!(counts[&Code::IssuerChanged], 100_000);
    }
}
