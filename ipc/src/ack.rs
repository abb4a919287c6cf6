//! The reply to a frame that asked for one with `"ack": true`.

use agent_receipts_core::json::{self, JsonError, Object, Rules, Value};
use thiserror::Error;

/// What became of one event, told after the commit and only to a sender that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ack {
    /// The receipt is on disk.
    Accepted {
        /// The receipt's id.
        receipt_id: String,
        /// The chain it stands in.
        chain_id: String,
        /// Its place there, from 1.
        sequence: u64,
        /// Its hash, `sha256:` and 64 hex digits.
        receipt_hash: String,
    },
    /// There is no receipt.
    Refused {
        /// A stable word for programs.
        code: String,
        /// A sentence for people.
        message: String,
    },
}

/// Why a reply could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AckError {
    /// The reply is not JSON.
    #[error("the reply is not JSON: {0}")]
    Json(#[from] JsonError),
    /// The reply's version is not `1`.
    #[error("the reply has another version than `1`")]
    Version,
    /// A member is absent or has another type.
    #[error("the reply's `{member}` is absent or has the wrong type")]
    Member {
        /// The member.
        member: &'static str,
    },
}

impl Ack {
    /// The reply's body, one JSON object with the members in the order that the protocol lists them.
    pub fn to_json(&self) -> Vec<u8> {
        match self {
            Self::Accepted { receipt_id, chain_id, sequence, receipt_hash } => format!(
                r#"{{"v":"1","ok":true,"receipt_id":{},"chain_id":{},"sequence":{sequence},"receipt_hash":{}}}"#,
                quoted(receipt_id),
                quoted(chain_id),
                quoted(receipt_hash)
            ),
            Self::Refused { code, message } => format!(
                r#"{{"v":"1","ok":false,"error":{{"code":{},"message":{}}}}}"#,
                quoted(code),
                quoted(message)
            ),
        }
        .into_bytes()
    }

    /// Reads a reply's body. Members that a later daemon may add are passed over.
    pub fn from_json(body: &[u8]) -> Result<Ack, AckError> {
        let value = json::parse(body, Rules::Receipt)?;
        let reply = value.as_object().ok_or(AckError::Version)?;
        if reply.get("v").and_then(Value::as_str) != Some("1") {
            return Err(AckError::Version);
        }
        match reply.get("ok").and_then(Value::as_bool).ok_or(AckError::Member { member: "ok" })? {
            true => Ok(Self::Accepted {
                receipt_id: text(reply, "receipt_id")?,
                chain_id: text(reply, "chain_id")?,
                sequence: sequence(reply)?,
                receipt_hash: text(reply, "receipt_hash")?,
            }),
            false => {
                let error = reply.get("error").and_then(Value::as_object);
                let error = error.ok_or(AckError::Member { member: "error" })?;
                Ok(Self::Refused { code: text(error, "code")?, message: text(error, "message")? })
            }
        }
    }
}

fn text(object: &Object, member: &'static str) -> Result<String, AckError> {
    object.get(member).and_then(Value::as_str).map(str::to_owned).ok_or(AckError::Member { member })
}

fn sequence(reply: &Object) -> Result<u64, AckError> {
    let sequence = reply.get("sequence").and_then(Value::as_u64).filter(|sequence| *sequence > 0);
    sequence.ok_or(AckError::Member { member: "sequence" })
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    String::from_utf8_lossy(&json::canonical(&Value::from(text))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted() -> Ack {
        Ack::Accepted {
            receipt_id: "urn:receipt:1".into(),
            chain_id: "2026-11-22/agent/é\"\n".into(),
            sequence: 7,
            receipt_hash: "sha256:00".into(),
        }
    }

    #[test]
    fn the_bytes_are_exactly_these() {
        assert_eq!(
            String::from_utf8(accepted().to_json()).unwrap(),
            "{\"v\":\"1\",\"ok\":true,\"receipt_id\":\"urn:receipt:1\",\"chain_id\":\"2026-11-22/agent/é\\\"\\n\",\
             \"sequence\":7,\"receipt_hash\":\"sha256:00\"}"
        );
        let refused = Ack::Refused { code: "missing_field".into(), message: "missing v".into() };
        assert_eq!(
            String::from_utf8(refused.to_json()).unwrap(),
            r#"{"v":"1","ok":false,"error":{"code":"missing_field","message":"missing v"}}"#
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let refused = Ack::Refused { code: "c\u{0}".into(), message: "m\\".into() };
        for ack in [accepted(), refused] {
            assert_eq!(Ack::from_json(&ack.to_json()), Ok(ack));
        }
    }

    #[test]
    fn a_reply_that_is_none_is_named() {
        let cases: [(&str, AckError); 9] = [
            ("[]", AckError::Version),
            ("{}", AckError::Version),
            (r#"{"v":1,"ok":true}"#, AckError::Version),
            (r#"{"v":"2","ok":true}"#, AckError::Version),
            (r#"{"v":"1"}"#, AckError::Member { member: "ok" }),
            (r#"{"v":"1","ok":"true"}"#, AckError::Member { member: "ok" }),
            (r#"{"v":"1","ok":false}"#, AckError::Member { member: "error" }),
            (r#"{"v":"1","ok":false,"error":{"code":"c"}}"#, AckError::Member { member: "message" }),
            (
                r#"{"v":"1","ok":true,"receipt_id":"r","chain_id":"c","sequence":1.5,"receipt_hash":"h"}"#,
                AckError::Member { member: "sequence" },
            ),
        ];
        for (body, error) in cases {
            assert_eq!(Ack::from_json(body.as_bytes()), Err(error), "{body}");
        }
        assert!(matches!(Ack::from_json(b"{"), Err(AckError::Json(_))));
        assert!(matches!(Ack::from_json(br#"{"v":"1","v":"1"}"#), Err(AckError::Json(_))));
    }
}
