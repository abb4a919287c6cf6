//! What is asked.

use std::fmt;
use std::time::{Duration, SystemTime};

use agent_receipts_core::json::{Object, Value, canonical};
use ring::digest::{SHA256, digest};

/// The name of one question: 32 hexadecimal digits that nobody can guess.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApprovalId(String);

impl ApprovalId {
    /// The name that `text` is, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let well = text.len() == LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names that nobody guesses who does not know the seed, and that are told apart by their number.
pub(super) struct Names {
    seed: [u8; 32],
    given: u64,
}

impl Names {
    /// `seed` is random, and known to nobody else.
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { seed, given: 0 }
    }

    pub(super) fn next(&mut self) -> ApprovalId {
        self.given += 1;
        let mut text = [0; 40];
        text[..32].copy_from_slice(&self.seed);
        text[32..].copy_from_slice(&self.given.to_be_bytes());
        let hash = digest(&SHA256, &text);
        ApprovalId(hex(&hash.as_ref()[..LENGTH / 2]))
    }
}

/// One call that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The server's name.
    pub server: String,
    /// The tool's name.
    pub tool: String,
    /// The arguments for the eyes of whoever approves, as [`Policy::shown`](crate::Policy::shown) makes them; a final `…` says that there is more.
    pub arguments: String,
    /// The rule that paused it.
    pub rule: String,
    /// What that rule says of itself.
    pub description: String,
    /// The risk, 0 to 100.
    pub score: u8,
    /// The call's correlation id, as its receipts have it.
    pub correlation_id: String,
}

/// A question that nobody has answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its name.
    pub id: ApprovalId,
    /// What is asked.
    pub question: Question,
    /// When it was asked.
    pub asked: SystemTime,
    /// How much longer it can be answered.
    pub left: Duration,
}

impl Pending {
    /// As the endpoint and the command are told it.
    pub(super) fn as_json(&self) -> Value {
        let asked = self.asked.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let question = &self.question;
        let members: [(&str, Value); 10] = [
            ("approval_id", self.id.as_str().into()),
            ("server", question.server.as_str().into()),
            ("tool_name", question.tool.as_str().into()),
            ("arguments", question.arguments.as_str().into()),
            ("rule_name", question.rule.as_str().into()),
            ("rule_description", question.description.as_str().into()),
            ("risk_score", u32::from(question.score).into()),
            ("correlation_id", question.correlation_id.as_str().into()),
            ("asked_at_unix_ms", (asked.as_millis() as u64).into()),
            ("left_ms", (self.left.as_millis() as u64).into()),
        ];
        Value::Object(members.into_iter().collect::<Object>())
    }

    /// The same as text.
    pub(super) fn to_json(&self) -> Vec<u8> {
        canonical(&self.as_json())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Hexadecimal digits: 128 bits.
const LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_say_nothing_of_each_other() {
        let mut names = Names::new([7; 32]);
        let (one, two) = (names.next(), names.next());
        assert_ne!(one, two);
        assert_ne!(one, Names::new([8; 32]).next());
        assert_eq!(one, Names::new([7; 32]).next());
        assert_eq!(ApprovalId::parse(one.as_str()), Some(one));
    }

    #[test]
    fn only_a_name_is_a_name() {
        for odd in ["", "../x", &"A".repeat(32), &"g".repeat(32), &"0".repeat(31), &"0".repeat(33), "é"] {
            assert_eq!(ApprovalId::parse(odd), None, "{odd}");
        }
    }
}
