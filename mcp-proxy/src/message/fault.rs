//! Why a client's message is not understood, and so goes no further.

use agent_receipts_core::json::JsonError;

use super::Id;

/// A message that goes no further, and what its sender is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The request's id, if it has one that can be answered.
    pub id: Option<Id>,
    /// Whether an answer is due: none is to a notification.
    pub is_answered: bool,
    /// The tool's name, if the message names one.
    pub tool: Option<String>,
    /// What is wrong.
    pub fault: MessageFault,
}

/// What is wrong with a client's message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageFault {
    /// Not the JSON that every reader reads alike (RFC 7493).
    #[error("not strict json: {0}")]
    Json(#[from] JsonError),
    /// Some readers would take it for two lines.
    #[error("a carriage return inside of the message")]
    CarriageReturn,
    /// An array, which is a batch.
    #[error("batches are not taken; send one message a line")]
    Batch,
    /// Neither an object nor an array.
    #[error("not an object but a {found}")]
    NotAnObject {
        /// The type that was found.
        found: &'static str,
    },
    /// A member that some readers take for a known one.
    #[error("the member `{found}` can be taken for `{known}`")]
    Variant {
        /// The member as it stands, printable and cut short.
        found: String,
        /// What it can be taken for.
        known: &'static str,
    },
    /// `jsonrpc` is not `"2.0"`.
    #[error("`jsonrpc` must be `2.0`")]
    Version,
    /// Both a request and an answer, or neither.
    #[error("neither a request nor one answer: exactly one of `method`, `result` and `error` is needed")]
    Kind,
    /// `method` is no text, or has a NUL.
    #[error("`method` must be a text without NUL")]
    Method,
    /// A method that some readers take for one that is judged or recorded.
    #[error("the method can be taken for `{known}`")]
    MethodVariant {
        /// What it can be taken for.
        known: &'static str,
    },
    /// An id that readers differ on.
    #[error("`id` must be a text, or an integer within 2^53 without fraction or exponent")]
    Id,
    /// A call without an id: nobody could tell what came of it.
    #[error("`{method}` without an id")]
    NoId {
        /// The method.
        method: String,
    },
    /// `params` is no object where it must be one.
    #[error("`params` must be an object")]
    Params,
    /// The tool's name is absent, empty, too long or has a NUL.
    #[error("`name` must be a text of 1 to {} bytes without NUL", super::MAX_NAME)]
    Name,
    /// `arguments` is there and is no object.
    #[error("`arguments` must be an object, found {found}")]
    Arguments {
        /// The type that was found.
        found: &'static str,
    },
}

impl MessageFault {
    /// The code of JSON-RPC (§5.1) for it.
    pub fn code(&self) -> i32 {
        match self {
            Self::Json(_) | Self::CarriageReturn => -32700,
            Self::MethodVariant { .. } => -32601,
            Self::Params | Self::Name | Self::Arguments { .. } => -32602,
            _ => -32600,
        }
    }
}
