//! What an operator's program asks a running daemon, and what it is told: one frame each way, on a socket of its own.
//!
//! A request is `{"v":"1","request":"status",…}`, a reply `{"v":"1","ok":true,…}` or
//! `{"v":"1","ok":false,"error":{"code":"…","message":"…"}}`. Whatever else a request or a reply holds is its own.

use std::path::{Path, PathBuf};

use agent_receipts_core::json::{self, JsonError, Object, Rules, Value};
use thiserror::Error;

/// The environment variable that names the control socket.
pub const CONTROL_VARIABLE: &str = "AGENTRECEIPTS_CONTROL_SOCKET";

/// The longest request in bytes.
pub const MAX_CONTROL_REQUEST: usize = 16 * 1024;

/// The control socket of a daemon whose events come in at `socket`: `control.sock` beside it.
pub fn control_socket_beside(socket: &Path) -> PathBuf {
    socket.with_file_name("control.sock")
}

/// One thing that is asked of a running daemon.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlRequest {
    /// What is asked for: `status`, `rotate`.
    pub name: String,
    /// What belongs to it. The names `v` and `request` are taken.
    pub arguments: Object,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum ControlReply {
    /// It was done, and this is what there is to tell. The names `v` and `ok` are taken.
    Done(Object),
    /// It was not done.
    Refused {
        /// A stable word for programs.
        code: String,
        /// A sentence for people.
        message: String,
    },
}

/// Why a request or a reply could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// It is not JSON.
    #[error("not json: {0}")]
    Json(#[from] JsonError),
    /// Its version is not `1`.
    #[error("another version than `1`")]
    Version,
    /// A member is absent or has another type.
    #[error("`{member}` is absent or has the wrong type")]
    Member {
        /// The member.
        member: &'static str,
    },
}

impl ControlRequest {
    /// A request without arguments.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), arguments: Object::new() }
    }

    /// The request's body.
    pub fn to_json(&self) -> Vec<u8> {
        let mut object = self.arguments.clone();
        object.insert("v", VERSION);
        object.insert("request", self.name.as_str());
        json::canonical(&object.into())
    }

    /// Reads a request's body.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if it is no request of this version.
    pub fn from_json(body: &[u8]) -> Result<Self, ControlError> {
        let mut arguments = members(body)?;
        let name = arguments.remove("request").and_then(|name| name.into_string().ok());
        Ok(Self { name: name.ok_or(ControlError::Member { member: "request" })?, arguments })
    }
}

impl ControlReply {
    /// A refusal.
    pub fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::Refused { code: code.to_owned(), message: message.into() }
    }

    /// The reply's body.
    pub fn to_json(&self) -> Vec<u8> {
        let mut object = match self {
            Self::Done(object) => object.clone(),
            Self::Refused { code, message } => {
                let error: Object =
                    [("code", code.as_str()), ("message", message.as_str())].into_iter().collect();
                [("error", Value::from(error))].into_iter().collect()
            }
        };
        object.insert("v", VERSION);
        object.insert("ok", matches!(self, Self::Done(_)));
        json::canonical(&object.into())
    }

    /// Reads a reply's body.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if it is no reply of this version.
    pub fn from_json(body: &[u8]) -> Result<Self, ControlError> {
        let mut object = members(body)?;
        let ok = object.remove("ok").and_then(|ok| ok.as_bool());
        if ok.ok_or(ControlError::Member { member: "ok" })? {
            return Ok(Self::Done(object));
        }
        let text = |member: &'static str| {
            let error = object.get("error").and_then(Value::as_object);
            let text = error.and_then(|error| error.get(member)).and_then(Value::as_str);
            text.map(str::to_owned).ok_or(ControlError::Member { member })
        };
        Ok(Self::Refused { code: text("code")?, message: text("message")? })
    }
}

/// The members of a message of this version, without its version.
fn members(body: &[u8]) -> Result<Object, ControlError> {
    let mut object = json::parse(body, Rules::Receipt)?.into_object().map_err(|_| ControlError::Version)?;
    match object.remove("v") {
        Some(version) if version.as_str() == Some(VERSION) => Ok(object),
        _ => Err(ControlError::Version),
    }
}

const VERSION: &str = "1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut request = ControlRequest::new("rotate");
        request.arguments.insert("anchor_log", "/x");
        assert_eq!(ControlRequest::from_json(&request.to_json()), Ok(request));
        let done = ControlReply::Done([("chain", "audit")].into_iter().collect());
        for reply in [done, ControlReply::refused("unknown_request", "no `x` here")] {
            assert_eq!(ControlReply::from_json(&reply.to_json()), Ok(reply));
        }
    }

    #[test]
    fn what_is_no_message_of_this_version_is_refused() {
        for body in [&b""[..], b"[]", b"7", br#"{"request":"status"}"#, br#"{"v":"2","request":"status"}"#] {
            assert!(ControlRequest::from_json(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
        let member = |member| Err(ControlError::Member { member });
        assert_eq!(ControlRequest::from_json(br#"{"v":"1"}"#), member("request").map(|()| unreachable!()));
        assert!(ControlRequest::from_json(br#"{"v":"1","request":7}"#).is_err());
        for body in [r#"{"v":"1"}"#, r#"{"v":"1","ok":"yes"}"#, r#"{"v":"1","ok":false}"#] {
            assert!(ControlReply::from_json(body.as_bytes()).is_err(), "{body}");
        }
    }
}
