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
    /// A new file in its place would belong to another group, which may read it or write it.
    #[error("`{}` belongs to a group of others", path.display())]
    ForeignGroup {
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

    /// Gets everything ready for another text in its place: a backup of what is there, and the new file beside it.
    ///
    /// # Errors
    ///
    /// [`ConfigFileError`]; nothing is left behind then.
    pub(crate) fn stage(&self, text: &str, stamp: &str) -> Result<Staged<'_>, ConfigFileError> {
        if self.found.is_none() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(self.folder());
            made.map_err(|error| self.unwritable(&error))?;
        }
        let mut staged = self.stage_removal(stamp)?;
        let beside =
            backup::with_ending(&self.target, &format!(".agent-receipts-{}.new", std::process::id()));
        // From here on it is ours to take away again, and not one that somebody else left there.
        let file = self.create_beside(&beside)?;
        staged.beside = Some(beside);
        self.fill(file, text)?;
        Ok(staged)
    }

    /// Gets everything ready for the file to go: a backup of it.
    ///
    /// # Errors
    ///
    /// As [`ConfigFile::stage`].
    pub(crate) fn stage_removal(&self, stamp: &str) -> Result<Staged<'_>, ConfigFileError> {
        let backup = match &self.found {
            Some(found) => Some(
                backup::make(&self.target, found.text.as_bytes(), found.mode, stamp)
                    .map_err(|error| self.unwritable(&error))?,
            ),
            None => None,
        };
        Ok(Staged { file: self, beside: None, backup, done: false })
    }

    fn sync_folder(&self) -> Result<(), ConfigFileError> {
        let synced = File::open(self.folder()).and_then(|folder| folder.sync_all());
        synced.map_err(|error| self.unwritable(&error))
    }

    fn create_beside(&self, beside: &Path) -> Result<File, ConfigFileError> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside);
        made.map_err(|error| self.unwritable(&error))
    }

    /// The text, and the mode and group of the file that it will replace.
    fn fill(&self, mut file: File, text: &str) -> Result<(), ConfigFileError> {
        let failed = |error: io::Error| self.unwritable(&error);
        file.write_all(text.as_bytes()).map_err(failed)?;
        if let Some(found) = &self.found {
            let group = file.metadata().map_err(failed)?.gid();
            let given =
                group == found.group || std::os::unix::fs::fchown(&file, None, Some(found.group)).is_ok();
            if !given && found.mode & GROUP != 0 {
                return Err(ConfigFileError::ForeignGroup { path: self.target.clone() });
            }
            // After the owner, whose change takes bits away.
            file.set_permissions(fs::Permissions::from_mode(found.mode)).map_err(failed)?;
        }
        file.sync_all().map_err(failed)
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

/// A change that needs only a last step. Dropped before it, it leaves nothing behind.
pub(crate) struct Staged<'a> {
    file: &'a ConfigFile,
    /// The new file; none where the old one is to go.
    beside: Option<PathBuf>,
    backup: Option<PathBuf>,
    done: bool,
}

impl Staged<'_> {
    /// Makes the change, on disk when this returns, and gives the backup's path.
    ///
    /// # Errors
    ///
    /// [`ConfigFileError`]; the file is as it was then, unless only the sync failed.
    pub(crate) fn commit(mut self) -> Result<Option<PathBuf>, ConfigFileError> {
        let file = self.file;
        // The backup's name is on disk before what it is a backup of goes.
        file.sync_folder()?;
        // The last look: what comes between it and the next line is lost.
        file.check_unchanged()?;
        let changed = match &self.beside {
            Some(beside) => fs::rename(beside, &file.target),
            None => fs::remove_file(&file.target),
        };
        changed.map_err(|error| file.unwritable(&error))?;
        self.done = true;
        file.sync_folder()?;
        Ok(self.backup.take())
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.done {
            for path in self.beside.iter().chain(&self.backup) {
                let _ = fs::remove_file(path);
            }
        }
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

/// What a file's group may.
const GROUP: u32 = 0o070;

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
        assert_eq!(file.stage("after", STAMP).unwrap().commit(), changed);
        assert_eq!(file.stage_removal(STAMP).unwrap().commit(), changed);
        assert_eq!(fs::read_to_string(&path).unwrap(), "meanwhile");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let absent = ConfigFile::read(&folder.path().join("y.json")).unwrap();
        fs::write(folder.path().join("y.json"), "meanwhile").unwrap();
        let refused = absent.stage("after", STAMP).unwrap().commit();
        assert!(matches!(refused, Err(ConfigFileError::Changed { .. })));
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
        let refused = file.stage("after", STAMP).unwrap().commit();
        assert!(matches!(refused, Err(ConfigFileError::NotRegular { .. })));
        assert_eq!(fs::read_to_string(folder.path().join("other")).unwrap(), "before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_staged_and_not_wanted_leaves_nothing_and_takes_nothing_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        fs::write(&path, "before").unwrap();
        let file = ConfigFile::read(&path).unwrap();
        drop(file.stage("after", STAMP).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let beside = folder.path().join(format!("x.json.agent-receipts-{}.new", std::process::id()));
        fs::write(&beside, "theirs").unwrap();
        assert!(matches!(file.stage("after", STAMP), Err(ConfigFileError::Unwritable { .. })));
        assert_eq!(fs::read_to_string(&beside).unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn backups_that_are_no_regular_files_tell_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        fs::write(&path, "1").unwrap();
        ConfigFile::read(&path).unwrap().stage("2", STAMP).unwrap().commit().unwrap();
        std::os::unix::fs::symlink(
            "/dev/zero",
            folder.path().join("x.json.agent-receipts-20261122T150001Z.bak"),
        )
        .unwrap();
        fs::create_dir(folder.path().join("x.json.agent-receipts-20261122T150002Z.bak")).unwrap();
        assert_eq!(ConfigFile::read(&path).unwrap().backups(), ["1"]);
    }
}
