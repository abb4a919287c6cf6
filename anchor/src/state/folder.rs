//! The state folder.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::{Cursor, CursorError};
use crate::disk::Disk;
use crate::queue::Entry;
use crate::sink::{Evidence, HEADS, NOTE, SinkError, TOKEN};

/// The folder, as it is on the disk.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

/// Held while an anchor runs.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Said, not left to closing: a program that another thread is just starting holds a copy of the descriptor until it runs.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It cannot be created or read.
    #[error("cannot use the state folder `{}`: {error}", path.display())]
    Io {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others may read or write it.
    #[error("the state folder `{}` is open to other users (mode {mode:o}): `chmod 700` it", path.display())]
    TooOpen {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another anchor uses it.
    #[error("another anchor uses the state folder `{}`", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

impl Folder {
    /// The folder at a path, whether it is there or not.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Creates what is missing, for the sinks of these names, and takes the lock.
    pub(crate) fn prepare<'a>(
        &self,
        disk: &Disk,
        sinks: impl Iterator<Item = &'a str>,
    ) -> Result<Lock, FolderError> {
        let create = |path: &Path| {
            disk.create_folder(path).map_err(|error| FolderError::Io { path: path.to_owned(), error })
        };
        create(&self.0)?;
        self.check_mode()?;
        let lock = self.lock()?;
        for name in [CURSORS, TROUBLE, EVIDENCE] {
            create(&self.0.join(name))?;
        }
        for sink in sinks {
            create(&self.evidence(sink))?;
        }
        Ok(lock)
    }

    /// Refuses a folder that others could write evidence into, or read what the log is about.
    pub(crate) fn check_mode(&self) -> Result<(), FolderError> {
        let io = |error| FolderError::Io { path: self.0.clone(), error };
        let mode = std::fs::metadata(&self.0).map_err(io)?.mode() & 0o777;
        if mode & 0o077 == 0 { Ok(()) } else { Err(FolderError::TooOpen { path: self.0.clone(), mode }) }
    }

    fn lock(&self) -> Result<Lock, FolderError> {
        let path = self.0.join("anchor.lock");
        let mut options = File::options();
        let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
        options.write(true).create(true).mode(0o600).custom_flags(flags.bits().cast_signed());
        let file = options.open(&path).map_err(|error| FolderError::Io { path, error })?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Lock { file }),
            Err(_) => Err(FolderError::InUse { path: self.0.clone() }),
        }
    }

    /// A sink's cursor; where it begins if it has nothing yet.
    pub(crate) fn cursor(&self, sink: &str) -> Result<Cursor, CursorError> {
        let path = self.cursor_path(sink);
        if let Some(cursor) = Cursor::load(&path, sink)? {
            return Ok(cursor);
        }
        let evidence = self.evidence(sink);
        // A first delivery that was interrupted leaves the evidence of one checkpoint. A file tells by itself what it has.
        let stems = stems(&evidence)
            .map_err(|error| CursorError::Unreadable { path: evidence.clone(), reason: error.to_string() })?;
        if stems.len() > 1 {
            return Err(CursorError::Missing { path, evidence });
        }
        Ok(Cursor::start(sink))
    }

    /// Keeps evidence, on disk before this returns.
    pub(crate) fn keep(
        &self,
        disk: &Disk,
        sink: &str,
        entry: &Entry,
        evidence: &[Evidence],
    ) -> Result<(), SinkError> {
        for Evidence { suffix, bytes } in evidence {
            let path = self.evidence(sink).join(entry.stem() + suffix);
            disk.replace(&path, bytes).map_err(SinkError::disk("write", &path))?;
        }
        Ok(())
    }

    /// Moves a sink's cursor, on disk before this returns.
    pub(crate) fn advance(&self, disk: &Disk, cursor: &Cursor) -> Result<(), SinkError> {
        let path = self.cursor_path(&cursor.sink);
        disk.replace(&path, &cursor.to_json()).map_err(SinkError::disk("write", &path))
    }

    fn cursor_path(&self, sink: &str) -> PathBuf {
        self.0.join(CURSORS).join(format!("{sink}.json"))
    }

    pub(crate) fn trouble_path(&self, sink: &str) -> PathBuf {
        self.0.join(TROUBLE).join(format!("{sink}.json"))
    }

    pub(crate) fn evidence(&self, sink: &str) -> PathBuf {
        self.0.join(EVIDENCE).join(sink)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

/// The checkpoints of which there is evidence in a folder.
fn stems(folder: &Path) -> io::Result<BTreeSet<String>> {
    let mut stems = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if [NOTE, HEADS, TOKEN].iter().any(|suffix| name.ends_with(suffix)) {
            stems.extend(name.split('.').next().map(str::to_owned));
        }
    }
    Ok(stems)
}

const CURSORS: &str = "cursors";
const TROUBLE: &str = "trouble";
/// The folder that `agent-receipts verify --anchors` reads.
pub(crate) const EVIDENCE: &str = "evidence";
