//! Evidence in files: logs, notes, and folders of both.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use agent_receipts_chain::audit::Evidence;
use agent_receipts_chain::checkpoint::MAX_NOTE;

use crate::verification::lines::{LinesError, each_line};

/// What was found in the files that were named.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// What can be read as evidence, and is not believed yet.
    pub(crate) evidence: Vec<Evidence>,
    /// Where something stands that cannot, and why.
    pub(crate) unreadable: Vec<(String, String)>,
}

/// Why files of evidence cannot be looked at at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EvidenceFileError {
    /// A file or folder cannot be read.
    #[error("could not read `{}`: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A path leads to something that is neither a file nor a folder.
    #[error("`{}` is neither a file nor a folder", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A log has a line that is too long.
    #[error(transparent)]
    Lines(#[from] LinesError),
    /// There is more evidence than is taken in.
    #[error("more than {MOST} files or records of evidence: name fewer")]
    TooMuch,
}

impl Kept {
    /// Reads logs (`*.ndjson` or any other file of JSON lines), bare notes, each with the `.heads` beside it, and folders of them.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, EvidenceFileError> {
        let mut kept = Self::default();
        for path in paths {
            let about = fs::metadata(path).map_err(unreadable(path))?;
            if about.is_dir() {
                kept.read_folder(path, DEPTH)?;
            } else {
                kept.read_file(path)?;
            }
        }
        Ok(kept)
    }

    fn read_folder(&mut self, folder: &Path, depth: usize) -> Result<(), EvidenceFileError> {
        let entries = fs::read_dir(folder).map_err(unreadable(folder))?;
        let mut entries = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()
            .map_err(unreadable(folder))?;
        entries.sort();
        for path in entries {
            // Links are not followed: what was kept lies here.
            let about = fs::symlink_metadata(&path).map_err(unreadable(&path))?;
            let is_of = |suffix| path.extension().is_some_and(|found| found == suffix);
            if about.is_dir() && depth > 0 {
                self.read_folder(&path, depth - 1)?;
            } else if about.is_file() && (is_of("note") || is_of("ndjson")) {
                self.read_file(&path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path) -> Result<(), EvidenceFileError> {
        if !fs::metadata(path).map_err(unreadable(path))?.is_file() {
            return Err(EvidenceFileError::NotAFile { path: path.to_owned() });
        }
        let mut file = File::open(path).map_err(unreadable(path))?;
        let mut start = Vec::new();
        (&mut file).take(MAX_NOTE as u64 + 1).read_to_end(&mut start).map_err(unreadable(path))?;
        let is_log = path.extension().is_some_and(|found| found == "ndjson")
            || start.trim_ascii_start().first().is_some_and(|first| *first == b'{');
        if is_log {
            file.rewind().map_err(unreadable(path))?;
            return each_line(path, &mut file, |number, line| {
                let source = format!("{}:{number}", path.display());
                self.add(source.clone(), Evidence::of_record(source, line))
            });
        }
        let heads = match fs::metadata(path.with_extension("heads")) {
            Ok(about) if about.is_file() && about.len() <= MAX_HEADS_FILE => {
                Some(fs::read_to_string(path.with_extension("heads")).map_err(unreadable(path))?)
            }
            _ => None,
        };
        let source = path.display().to_string();
        self.add(source.clone(), Evidence::of_note(source, &start, heads.as_deref()))
    }

    fn add<E: std::fmt::Display>(
        &mut self,
        source: String,
        evidence: Result<Evidence, E>,
    ) -> Result<(), EvidenceFileError> {
        if self.evidence.len() + self.unreadable.len() >= MOST {
            return Err(EvidenceFileError::TooMuch);
        }
        match evidence {
            Ok(evidence) => self.evidence.push(evidence),
            Err(error) => self.unreadable.push((source, error.to_string())),
        }
        Ok(())
    }
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> EvidenceFileError {
    let path = path.to_owned();
    move |error| EvidenceFileError::Unreadable { path: path.clone(), error }
}

/// A checkpoint an hour for a century.
const MOST: usize = 1_000_000;
/// Folders within folders.
const DEPTH: usize = 8;
/// Bytes. Sixteen thousand heads of chains with long names.
const MAX_HEADS_FILE: u64 = 32 << 20;
