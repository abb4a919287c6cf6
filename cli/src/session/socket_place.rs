//! Where the socket of a daemon that we start ourselves can stand.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::settings::SocketChoice;

/// Why no socket can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SocketError {
    /// The path does not fit a socket address.
    #[error("the socket path `{}` is longer than {MAX_LENGTH} bytes", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
    },
    /// A directory of ours could not be made private.
    #[error("could not make the private directory `{}`: {message}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The operating system's words.
        message: String,
    },
}

/// A place for a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SocketSpot {
    /// The socket.
    pub(crate) path: PathBuf,
    /// Whether the daemon needs `--unsafe-socket-path` to listen there: the place is ours and private, but none of those
    /// that the policy knows.
    pub(crate) outside_policy: bool,
    /// A directory that was made for this socket alone and goes with it.
    pub(crate) temporary: Option<TemporaryDirectory>,
}

/// A private directory, removed when dropped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemporaryDirectory(PathBuf);

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // What is left of it is an empty socket; there is nobody to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether somebody listens on a socket.
pub(crate) fn answers(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

/// The configured place; where nobody configured one and the system's own is out of our reach, a private directory among
/// our data, or, if that has too long a name for a socket, one in the system's temporary directory.
pub(crate) fn spot_for(choice: &SocketChoice, data_directory: &Path) -> Result<SocketSpot, SocketError> {
    let spot = |path: PathBuf, outside_policy| SocketSpot { path, outside_policy, temporary: None };
    if choice.explicit {
        return match fits(&choice.path) {
            true => Ok(spot(choice.path.clone(), false)),
            false => Err(SocketError::TooLong { path: choice.path.clone() }),
        };
    }
    if fits(&choice.path) && can_hold(&choice.path) {
        return Ok(spot(choice.path.clone(), false));
    }
    let directory = data_directory.join("run");
    let path = directory.join(SOCKET);
    if fits(&path) {
        make_private(data_directory)?;
        make_private(&directory)?;
        return Ok(spot(path, true));
    }
    let directory = std::env::temp_dir().join(format!("agent-receipts-{}", uuid::Uuid::new_v4()));
    // Not recursive: that nobody else made it before us is what makes it private.
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .map_err(|error| SocketError::Directory { path: directory.clone(), message: error.to_string() })?;
    let path = directory.join(SOCKET);
    Ok(SocketSpot { path, outside_policy: true, temporary: Some(TemporaryDirectory(directory)) })
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= MAX_LENGTH
}

/// Whether the directory of `socket` is there, or could be made as the daemon makes it, and is ours to write.
fn can_hold(socket: &Path) -> bool {
    let Some(directory) = socket.parent() else { return false };
    fs::DirBuilder::new().recursive(true).mode(0o750).create(directory).is_ok()
        && access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// Makes a directory that only its owner can enter, or checks that one that stands there is ours.
pub(crate) fn make_private(path: &Path) -> Result<(), SocketError> {
    let failed = |message: String| SocketError::Directory { path: path.to_owned(), message };
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| failed(error.to_string()))?;
    let metadata = fs::symlink_metadata(path).map_err(|error: io::Error| failed(error.to_string()))?;
    if !metadata.is_dir() {
        return Err(failed("it is not a directory".to_owned()));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(failed("it belongs to another user".to_owned()));
    }
    if metadata.permissions().mode() & 0o022 != 0 {
        return Err(failed("others can write to it".to_owned()));
    }
    Ok(())
}

const SOCKET: &str = "events.sock";
/// The shortest `sun_path` of the systems we know (macOS, 104 bytes with the final zero).
const MAX_LENGTH: usize = 103;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_out_of_reach_gives_way_to_a_private_directory() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("d");
        // Below a file nothing can be made, for whatever user.
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let choice = SocketChoice { path: file.join("x/events.sock"), explicit: false };
        let spot = spot_for(&choice, &data).unwrap();
        let path = data.join("run/events.sock");
        assert_eq!(spot, SocketSpot { path, outside_policy: true, temporary: None });
        assert_eq!(fs::metadata(data.join("run")).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_chosen_place_is_kept_and_a_long_one_refused() {
        let choice = SocketChoice { path: "/nowhere/at/all.sock".into(), explicit: true };
        let spot = spot_for(&choice, Path::new("/nowhere")).unwrap();
        assert_eq!(spot, SocketSpot { path: choice.path, outside_policy: false, temporary: None });
        let long = SocketChoice { path: format!("/{}", "x".repeat(200)).into(), explicit: true };
        assert!(matches!(spot_for(&long, Path::new("/nowhere")), Err(SocketError::TooLong { .. })));
    }

    #[test]
    fn long_names_end_in_a_temporary_directory_that_goes_again() {
        let long = Path::new("/nowhere").join("x".repeat(200));
        let choice = SocketChoice { path: long.join("events.sock"), explicit: false };
        let spot = spot_for(&choice, &long).unwrap();
        let directory = spot.path.parent().unwrap().to_owned();
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(spot.outside_policy && !long.exists());
        drop(spot);
        assert!(!directory.exists());
    }

    #[test]
    fn a_directory_that_others_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(make_private(&open), Err(SocketError::Directory { .. })));
        std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
        assert!(make_private(&dir.path().join("link")).is_err());
    }
}
