//! Secrets that the operator knows the form of, kept out of what approvers see and of errors, beside those that the daemon knows.

use agent_receipts_core::redaction::{CustomPattern, PatternError};
use serde::{Deserialize, Deserializer, de};

/// Reads a regular expression (syntax of the crate `regex`, nearly RE2: matches in linear time) for a YAML reader.
pub(super) fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let pattern = CustomPattern { name: String::new(), pattern: text };
    let refused = |reason: &str| {
        de::Error::custom(format_args!("the redaction pattern `{}` {reason}", pattern.pattern))
    };
    match pattern.check() {
        Ok(()) => Ok(pattern.pattern),
        Err(PatternError::Malformed { reason, .. }) => {
            let reason = reason.lines().next_back().unwrap_or_default().trim_start_matches("error: ");
            Err(refused(&format!("is malformed: {reason}")))
        }
        // It would cut every text to pieces.
        Err(PatternError::MatchesNothing { .. }) => Err(refused("matches the empty text")),
        Err(other) => Err(refused(&other.to_string())),
    }
}
