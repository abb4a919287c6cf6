//! Evidence in files: logs, notes, and folders of both.
//!
//! What strangers signed is judged while it is read: a million tokens are not held in memory.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use agent_receipts_chain::KeyRing;
use agent_receipts_chain::audit::{AuditFinding, AuditFindingKind, Evidence, Statement};
use agent_receipts_chain::checkpoint::MAX_NOTE;

use super::attestation::{Attestations, Judge, Strangers};
use crate::verification::lines::{LinesError, each_line};

/// What was found in the files that were named.
pub(super) struct Kept {
    /// What can be read as evidence, and is not believed yet.
    pub(super) evidence: Vec<Evidence>,
    /// What is wrong with the files.
    pub(super) found: Vec<AuditFinding>,
    /// What strangers' signatures were worth.
    pub(super) attestations: Attestations,
}

struct Reader<'a> {
    evidence: Vec<Evidence>,
    found: Vec<AuditFinding>,
    judge: Judge<'a>,
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
    /// Reads logs (`*.ndjson` or any other file of JSON lines), bare notes, each with the `.heads` and `.tsr` beside it, and folders
    /// of them.
    pub(super) fn read(
        paths: &[PathBuf],
        strangers: &Strangers,
        ring: &KeyRing,
    ) -> Result<Self, EvidenceFileError> {
        let judge = Judge::new(strangers, ring);
        let mut reader = Reader { evidence: Vec::new(), found: Vec::new(), judge };
        for path in paths {
            let about = fs::metadata(path).map_err(unreadable(path))?;
            if about.is_dir() {
                reader.read_folder(path, DEPTH)?;
            } else {
                reader.read_file(path)?;
            }
        }
        let Reader { evidence, mut found, judge } = reader;
        let (attestations, missing) = judge.finish();
        let everywhere = || "in all that was given".to_owned();
        found.extend(missing.into_iter().map(|kind| AuditFinding { kind, source: everywhere() }));
        Ok(Self { evidence, found, attestations })
    }
}

impl Reader<'_> {
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
            } else if is_of("tsr") && !path.with_extension("note").is_file() {
                let reason = "a time stamp, and the checkpoint that it is for is not beside it".to_owned();
                self.find(path.display().to_string(), AuditFindingKind::Unreadable { reason })?;
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
        let evidence = Evidence::of_note(path.display().to_string(), &start, heads.as_deref());
        if let Ok(Evidence { statement: Statement::Checkpoint(signed, _), .. }) = &evidence {
            let token = path.with_extension("tsr");
            let judged = self.judge.time_stamp(&start, signed, &token).map_err(unreadable(&token))?;
            if let Some(kind) = judged {
                self.find(token.display().to_string(), kind)?;
            }
        }
        self.add(path.display().to_string(), evidence)
    }

    /// Takes in what can be read.
    fn add<E: std::fmt::Display>(
        &mut self,
        source: String,
        evidence: Result<Evidence, E>,
    ) -> Result<(), EvidenceFileError> {
        self.expect_room()?;
        let evidence = match evidence {
            Ok(evidence) => evidence,
            Err(error) => {
                return self.find(source, AuditFindingKind::Unreadable { reason: error.to_string() });
            }
        };
        if let Statement::Checkpoint(signed, _) = &evidence.statement {
            for kind in self.judge.signatures(signed) {
                self.find(source.clone(), kind)?;
            }
        }
        self.evidence.push(evidence);
        Ok(())
    }

    fn find(&mut self, source: String, kind: AuditFindingKind) -> Result<(), EvidenceFileError> {
        self.expect_room()?;
        self.found.push(AuditFinding { kind, source });
        Ok(())
    }

    fn expect_room(&self) -> Result<(), EvidenceFileError> {
        let is_room = self.evidence.len() + self.found.len() < MOST;
        if is_room { Ok(()) } else { Err(EvidenceFileError::TooMuch) }
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
