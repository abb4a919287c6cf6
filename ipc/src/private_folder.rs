//! Folders in which processes of one user leave things for each other: this user's own, or none.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use thiserror::Error;

use crate::path::{absolute, data_home};

/// Why a private folder cannot be used. Nothing of anybody else's was touched.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder, or one above it, is not this user's own.
    #[error("`{}` {fault}", path.display())]
    Unfit {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it, and the mend where there is one.
        fault: &'static str,
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

/// A folder that this user alone may look into, and above it what must be there or may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateFolder {
    path: PathBuf,
    root: Root,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    /// Somebody named the folder: the one above it is theirs to provide.
    Named,
    /// The system provides it, for this user alone.
    Runtime(PathBuf),
    /// Made where it is missing, below what is this user's.
    Data(PathBuf),
}

impl PrivateFolder {
    /// The folder of that path; what is above it is for others to provide.
    pub fn named(path: PathBuf) -> Self {
        Self { path, root: Root::Named }
    }

    /// The places for a folder called `leaf`, the best first: one that ends with the login (in `$XDG_RUNTIME_DIR/agentreceipts`), then
    /// one that stays (in `agent-receipts` in `$XDG_DATA_HOME` or `~/.local/share`). `env` looks one environment variable up.
    pub fn usual(leaf: &str, env: &impl Fn(&str) -> Option<String>) -> Vec<Self> {
        let runtime = absolute(env, "XDG_RUNTIME_DIR")
            .map(|root| Self { path: root.join("agentreceipts").join(leaf), root: Root::Runtime(root) });
        let data = data_home(env)
            .map(|root| Self { path: root.join("agent-receipts").join(leaf), root: Root::Data(root) });
        runtime.into_iter().chain(data).collect()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the folder; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`FolderError`]: one that others own or may look into is refused, and so is a link.
    pub fn open(&self) -> Result<Option<OwnedFd>, FolderError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match rustix::fs::open(&self.path, flags, Mode::empty()) {
            Ok(folder) => folder,
            // A link answers either, by system.
            Err(Errno::NOTDIR | Errno::LOOP) if fs::symlink_metadata(&self.path).is_ok() => {
                return Err(self.fault("is not a folder"));
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            Err(error) => return Err(system("open", &self.path)(error.into())),
        };
        let stat = rustix::fs::fstat(&folder).map_err(|error| system("look at", &self.path)(error.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Err(self.fault("is not a folder"));
        }
        if stat.st_uid != own_uid() {
            return Err(self.fault(NOT_OURS));
        }
        if Mode::from_raw_mode(stat.st_mode).intersects(Mode::RWXG | Mode::RWXO) {
            return Err(self.fault("is open to others: chmod 700 it"));
        }
        Ok(Some(folder))
    }

    /// Opens the folder, made first if there is none.
    ///
    /// # Errors
    ///
    /// [`FolderError`]; nothing is made below what is not this user's.
    pub fn make(&self) -> Result<OwnedFd, FolderError> {
        if let Some(folder) = self.open()? {
            return Ok(folder);
        }
        match &self.root {
            Root::Named => {}
            Root::Runtime(root) => self.make_below(root)?,
            Root::Data(root) => {
                let existing = root.ancestors().find(|part| part.exists()).unwrap_or(root);
                require_own(existing)?;
                DirBuilder::new().recursive(true).mode(OWN).create(root).map_err(system("make", root))?;
                self.make_below(root)?;
            }
        }
        make_one(&self.path)?;
        self.open()?.ok_or_else(|| system("open", &self.path)(io::ErrorKind::NotFound.into()))
    }

    /// Makes the folder between `root` and this one.
    fn make_below(&self, root: &Path) -> Result<(), FolderError> {
        // As root with a user's environment, what we made would be in that user's way.
        require_own(root)?;
        let Some(between) = self.path.parent() else { return Ok(()) };
        make_one(between)?;
        match fs::symlink_metadata(between) {
            Ok(found) if found.is_dir() && found.uid() == own_uid() => Ok(()),
            Ok(_) => Err(FolderError::Unfit { path: between.to_owned(), fault: NOT_OURS }),
            Err(error) => Err(system("look at", between)(error)),
        }
    }

    fn fault(&self, fault: &'static str) -> FolderError {
        FolderError::Unfit { path: self.path.clone(), fault }
    }
}

pub(crate) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn system<'a>(step: &'static str, path: &'a Path) -> impl Fn(io::Error) -> FolderError + 'a {
    move |error| FolderError::System { step, path: path.to_owned(), kind: error.kind() }
}

fn require_own(path: &Path) -> Result<(), FolderError> {
    match fs::metadata(path).map_err(system("look at", path))?.uid() == own_uid() {
        true => Ok(()),
        false => Err(FolderError::Unfit { path: path.to_owned(), fault: NOT_OURS }),
    }
}

fn make_one(path: &Path) -> Result<(), FolderError> {
    match DirBuilder::new().mode(OWN).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(system("make", path)(error)),
        _ => Ok(()),
    }
}

const NOT_OURS: &str = "does not belong to the user that runs this";
const OWN: u32 = 0o700;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    /// The folders for a home and a run-time folder below `at`.
    fn usual(at: &Path, runtime: bool, data: bool) -> Vec<PrivateFolder> {
        let text = |name: &str| Some(at.join(name).to_str().unwrap().to_owned());
        PrivateFolder::usual("drops", &|variable| match variable {
            "XDG_RUNTIME_DIR" if runtime => text("r"),
            "XDG_DATA_HOME" if data => text("d"),
            "HOME" => text("h"),
            _ => None,
        })
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn the_environment_says_where() {
        let paths = |runtime, data| -> Vec<PathBuf> {
            usual(Path::new("/x"), runtime, data).into_iter().map(|folder| folder.path).collect()
        };
        let (runtime, home) = ("/x/r/agentreceipts/drops", "/x/h/.local/share/agent-receipts/drops");
        assert_eq!(paths(true, true), [runtime, "/x/d/agent-receipts/drops"].map(PathBuf::from));
        assert_eq!(paths(true, false), [runtime, home].map(PathBuf::from));
        assert_eq!(paths(false, false), [PathBuf::from(home)]);
        assert_eq!(PrivateFolder::usual("drops", &|_| None), []);
        // A relative path would mean another folder in every working directory.
        assert_eq!(PrivateFolder::usual("drops", &|_| Some("x".to_owned())), []);
    }

    #[test]
    fn looking_makes_nothing_and_making_makes_it_for_this_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("r")).unwrap();
        fs::create_dir(dir.path().join("h")).unwrap();
        for folder in usual(dir.path(), true, false) {
            assert!(folder.open().unwrap().is_none());
            let top = dir.path().join(if folder.path.starts_with(dir.path().join("r")) { "r" } else { "h" });
            assert_eq!(fs::read_dir(&top).unwrap().count(), 0);
            folder.make().unwrap();
            folder.make().unwrap();
            let made = folder.path.ancestors().take_while(|part| *part != top);
            assert!(made.into_iter().all(|part| mode(part) == 0o700));
            assert!(folder.open().unwrap().is_some());
        }
    }

    #[test]
    fn the_systems_folder_is_not_made_in_its_stead() {
        let dir = tempfile::tempdir().unwrap();
        let folder = usual(dir.path(), true, false).remove(0);
        assert!(matches!(folder.make(), Err(FolderError::System { kind: io::ErrorKind::NotFound, .. })));
        assert!(!dir.path().join("r").exists());
    }

    #[test]
    fn links_files_and_folders_open_to_others_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::named(dir.path().join("drops"));
        let refused = |fault: &str| {
            for error in [folder.open().map(drop).unwrap_err(), folder.make().map(drop).unwrap_err()] {
                assert!(error.to_string().contains(fault), "{error}");
            }
        };
        fs::write(&folder.path, "").unwrap();
        refused("is not a folder");
        fs::remove_file(&folder.path).unwrap();
        std::os::unix::fs::symlink(dir.path(), &folder.path).unwrap();
        refused("is not a folder");
        fs::remove_file(&folder.path).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", &folder.path).unwrap();
        refused("is not a folder");
        fs::remove_file(&folder.path).unwrap();
        fs::create_dir(&folder.path).unwrap();
        for open in [0o755, 0o770, 0o701] {
            fs::set_permissions(&folder.path, Permissions::from_mode(open)).unwrap();
            refused("chmod 700");
        }
        fs::set_permissions(&folder.path, Permissions::from_mode(0o700)).unwrap();
        assert!(folder.open().unwrap().is_some());
    }

    #[test]
    fn a_link_between_is_refused_when_something_is_to_be_made() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("r")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("r/agentreceipts")).unwrap();
        let error = usual(dir.path(), true, false)[0].make().unwrap_err();
        assert!(matches!(error, FolderError::Unfit { .. }), "{error}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn anothers_folders_are_left_alone() {
        if own_uid() != 0 {
            eprintln!("not run: only root can give a folder to another user");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        for top in ["r", "h"] {
            fs::create_dir(dir.path().join(top)).unwrap();
            std::os::unix::fs::chown(dir.path().join(top), Some(65534), None).unwrap();
        }
        for folder in usual(dir.path(), true, false) {
            assert!(matches!(folder.make(), Err(FolderError::Unfit { fault: NOT_OURS, .. })));
        }
        assert!(["r", "h"].iter().all(|top| fs::read_dir(dir.path().join(top)).unwrap().count() == 0));
        let drops = PrivateFolder::named(dir.path().join("drops"));
        drops.make().unwrap();
        std::os::unix::fs::chown(&drops.path, Some(65534), None).unwrap();
        assert!(matches!(drops.open(), Err(FolderError::Unfit { fault: NOT_OURS, .. })));
    }
}
