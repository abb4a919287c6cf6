//! Takes a path for a socket without taking it from anybody else (wire protocol §1.2).

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags};
use thiserror::Error;

use super::adopt::PassedFault;
use super::notice::Notice;
use crate::sys;

/// Why a socket was not bound. Nothing of anybody else's was touched.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BindError {
    /// Something that is no socket stands at the path.
    #[error(
        "refusing to remove non-socket file at `{}` (mode {mode:o}): pick a different AGENTRECEIPTS_SOCKET",
        path.display()
    )]
    NotASocket {
        /// The path.
        path: PathBuf,
        /// Type and mode of what stands there.
        mode: u32,
    },
    /// A daemon answers at the path.
    #[error("another daemon is already listening on `{}`: stop it before starting a second one", path.display())]
    AlreadyListening {
        /// The path.
        path: PathBuf,
    },
    /// Another daemon of ours is starting or stopping at the path.
    #[error("another daemon is starting or stopping on `{}`: wait for it, or stop it", path.display())]
    Locked {
        /// The path.
        path: PathBuf,
    },
    /// A socket stands at the path that neither answers nor is certainly dead.
    #[error("socket `{}` is held by an unreachable peer ({kind}): stop it, or remove the file", path.display())]
    Unreachable {
        /// The path.
        path: PathBuf,
        /// What connecting to it said.
        kind: io::ErrorKind,
    },
    /// A socket that a service manager passed is not the one that was to be listened on.
    #[error("the socket that was passed to listen on `{}` {fault}", path.display())]
    Passed {
        /// Where the socket was to be.
        path: PathBuf,
        /// What is wrong with the one that came.
        fault: PassedFault,
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

/// A listening socket, and its file where that is ours.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) socket: OwnedFd,
    /// `None` for a socket that was passed: whoever bound it keeps it open, for the next daemon too.
    pub(super) own: Option<OwnFile>,
}

/// The file of a socket that we bound.
#[derive(Debug)]
pub(super) struct OwnFile {
    path: PathBuf,
    identity: Identity,
    // Held as long as the socket is, so that no other daemon of ours can be between looking and binding.
    lock: File,
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        // Said, not left to closing: a program that another thread is just starting holds a copy of the descriptor until it runs.
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }
}

/// A file's device and inode.
type Identity = (u64, u64);

impl Bound {
    /// Binds `path` and listens there.
    pub(super) fn new(
        path: &Path,
        mode: u32,
        probe: Duration,
        tell: &dyn Fn(Notice),
    ) -> Result<Self, BindError> {
        prepare_directory(path, tell)?;
        // First without the lock, which a daemon that answers holds.
        find_occupant(path, probe)?;
        let lock = lock(path, probe)?;
        if find_occupant(path, probe)? == Occupant::Stale {
            remove(path)?;
            tell(Notice::StaleSocketRemoved { path: path.to_owned() });
        }
        let (socket, identity) = listen(path, mode)?;
        let own = OwnFile { path: path.to_owned(), identity, lock };
        Ok(Self { socket, own: Some(own) })
    }

    /// Removes the file, if we made it and it is still the one that was bound. The socket stays open, so its inode cannot
    /// be reused.
    pub(super) fn unlink(&self) {
        let Some(OwnFile { path, identity, .. }) = &self.own else { return };
        if fs::symlink_metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == *identity) {
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.unlink();
    }
}

/// Creates what is missing of the directory, 0750; leaves alone what exists, which is somebody's decision.
fn prepare_directory(path: &Path, tell: &dyn Fn(Notice)) -> Result<(), BindError> {
    let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    let missing: Vec<&Path> = directory.ancestors().take_while(|part| !part.exists()).collect();
    for part in missing.into_iter().rev().filter(|part| !part.as_os_str().is_empty()) {
        match fs::DirBuilder::new().mode(DIRECTORY_MODE).create(part) {
            // The umask may have taken the group's right away.
            Ok(()) => fs::set_permissions(part, Permissions::from_mode(DIRECTORY_MODE))
                .map_err(system("set the mode of directory", part))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(system("create directory", part)(error)),
        }
    }
    tell_of_loose(directory, tell)
}

/// Tells of a directory in which others can put a socket of their own.
pub(super) fn tell_of_loose(directory: &Path, tell: &dyn Fn(Notice)) -> Result<(), BindError> {
    let mode = fs::metadata(directory).map_err(system("look at directory", directory))?.mode();
    if mode & 0o022 != 0 && mode & STICKY == 0 {
        tell(Notice::LooseDirectory { path: directory.to_owned() });
    }
    Ok(())
}

/// What stands at a path that may be bound.
#[derive(PartialEq)]
enum Occupant {
    Nobody,
    Stale,
}

fn find_occupant(path: &Path, probe: Duration) -> Result<Occupant, BindError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Occupant::Nobody),
        Err(error) => return Err(system("look at", path)(error)),
    };
    if !found.file_type().is_socket() {
        return Err(BindError::NotASocket { path: path.to_owned(), mode: found.mode() });
    }
    match sys::connect_by(path, sys::after(probe)) {
        Ok(_) => Err(BindError::AlreadyListening { path: path.to_owned() }),
        Err(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => Ok(Occupant::Stale),
            io::ErrorKind::NotFound => Ok(Occupant::Nobody),
            kind => Err(BindError::Unreachable { path: path.to_owned(), kind }),
        },
    }
}

/// Takes the lock beside the socket. Two daemons that both find a stale socket would otherwise remove each other's.
///
/// A file of its own, 0600: the directory may be opened, and so locked, by every emitter of the group. It stays behind,
/// because removing a lock file hands the same lock out twice.
fn lock(path: &Path, probe: Duration) -> Result<File, BindError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::open(&lock_path, flags, Mode::RUSR | Mode::WUSR);
    let file = File::from(opened.map_err(|errno| system("open lock file", &lock_path)(errno.into()))?);
    for attempt in 0..=LOCK_ATTEMPTS {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if attempt < LOCK_ATTEMPTS => {
                find_occupant(path, probe)?;
                thread::sleep(LOCK_PAUSE);
            }
            Err(rustix::io::Errno::WOULDBLOCK) => break,
            Err(errno) => return Err(system("lock", &lock_path)(errno.into())),
        }
    }
    Err(BindError::Locked { path: path.to_owned() })
}

fn remove(path: &Path) -> Result<(), BindError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(system("remove stale socket", path)(error))
        }
        _ => Ok(()),
    }
}

/// Binds, sets the mode, then listens: until the last step every connection is refused, so nobody can use a looser mode
/// in between, and the process-wide umask, which other threads may depend on, stays as it is.
fn listen(path: &Path, mode: u32) -> Result<(OwnedFd, Identity), BindError> {
    let address = sys::address(path).map_err(system("use as a socket path", path))?;
    let socket = sys::stream_socket().map_err(system("make a socket for", path))?;
    // Linux creates the file with the socket's own mode, so it is tight from the start; elsewhere this fails.
    let _ = rustix::fs::fchmod(&socket, Mode::from_raw_mode(mode as _));
    rustix::net::bind(&socket, &address).map_err(|errno| system("bind", path)(errno.into()))?;
    let listening = fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(system("set the mode of", path))
        .and_then(|()| {
            rustix::net::listen(&socket, BACKLOG).map_err(|errno| system("listen on", path)(errno.into()))
        })
        .and_then(|()| {
            rustix::io::ioctl_fionbio(&socket, true).map_err(|errno| system("configure", path)(errno.into()))
        })
        .and_then(|()| fs::symlink_metadata(path).map_err(system("look at", path)));
    match listening {
        Ok(file) => Ok((socket, (file.dev(), file.ino()))),
        Err(error) => {
            let _ = fs::remove_file(path);
            Err(error)
        }
    }
}

pub(super) fn system<'a>(step: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> BindError + 'a {
    move |error| BindError::System { step, path: path.to_owned(), kind: error.kind() }
}

const DIRECTORY_MODE: u32 = 0o750;
const STICKY: u32 = 0o1000;
/// Connections that may wait to be accepted; the system caps it further.
pub(super) const BACKLOG: i32 = 1024;
/// Two seconds in all: longer than another daemon needs to bind, shorter than a service manager's patience.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
