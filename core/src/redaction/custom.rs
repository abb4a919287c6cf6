//! The third pass: patterns of the operator's own.

use regex::{Regex, RegexBuilder};
use thiserror::Error;

/// One pattern of the operator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomPattern {
    /// What error messages call it.
    pub name: String,
    /// A regular expression (syntax of the crate `regex`, nearly RE2). Every match is replaced whole.
    pub pattern: String,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Not a regular expression, or one too large.
    #[error("redaction pattern `{name}` is malformed: {reason}")]
    Malformed {
        /// The pattern's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern that matches the empty text would cut every text to pieces.
    #[error("redaction pattern `{name}` matches the empty text")]
    MatchesNothing {
        /// The pattern's name.
        name: String,
    },
}

impl CustomPattern {
    /// Whether it can be used.
    ///
    /// # Errors
    ///
    /// [`PatternError`], which names the pattern.
    pub fn check(&self) -> Result<(), PatternError> {
        self.compile().map(drop)
    }

    pub(super) fn compile(&self) -> Result<Regex, PatternError> {
        let name = || self.name.clone();
        let pattern = RegexBuilder::new(&self.pattern)
            .size_limit(COMPILED_SIZE)
            .build()
            .map_err(|error| PatternError::Malformed { name: name(), reason: error.to_string() })?;
        if pattern.is_match("") {
            return Err(PatternError::MatchesNothing { name: name() });
        }
        Ok(pattern)
    }
}

/// Bytes of one compiled pattern: `a{1000}{1000}` must not fill the memory.
const COMPILED_SIZE: usize = 1 << 20;
