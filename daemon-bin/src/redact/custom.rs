//! The third pass: patterns of the operator's own, from a YAML file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use thiserror::Error;

/// One pattern of the operator's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomPattern {
    /// What error messages call it.
    pub name: String,
    /// A regular expression (syntax of the crate `regex`, nearly RE2). Every match is replaced whole.
    pub pattern: String,
}

/// Patterns that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The file cannot be read.
    #[error("cannot read the redaction patterns `{}`: {}", path.display(), std::io::Error::from(*kind))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// The file is larger than 1 MiB.
    #[error("the redaction patterns `{}` are larger than 1 MiB", path.display())]
    Oversize {
        /// The file.
        path: PathBuf,
    },
    /// Not `patterns: [{name, pattern}]`.
    #[error("the redaction patterns `{}` are malformed: {reason}", path.display())]
    MalformedFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A pattern without a name.
    #[error("redaction pattern {index} has an empty name")]
    Unnamed {
        /// Its place in the file, from 1.
        index: usize,
    },
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

/// Reads `patterns: [{name: …, pattern: …}, …]` from a YAML file.
///
/// # Errors
///
/// [`PatternError`]: both fields are required, and unknown ones are refused, since a misspelt pattern protects nothing.
pub fn load_patterns(path: &Path) -> Result<Vec<CustomPattern>, PatternError> {
    let unreadable = |e: std::io::Error| PatternError::Unreadable { path: path.to_owned(), kind: e.kind() };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text))
        .map_err(unreadable)?;
    if text.len() as u64 > MAX_FILE {
        return Err(PatternError::Oversize { path: path.to_owned() });
    }
    let file: PatternFile = serde_saphyr::from_str(&text)
        .map_err(|error| PatternError::MalformedFile { path: path.to_owned(), reason: one_line(&error) })?;
    match file.patterns.iter().position(|pattern| pattern.name.trim().is_empty()) {
        Some(at) => Err(PatternError::Unnamed { index: at + 1 }),
        None => Ok(file.patterns),
    }
}

/// The error's first line; the others draw the place.
fn one_line(error: &serde_saphyr::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternFile {
    patterns: Vec<CustomPattern>,
}

/// Bytes.
const MAX_FILE: u64 = 1 << 20;

/// Bytes of one compiled pattern: `a{1000}{1000}` must not fill the memory.
const COMPILED_SIZE: usize = 1 << 20;
