//! Why a frame's body is no event.

use agent_receipts_core::json::JsonError;
use thiserror::Error;

/// A frame's body that is no valid event, and whether its sender waits for a reply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid emitter frame: {fault}")]
pub struct EventError {
    /// What is wrong.
    pub fault: EventFault,
    /// Whether the frame was a JSON object with `"ack": true`, so that its sender must be told.
    pub ack_requested: bool,
}

/// What is wrong with an event. The checks come in the order of wire protocol §1.5; the first that fails is named.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventFault {
    /// Not JSON, deeper than 10,000, a number beyond a double, or a duplicate key in the frame or in `tool`.
    #[error("decode emitter frame: {0}")]
    Json(#[from] JsonError),
    /// JSON, but neither an object nor `null`.
    #[error("decode emitter frame: expected an object, found {found}")]
    NotAnObject {
        /// The type that was found.
        found: &'static str,
    },
    /// A key's value has another type than the protocol gives it.
    #[error("decode emitter frame: `{key}` must be {expected}, found {found}")]
    WrongType {
        /// The key, with `tool.` before those inside `tool`.
        key: &'static str,
        /// The type it must have.
        expected: &'static str,
        /// The type that was found.
        found: &'static str,
    },
    /// `drop_count` is a number, but no integer literal that fits.
    #[error("decode emitter frame: drop_count `{literal}` is not an integer up to {MAX_DROP_COUNT}")]
    DropCountLiteral {
        /// The literal, cut short.
        literal: String,
    },
    /// A required key is absent, `null` or empty.
    #[error("missing {key}")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// `v` names a version other than `1`.
    #[error("unsupported frame version `{found}` (this daemon accepts `1`)")]
    UnsupportedVersion {
        /// The version, cut short.
        found: String,
    },
    /// `ts_emit` is no time stamp.
    #[error("ts_emit `{found}` is not RFC3339/RFC3339Nano")]
    Timestamp {
        /// The text, cut short.
        found: String,
    },
    /// `decision` is none of the three words.
    #[error("unknown decision `{found}` (want allowed|denied|pending)")]
    UnknownDecision {
        /// The word, cut short.
        found: String,
    },
    /// `drop_count` is below zero.
    #[error("drop_count {count} is negative")]
    NegativeDropCount {
        /// The count.
        count: i64,
    },
    /// A text is longer than its limit; lengths are UTF-8 bytes after unescaping.
    #[error("{key} exceeds {limit} bytes (got {length})")]
    TooLong {
        /// The key.
        key: &'static str,
        /// The most bytes it may have.
        limit: usize,
        /// The bytes it has.
        length: usize,
    },
    /// `operator_name` stands alone.
    #[error("operator_name set without operator_id")]
    OperatorNameAlone,
    /// `agent_id` would break the chain id that is made of it.
    #[error("agent_id must not contain '/' or null bytes")]
    AgentIdCharacter,
    /// One half of the target is absent.
    #[error("target_system and target_resource must both be set or both absent")]
    HalfTarget,
}

impl EventFault {
    /// A stable word for counters, logs and a refusal's `code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(JsonError::DuplicateMember { .. }) => "duplicate_key",
            Self::Json(_) => "malformed_json",
            Self::NotAnObject { .. } | Self::WrongType { .. } => "wrong_type",
            Self::DropCountLiteral { .. } | Self::NegativeDropCount { .. } => "bad_drop_count",
            Self::Missing { .. } => "missing_field",
            Self::UnsupportedVersion { .. } => "unsupported_version",
            Self::Timestamp { .. } => "bad_timestamp",
            Self::UnknownDecision { .. } => "unknown_decision",
            Self::TooLong { .. } => "field_too_long",
            Self::OperatorNameAlone => "operator_name_alone",
            Self::AgentIdCharacter => "bad_agent_id",
            Self::HalfTarget => "half_target",
        }
    }
}

/// The greatest `drop_count`: 2^53 - 1, the greatest integer that JSON readers agree on.
///
/// The reference takes more and would round it when it canonicalises the receipt; a rounded count is a false one.
pub const MAX_DROP_COUNT: u64 = (1 << 53) - 1;

/// `text` for an error message: one line, printable, and not as long as a hostile frame.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 48;
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("maybe"), "maybe");
        assert_eq!(excerpt("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert!(excerpt(&"x".repeat(1 << 20)).chars().count() <= 49);
    }
}
