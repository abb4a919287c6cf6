//! Closed vocabularies of a receipt.

use std::fmt;
use std::str::FromStr;

use crate::excerpt::excerpt;

/// How much harm an action can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskLevel {
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
    /// `critical`
    Critical,
}

/// What came of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeStatus {
    /// `success`
    Success,
    /// `failure`
    Failure,
    /// `pending`: not known yet.
    Pending,
}

impl RiskLevel {
    /// As it stands in a receipt.
    pub fn as_str(self) -> &'static str {
        match self {
            RiskLevel::Low => "low",
            RiskLevel::Medium => "medium",
            RiskLevel::High => "high",
            RiskLevel::Critical => "critical",
        }
    }
}

impl OutcomeStatus {
    /// As it stands in a receipt.
    pub fn as_str(self) -> &'static str {
        match self {
            OutcomeStatus::Success => "success",
            OutcomeStatus::Failure => "failure",
            OutcomeStatus::Pending => "pending",
        }
    }
}

impl fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for OutcomeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word outside a closed vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word `{0}`")]
pub struct UnknownWord(String);

impl FromStr for RiskLevel {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let all = [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High, RiskLevel::Critical];
        all.into_iter().find(|w| w.as_str() == text).ok_or_else(|| UnknownWord(excerpt(text)))
    }
}

impl FromStr for OutcomeStatus {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let all = [OutcomeStatus::Success, OutcomeStatus::Failure, OutcomeStatus::Pending];
        all.into_iter().find(|w| w.as_str() == text).ok_or_else(|| UnknownWord(excerpt(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_is_written_and_no_other_is() {
        for word in ["low", "medium", "high", "critical"] {
            assert_eq!(word.parse::<RiskLevel>().unwrap().to_string(), word);
        }
        for word in ["success", "failure", "pending"] {
            assert_eq!(word.parse::<OutcomeStatus>().unwrap().to_string(), word);
        }
        for word in ["", "Low", "low ", "none", "succes", "SUCCESS", "unknown"] {
            assert!(word.parse::<RiskLevel>().is_err(), "{word}");
            assert!(word.parse::<OutcomeStatus>().is_err(), "{word}");
        }
    }

    #[test]
    fn risk_is_ordered() {
        let mut risks = [RiskLevel::Critical, RiskLevel::Low, RiskLevel::High, RiskLevel::Medium];
        risks.sort();
        assert_eq!(risks.map(RiskLevel::as_str), ["low", "medium", "high", "critical"]);
    }

    #[test]
    fn an_unknown_word_is_named() {
        let error = "severe\n".parse::<RiskLevel>().unwrap_err();
        assert_eq!(error.to_string(), "unknown word `severe\\n`");
    }
}
