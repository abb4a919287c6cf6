//! An error on its way to C: its number and its words.

use crate::code::Err;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Err,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: Err, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn null(what: &str) -> Self {
        Self::new(Err::Null, format!("`{what}` is NULL"))
    }

    pub(crate) fn not_utf8(what: &str) -> Self {
        Self::new(Err::Utf8, format!("`{what}` is not UTF-8"))
    }
}
