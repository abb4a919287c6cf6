use std::path::{Path, PathBuf};

use crate::workspace::WorkspaceError;

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PackageError {
    /// A program could not be run or failed.
    #[error("`{program}` failed: {reason}")]
    Program {
        /// The program.
        program: String,
        /// What is known of it.
        reason: String,
    },
    /// A file could not be put in its place.
    #[error("cannot {what} `{}`: {reason}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A placeholder that nothing fills, or that is not there.
    #[error("the template of the control file: {0}")]
    Template(String),
    /// The workspace could not be asked.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl PackageError {
    pub(super) fn file<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |error| Self::File { what, path: path.to_owned(), reason: error.to_string() }
    }
}
