//! A configuration file's text and what it says.

use std::ops::Range;

use super::tree::Node;
use super::{json, toml};

/// The languages that agents' hosts are configured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// JSON. Comments and commas before a closing bracket are read, since some hosts read them, and kept.
    Json,
    /// TOML.
    Toml,
}

/// A text that is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DocumentError {
    /// Neither JSON nor TOML, whichever it should be.
    #[error("not valid {language}: {reason}")]
    Malformed {
        /// What it should be.
        language: &'static str,
        /// What is wrong, and where; never what stands there.
        reason: String,
    },
    /// Two members of one object have one name: nobody knows which of them a host takes.
    #[error("`{name}` stands twice in one object, the second time in line {line}")]
    Duplicate {
        /// The name.
        name: String,
        /// Where, from 1.
        line: usize,
    },
    /// Not an object at the outermost.
    #[error("not an object")]
    NoObject,
}

/// A text, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// The whole text.
    pub(super) text: String,
    /// Its language.
    pub(super) syntax: Syntax,
    /// What it says: an object.
    pub(super) root: Node,
}

impl Document {
    /// Parses a text.
    ///
    /// # Errors
    ///
    /// [`DocumentError`]: what two readers could take for two things is refused.
    pub(super) fn parse(text: String, syntax: Syntax) -> Result<Self, DocumentError> {
        // Editors leave a byte order mark; it is no part of either language and stays where it is.
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let root = match syntax {
            Syntax::Json => json::parse(&text, start)?,
            Syntax::Toml => toml::parse(&text, start)?,
        };
        if root.members().is_none() {
            return Err(DocumentError::NoObject);
        }
        Ok(Self { text, syntax, root })
    }

    /// The text at a place.
    pub(super) fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// How lines end.
    pub(super) fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Where the line begins that holds this place.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |line_break| line_break + 1)
    }

    /// What stands before everything else in the line of this place.
    pub(super) fn indentation(&self, at: usize) -> &str {
        let line = self.text.get(self.line_start(at)..at).unwrap_or_default();
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }
}

/// A text in quotes, as both languages write it.
pub(super) fn quoted(text: &str) -> String {
    // JSON lets this one character stand raw, TOML does not.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// The line of a place, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
