//! What went wrong last, for `--status`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk::{self, Disk};

/// The last failure of a sink, until its next success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// When.
    pub(crate) at: String,
    /// How many attempts in a row failed.
    pub(crate) failures: u32,
    /// What was wrong with the last.
    pub(crate) error: String,
    /// Whether a person must look.
    pub(crate) alarm: bool,
}

impl Trouble {
    /// Reads it. One that cannot be read tells nothing, and nothing depends on it.
    pub(crate) fn load(path: &Path) -> Option<Self> {
        serde_json::from_slice(&disk::read(path, 64 << 10).ok()?).ok()
    }

    /// Keeps it. On a full disk there may be no room for it: the log has it, too.
    pub(crate) fn keep(&self, disk: &Disk, path: &Path) {
        if let Ok(json) = serde_json::to_vec(self) {
            let _ = disk.replace(path, &json);
        }
    }

    /// Forgets it.
    pub(crate) fn forget(path: &Path) {
        let _ = std::fs::remove_file(path);
    }
}
