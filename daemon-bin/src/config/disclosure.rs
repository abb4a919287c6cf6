//! For which actions the parameters, or the responses, are to be recorded themselves, encrypted to the forensic key (wire
//! protocol §1.11).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use agent_receipts_core::RiskLevel;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use thiserror::Error;

/// Which actions disclose their parameters, or their responses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DisclosurePolicy {
    /// None: receipts hold hashes only.
    #[default]
    Off,
    /// Every action.
    All,
    /// Actions of high or critical risk.
    High,
    /// Actions of exactly these types.
    Only(BTreeSet<String>),
}

/// A policy text that names nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Two commas with nothing between them, or a comma at an end.
    #[error("an action type in the list is empty")]
    EmptyActionType,
    /// A keyword among action types; it is unclear which of the two was meant.
    #[error("the keyword `{word}` cannot stand in a list of action types")]
    KeywordInList {
        /// The keyword.
        word: String,
    },
}

impl DisclosurePolicy {
    /// Whether an action of this type and risk is to be disclosed. Types are compared exactly.
    pub(crate) fn elects(&self, action_type: &str, risk: RiskLevel) -> bool {
        match self {
            Self::Off => false,
            Self::All => true,
            Self::High => matches!(risk, RiskLevel::High | RiskLevel::Critical),
            Self::Only(types) => types.contains(action_type),
        }
    }

    /// Whether nothing at all is to be disclosed.
    pub(crate) fn is_off(&self) -> bool {
        *self == Self::Off
    }
}

/// The text that reads back to this policy.
impl fmt::Display for DisclosurePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::All => f.write_str("all"),
            Self::High => f.write_str("high"),
            Self::Only(types) => f.write_str(&types.iter().map(String::as_str).collect::<Vec<_>>().join(",")),
        }
    }
}

impl FromStr for DisclosurePolicy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(policy) = keyword(text) {
            return Ok(policy);
        }
        let mut types = BTreeSet::new();
        for token in text.split(',').map(str::trim) {
            if token.is_empty() {
                return Err(PolicyError::EmptyActionType);
            }
            if keyword(token).is_some() {
                return Err(PolicyError::KeywordInList { word: token.to_owned() });
            }
            types.insert(token.to_owned());
        }
        Ok(Self::Only(types))
    }
}

fn keyword(text: &str) -> Option<DisclosurePolicy> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" | "false" | "off" | "0" => Some(DisclosurePolicy::Off),
        "true" | "all" | "1" => Some(DisclosurePolicy::All),
        "high" => Some(DisclosurePolicy::High),
        _ => None,
    }
}

/// Reads the file's three shapes (truth value, text, list of texts) as one policy text.
pub(super) fn policy_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Shapes).map(Some)
}

struct Shapes;

impl<'de> Visitor<'de> for Shapes {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a truth value, a text or a list of texts")
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<String, E> {
        Ok(truth.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<String, A::Error> {
        let mut types: Vec<String> = Vec::new();
        while let Some(kind) = list.next_element()? {
            types.push(kind);
        }
        Ok(types.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_in_any_case_and_with_space_around() {
        use DisclosurePolicy::{All, High, Off};
        for (texts, policy) in [
            (&["", "  ", "false", "OFF", "0"][..], Off),
            (&["true", "All", " 1 "][..], All),
            (&["high", "HIGH"][..], High),
        ] {
            for text in texts {
                assert_eq!(text.parse(), Ok(policy.clone()), "{text:?}");
            }
        }
    }

    #[test]
    fn a_list_names_exact_action_types() {
        let Ok(DisclosurePolicy::Only(types)) = "data.read, system.command.execute".parse() else { panic!() };
        assert_eq!(types.into_iter().collect::<Vec<_>>(), ["data.read", "system.command.execute"]);
    }

    #[test]
    fn what_is_printed_reads_back() {
        for text in ["off", "all", "high", "a.b", "a.b,c.d"] {
            let policy: DisclosurePolicy = text.parse().unwrap();
            assert_eq!(policy.to_string(), text);
        }
    }

    #[test]
    fn a_policy_elects_by_risk_or_by_the_exact_type() {
        let elected = |policy: &str, kind: &str| {
            policy
                .parse::<DisclosurePolicy>()
                .unwrap()
                .elects(kind, agent_receipts_core::taxonomy::risk_of(kind))
        };
        let (low, medium) = ("filesystem.file.read", "sdk.t");
        let (high, critical) = ("system.command.execute", "financial.payment.initiate");
        assert_eq!(
            [low, medium, high, critical].map(|kind| elected("high", kind)),
            [false, false, true, true]
        );
        assert_eq!([low, critical].map(|kind| elected("all", kind)), [true; 2]);
        assert_eq!([low, critical].map(|kind| elected("off", kind)), [false; 2]);
        for (kind, is_elected) in [("sdk.t", true), ("sdk.T", false), ("sdk", false), ("sdk.t2", false)] {
            assert_eq!(elected("x, sdk.t", kind), is_elected, "{kind}");
        }
    }

    #[test]
    fn a_list_with_a_hole_or_a_keyword_is_refused() {
        for text in [",", "a,", ",a", "a,,b", "a, ,b"] {
            assert_eq!(text.parse::<DisclosurePolicy>(), Err(PolicyError::EmptyActionType), "{text:?}");
        }
        for text in ["a,high", "Off,a", "a,1"] {
            let refused = matches!(text.parse::<DisclosurePolicy>(), Err(PolicyError::KeywordInList { .. }));
            assert!(refused, "{text:?}");
        }
    }
}
