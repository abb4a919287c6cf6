//! How far a sink has come.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::queue::Entry;

/// What one sink has, as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    format: u32,
    /// The sink's name, so that no file is taken for another's.
    pub sink: String,
    /// The log's name: the checkpoints of another log do not follow on these.
    pub log: String,
    /// How many receipts the last checkpoint covers that the sink has; 0 if it has none.
    pub size: u64,
    /// Their root hash, in base64.
    pub root: String,
    /// When it was delivered.
    pub at: String,
    /// How many checkpoints were delivered in all.
    pub delivered: u64,
    /// How many were passed over because the sink had a later one.
    pub superseded: u64,
    /// How far a file reaches, in bytes; 0 for other kinds.
    pub reach: u64,
}

/// Why a cursor cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is not one of ours, or was damaged.
    #[error("`{}` is damaged: {reason}; move it away together with the sink's evidence, and the sink begins anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is evidence and no cursor.
    #[error("`{}` is missing, and there is evidence in `{}`; restore it, or move the evidence away, and the sink begins anew", path.display(), evidence.display())]
    Missing {
        /// The cursor's file.
        path: PathBuf,
        /// The folder with evidence.
        evidence: PathBuf,
    },
}

impl Cursor {
    /// Where a sink begins that has nothing yet.
    pub(crate) fn start(sink: &str) -> Self {
        Self {
            format: FORMAT,
            sink: sink.to_owned(),
            log: String::new(),
            size: 0,
            root: String::new(),
            at: String::new(),
            delivered: 0,
            superseded: 0,
            reach: 0,
        }
    }

    /// Whether the sink has nothing yet.
    pub fn is_start(&self) -> bool {
        self.size == 0
    }

    /// The cursor after one more checkpoint.
    pub(crate) fn advance(&self, entry: &Entry, at: String, reach: u64, superseded: bool) -> Self {
        Self {
            format: FORMAT,
            sink: self.sink.clone(),
            log: entry.checkpoint().origin.to_string(),
            size: entry.size(),
            root: entry.checkpoint().root.to_base64(),
            at,
            delivered: self.delivered + u64::from(!superseded),
            superseded: self.superseded + u64::from(superseded),
            reach,
        }
    }

    /// Reads a cursor; `None` if there is none.
    pub(crate) fn load(path: &Path, sink: &str) -> Result<Option<Self>, CursorError> {
        let bytes = match disk::read(path, LIMIT) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| CursorError::Unreadable {
                path: path.to_owned(),
                reason: error.to_string(),
            })?,
        };
        let damaged = |reason: String| CursorError::Damaged { path: path.to_owned(), reason };
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if cursor.format != FORMAT {
            return Err(damaged(format!("format {} where {FORMAT} is known", cursor.format)));
        }
        if cursor.sink != sink {
            return Err(damaged(format!("it is the cursor of the sink `{}`", cursor.sink)));
        }
        Ok(Some(cursor))
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        // A struct of texts and numbers cannot fail to be written.
        let mut json = serde_json::to_vec(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}

const FORMAT: u32 = 1;
/// Bytes of a file.
const LIMIT: u64 = 64 << 10;
