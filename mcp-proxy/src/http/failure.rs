//! What a client is told when a request has no answer.

use agent_receipts_core::json::Value;
use agent_receipts_core::json::canonical;

use super::outline::Id;
use super::remote::RemoteError;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// The exchange failed.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The server refused, and not in the words of the protocol.
    #[error("the server answered with status {status}")]
    Status {
        /// Of HTTP.
        status: u16,
    },
    /// The server wants to know who asks.
    #[error(
        "the server answered with status 401: it wants a credential, which `--header-env Authorization=VARIABLE` can bring"
    )]
    Unauthorized,
    /// The session is unknown to the server by now.
    #[error("the server has ended the session")]
    SessionGone,
    /// The server took the request for something that needs no answer.
    #[error("the server accepted the request without answering it")]
    Accepted,
    /// The answer is of a type that no server may send.
    #[error("the server answered with the content type `{0}`")]
    Content(String),
    /// The answer does not answer this request.
    #[error("the server answered another request than this")]
    Another,
    /// The stream of events ended before the answer came, and cannot be had again.
    #[error("the server's stream ended without an answer")]
    Ended,
    /// The proxy was told to end.
    #[error("the proxy ended")]
    Stopped,
}

impl Failure {
    /// The JSON-RPC error that the client gets.
    pub(crate) fn answer(&self, id: &Id) -> Vec<u8> {
        let reason = Value::from(self.to_string());
        let reason = String::from_utf8_lossy(&canonical(&reason)).into_owned();
        format!(
            r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":{CONNECTION_CLOSED},"message":{reason},"data":{{"answered_by":"agent-receipts-mcp"}}}}}}"#,
            id.0
        )
        .into_bytes()
    }
}

/// What the official SDKs use where a connection ends before an answer.
const CONNECTION_CLOSED: i32 = -32000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_json_whatever_the_server_says() {
        let failure = Failure::Content("text/html\"; evil=\\\u{1}".into());
        let answer: serde_json::Value = serde_json::from_slice(&failure.answer(&Id("\"a\"".into()))).unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&"a".into(), &(-32000).into()));
        assert!(answer["error"]["message"].as_str().unwrap().contains("evil=\\\u{1}"));
    }
}
