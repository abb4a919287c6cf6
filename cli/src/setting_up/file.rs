//! A configuration file: read once, and replaced whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::backup;

/// Why a configuration file is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigFileError {
    /// It cannot be read.
    #[error("could not read `{}`: {}", path.display(), io::Error::from(*kind))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// A link to nothing.
    #[error("`{}` is a link to a file that is not there", path.display())]
    Dangling {
        /// The link.
        path: PathBuf,
    },
    /// A folder, a device, a pipe.
    #[error("`{}` is no regular file", path.display())]
    NotRegular {
        /// What it is called.
        path: PathBuf,
    },
    /// More than 64 MiB.
    #[error("`{}` is larger than 64 MiB", path.display())]
    Oversize {
        /// The file.
        path: PathBuf,
    },
    /// Not UTF-8.
    #[error("`{}` is not UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A new file in its place would belong to somebody else.
    #[error("`{}` belongs to another user", path.display())]
    Stranger {
        /// The file.
        path: PathBuf,
    },
    /// A new file in its place would be seen under one of its names only.
    #[error("`{}` has several names (hard links)", path.display())]
    Linked {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else wrote it between our reading and our writing.
    #[error("`{}` was changed meanwhile", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be replaced.
    #[error("could not write `{}`: {}", path.display(), io::Error::from(*kind))]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
}

/// A file as it was found, or the place where there is none.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    /// Behind links.
    target: PathBuf,
    found: Option<Found>,
}

#[derive(Debug, Clone)]
struct Found {
    text: String,
    mode: u32,
    group: u32,
}

impl ConfigFile {
    /// Reads it. That there is none is no error.
    ///
    /// # Errors
    ///
    /// [`ConfigFileError`], for all that cannot be replaced by a file that is like it but for its text.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigFileError> {
        let unreadable =
            |error: io::Error| ConfigFileError::Unreadable { path: path.to_owned(), kind: error.kind() };
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { target: path.to_owned(), found: None });
            }
            Err(error) => return Err(unreadable(error)),
            Ok(_) => {}
        }
        let target = fs::canonicalize(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ConfigFileError::Dangling { path: path.to_owned() },
            _ => unreadable(error),
        })?;
        let (bytes, about) = read_regular(&target, path)?;
        if about.uid() != rustix::process::geteuid().as_raw() {
            return Err(ConfigFileError::Stranger { path: path.to_owned() });
        }
        if about.nlink() > 1 {
            return Err(ConfigFileError::Linked { path: path.to_owned() });
        }
        let text =
            String::from_utf8(bytes).map_err(|_| ConfigFileError::NotText { path: path.to_owned() })?;
        let found = Found { text, mode: about.mode() & 0o7777, group: about.gid() };
        Ok(Self { target, found: Some(found) })
    }

    /// What it holds, if it is there.
    pub(crate) fn text(&self) -> Option<&str> {
        self.found.as_ref().map(|found| found.text.as_str())
    }

    /// The texts of its backups, newest first. What cannot be read is passed over.
    pub(crate) fn backups(&self) -> Vec<String> {
        let paths = backup::existing(&self.target).into_iter();
        let read = paths.filter_map(|path| read_regular(&path, &path).ok());
        read.filter_map(|(bytes, _)| String::from_utf8(bytes).ok()).collect()
    }

    /// Puts a text in its place, on disk when this returns, after a backup of what was there; gives the backup's path.
    ///
    /// # Errors
    ///
    /// [`ConfigFileError`]; the file is as it was then, and there is no new backup.
    pub(crate) fn replace(&self, text: &str, stamp: &str) -> Result<Option<PathBuf>, ConfigFileError> {
        let folder = self.folder();
        if self.found.is_none() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| self.unwritable(&error))?;
        }
        self.changed_under(stamp, |file| {
            let beside =
                backup::with_ending(&file.target, &format!(".agent-receipts-{}.new", std::process::id()));
            let written = file.write_beside(&beside, text).and_then(|()| {
                // The last look: what comes between it and the next line is lost to the backup only.
                file.check_unchanged()?;
                fs::rename(&beside, &file.target).map_err(|error| file.unwritable(&error))
            });
            written.inspect_err(|_| {
                let _ = fs::remove_file(&beside);
            })
        })
    }

    /// Takes the file away, after a backup.
    ///
    /// # Errors
    ///
    /// As [`ConfigFile::replace`].
    pub(crate) fn remove(&self, stamp: &str) -> Result<Option<PathBuf>, ConfigFileError> {
        self.changed_under(stamp, |file| {
            file.check_unchanged()?;
            fs::remove_file(&file.target).map_err(|error| file.unwritable(&error))
        })
    }

    fn changed_under(
        &self,
        stamp: &str,
        change: impl Fn(&Self) -> Result<(), ConfigFileError>,
    ) -> Result<Option<PathBuf>, ConfigFileError> {
        let backup = match &self.found {
            Some(found) => Some(
                backup::make(&self.target, found.text.as_bytes(), found.mode, stamp)
                    .map_err(|error| self.unwritable(&error))?,
            ),
            None => None,
        };
        // The backup's name is on disk before what it is a backup of goes.
        self.sync_folder()?;
        change(self).inspect_err(|_| {
            if let Some(backup) = &backup {
                let _ = fs::remove_file(backup);
            }
        })?;
        self.sync_folder()?;
        Ok(backup)
    }

    fn sync_folder(&self) -> Result<(), ConfigFileError> {
        let synced = File::open(self.folder()).and_then(|folder| folder.sync_all());
        synced.map_err(|error| self.unwritable(&error))
    }

    /// A file with the text, and with the mode and group of the one that it will replace.
    fn write_beside(&self, beside: &Path, text: &str) -> Result<(), ConfigFileError> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside);
        let written = made.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            if let Some(found) = &self.found {
                if file.metadata()?.gid() != found.group {
                    std::os::unix::fs::fchown(&file, None, Some(found.group))?;
                }
                // After the owner, whose change takes bits away.
                file.set_permissions(fs::Permissions::from_mode(found.mode))?;
            }
            file.sync_all()
        });
        written.map_err(|error| self.unwritable(&error))
    }

    fn check_unchanged(&self) -> Result<(), ConfigFileError> {
        let now = match fs::symlink_metadata(&self.target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => Some(read_regular(&self.target, &self.target)?.0),
        };
        match now.as_deref() == self.text().map(str::as_bytes) {
            true => Ok(()),
            false => Err(ConfigFileError::Changed { path: self.target.clone() }),
        }
    }

    fn folder(&self) -> &Path {
        self.target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    fn unwritable(&self, error: &io::Error) -> ConfigFileError {
        ConfigFileError::Unwritable { path: self.target.clone(), kind: error.kind() }
    }
}

/// Opens without waiting for what is on the other end of a pipe, and without following a link.
fn read_regular(target: &Path, named: &Path) -> Result<(Vec<u8>, Metadata), ConfigFileError> {
    let path = || named.to_owned();
    let unreadable = |error: io::Error| ConfigFileError::Unreadable { path: path(), kind: error.kind() };
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    // Looked at first: opening a socket or a device fails in words that tell nothing, or does something.
    if !fs::symlink_metadata(target).map_err(unreadable)?.is_file() {
        return Err(ConfigFileError::NotRegular { path: path() });
    }
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(target).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(ConfigFileError::NotRegular { path: path() });
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST {
        return Err(ConfigFileError::Oversize { path: path() });
    }
    Ok((bytes, about))
}

/// Bytes. Claude Code's own file grows to some of them, with its histories.
const MOST: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: &str = "20261122T150000Z";

    #[test]
    fn a_file_that_was_changed_meanwhile_is_left_as_it_is_without_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        fs::write(&path, "before").unwrap();
        let file = ConfigFile::read(&path).unwrap();
        let changed = Err(ConfigFileError::Changed { path: path.canonicalize().unwrap() });
        fs::write(&path, "meanwhile").unwrap();
        assert_eq!(file.replace("after", STAMP), changed);
        assert_eq!(file.remove(STAMP), changed);
        assert_eq!(fs::read_to_string(&path).unwrap(), "meanwhile");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let absent = ConfigFile::read(&folder.path().join("y.json")).unwrap();
        fs::write(folder.path().join("y.json"), "meanwhile").unwrap();
        assert!(matches!(absent.replace("after", STAMP), Err(ConfigFileError::Changed { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_was_exchanged_for_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        fs::write(&path, "before").unwrap();
        let file = ConfigFile::read(&path).unwrap();
        fs::rename(&path, folder.path().join("other")).unwrap();
        std::os::unix::fs::symlink("other", &path).unwrap();
        assert!(matches!(file.replace("after", STAMP), Err(ConfigFileError::NotRegular { .. })));
        assert_eq!(fs::read_to_string(folder.path().join("other")).unwrap(), "before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn backups_that_are_no_regular_files_tell_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        fs::write(&path, "1").unwrap();
        ConfigFile::read(&path).unwrap().replace("2", STAMP).unwrap();
        std::os::unix::fs::symlink(
            "/dev/zero",
            folder.path().join("x.json.agent-receipts-20261122T150001Z.bak"),
        )
        .unwrap();
        fs::create_dir(folder.path().join("x.json.agent-receipts-20261122T150002Z.bak")).unwrap();
        assert_eq!(ConfigFile::read(&path).unwrap().backups(), ["1"]);
    }
}
