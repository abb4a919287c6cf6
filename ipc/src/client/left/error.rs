//! Why a count of lost events could not be left for the next emitter.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::private_folder::FolderError;

/// Why a count of lost events was not left, or what was left is not believed. Nothing of anybody else's was touched.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DropFileError {
    /// The emitter was made without drop files.
    #[error("drop files are switched off for this emitter")]
    SwitchedOff,
    /// The environment names no folder of this user.
    #[error("no folder for drop files: set XDG_RUNTIME_DIR or HOME, or name one for this emitter")]
    NoFolder,
    /// The folder, or one above it, is not this user's own.
    #[error("`{}` {fault}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it, and the mend where there is one.
        fault: &'static str,
    },
    /// Something stands in the file's place that is none of ours.
    #[error("`{}` is no drop file: {fault}", path.display())]
    NotADropFile {
        /// The file's path.
        path: PathBuf,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Another process held the file all the time that there was.
    #[error("`{}` is locked by another process", path.display())]
    Locked {
        /// The file's path.
        path: PathBuf,
    },
    /// A system call failed.
    #[error("cannot {step} `{}`: {kind}", path.display())]
    System {
        /// What was being done.
        step: &'static str,
        /// The path it was done to.
        path: PathBuf,
        /// The system's reason.
        kind: io::ErrorKind,
    },
}

impl From<FolderError> for DropFileError {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Unfit { path, fault } => Self::Folder { path, fault },
            FolderError::System { step, path, kind } => Self::System { step, path, kind },
        }
    }
}

pub(super) fn system<'a>(step: &'static str, path: &'a Path) -> impl Fn(io::Error) -> DropFileError + 'a {
    move |error| DropFileError::System { step, path: path.to_owned(), kind: error.kind() }
}

/// What [`Emitter::close`](crate::Emitter::close) did with the count of lost events that the daemon had not been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untold {
    /// There was none.
    Nothing,
    /// The next emitter of this session and user will tell it.
    Left {
        /// How many events.
        count: u64,
        /// The file that says so.
        file: PathBuf,
    },
    /// Nobody will tell it, unless this emitter is closed once more and then succeeds: until then
    /// [`Emitter::dropped`](crate::Emitter::dropped) still counts it.
    Lost {
        /// How many events.
        count: u64,
        /// Why it could not be left.
        error: DropFileError,
    },
}
