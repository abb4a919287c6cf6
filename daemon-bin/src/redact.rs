//! Patterns of the operator's own for what is redacted, from a YAML file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use agent_receipts_core::redaction::{CustomPattern, PatternError, Redactor};
use serde::Deserialize;
use thiserror::Error;

/// Patterns that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternFileError {
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
    /// One that cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// The redactor of a daemon with the patterns in `file`, if one is named.
///
/// # Errors
///
/// [`PatternFileError`]. A daemon that cannot redact as told must not start.
pub(crate) fn redactor(file: Option<&Path>) -> Result<Redactor, PatternFileError> {
    let custom = file.map_or_else(|| Ok(Vec::new()), load_patterns)?;
    Ok(Redactor::new(&custom)?)
}

/// Reads `patterns: [{name: …, pattern: …}, …]` from a YAML file.
///
/// # Errors
///
/// [`PatternFileError`]: both fields are required, and unknown ones are refused, since a misspelt pattern protects nothing.
pub fn load_patterns(path: &Path) -> Result<Vec<CustomPattern>, PatternFileError> {
    let unreadable =
        |e: std::io::Error| PatternFileError::Unreadable { path: path.to_owned(), kind: e.kind() };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text))
        .map_err(unreadable)?;
    if text.len() as u64 > MAX_FILE {
        return Err(PatternFileError::Oversize { path: path.to_owned() });
    }
    let file: PatternFile = serde_saphyr::from_str(&text).map_err(|error| {
        PatternFileError::MalformedFile { path: path.to_owned(), reason: one_line(&error) }
    })?;
    match file.patterns.iter().position(|pattern| pattern.name.trim().is_empty()) {
        Some(at) => Err(PatternFileError::Unnamed { index: at + 1 }),
        None => Ok(file.patterns.into_iter().map(Line::into_pattern).collect()),
    }
}

/// The error's first line; the others draw the place.
fn one_line(error: &serde_saphyr::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternFile {
    patterns: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    pattern: String,
}

impl Line {
    fn into_pattern(self) -> CustomPattern {
        CustomPattern { name: self.name, pattern: self.pattern }
    }
}

/// Bytes.
const MAX_FILE: u64 = 1 << 20;
