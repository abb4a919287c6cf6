//! The files of a service: what they should hold, what they do hold, and how they come and go.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::text::MARK;
use crate::failure::Failure;

/// A file that belongs to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// Whose it is once it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The service's: kept as it should be, removed with it.
    Unit,
    /// The operator's: made once, never changed, never removed.
    Settings,
}

/// How a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileState {
    /// As it should be.
    Current,
    /// Ours, and of another version or for other paths; of settings, the operator's own.
    Differs,
    /// Somebody else's.
    Foreign,
    /// Not there.
    Absent,
}

impl PlannedFile {
    /// How it stands; a link or a folder is somebody else's.
    pub(super) fn state(&self) -> Result<FileState, Failure> {
        match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileState::Absent),
            Err(error) => return Err(failed("look at", &self.path, &error)),
            Ok(about) if !about.is_file() => return Ok(FileState::Foreign),
            Ok(_) => {}
        }
        let found = fs::read(&self.path).map_err(|error| failed("read", &self.path, &error))?;
        Ok(if found == self.text.as_bytes() {
            FileState::Current
        } else if self.kind == Kind::Settings || String::from_utf8_lossy(&found).contains(MARK) {
            FileState::Differs
        } else {
            FileState::Foreign
        })
    }

    /// Puts the text in place, whole or not at all, and on disk.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let failed = |error: io::Error| failed("write", &self.path, &error);
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder).map_err(failed)?;
        let mut beside = self.path.clone().into_os_string();
        beside.push(format!(".new-{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside);
        let written = made.and_then(|mut file| {
            file.write_all(self.text.as_bytes())?;
            // Whatever the umask is: the manager and the daemon's user read these.
            file.set_permissions(fs::Permissions::from_mode(0o644))?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)?;
            fs::File::open(folder)?.sync_all()
        });
        written.map_err(|error| {
            let _ = fs::remove_file(&beside);
            failed(error)
        })
    }

    /// Removes it, if it is there.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", &self.path, &error))
            }
            _ => Ok(()),
        }
    }
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format_args!("could not {what} `{}`: {error}", path.display()))
}
