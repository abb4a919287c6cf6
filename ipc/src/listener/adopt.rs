//! Takes over a socket that a service manager bound, and trusts it no further than it can be looked at.

use std::path::PathBuf;

use thiserror::Error;

/// What is wrong with a socket that was passed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PassedFault {
    /// A socket of another address family, whose peers no kernel attests; or no socket at all.
    #[error("is not a Unix socket")]
    NotUnix,
    /// Datagrams or packets.
    #[error("is not a stream socket: use ListenStream=")]
    NotStream,
    /// A connection, as a service manager passes with `Accept=yes`, or a socket that was only bound.
    #[error("does not listen: use Accept=no")]
    NotListening,
    /// Bound to another path, or to a name that is no path.
    #[error("stands at `{}`: give --socket and ListenStream= one path", actual.display())]
    Elsewhere {
        /// Where it stands; empty for a name that is no path.
        actual: PathBuf,
    },
    /// Its file was removed, or is no socket any more: nobody could connect to it.
    #[error("has lost its file: restart the socket unit")]
    FileGone,
    /// Every user of the machine may connect.
    #[error("has mode {mode:04o}, which lets every user in: use SocketMode=0660")]
    LooseMode {
        /// The file's permission bits.
        mode: u32,
    },
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    use std::path::{Path, PathBuf};

    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, sockopt};

    use super::PassedFault;
    use crate::listener::bind::{BACKLOG, BindError, Bound, system, tell_of_loose};
    use crate::listener::notice::Notice;

    impl Bound {
        /// Takes `socket`, which must listen at `path`.
        pub(in crate::listener) fn adopt(
            socket: OwnedFd,
            path: &Path,
            tell: &dyn Fn(Notice),
        ) -> Result<Self, BindError> {
            let fault = |fault| BindError::Passed { path: path.to_owned(), fault };
            let address = unix_address(&socket).ok_or_else(|| fault(PassedFault::NotUnix))?;
            let failed =
                |errno: rustix::io::Errno| system("look at the socket passed for", path)(errno.into());
            if sockopt::socket_type(&socket).map_err(failed)? != SocketType::STREAM {
                return Err(fault(PassedFault::NotStream));
            }
            if !sockopt::socket_acceptconn(&socket).map_err(failed)? {
                return Err(fault(PassedFault::NotListening));
            }
            let actual = address
                .path_bytes()
                .map(|bytes| PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
                .unwrap_or_default();
            if !is_same_place(&actual, path) {
                return Err(fault(PassedFault::Elsewhere { actual }));
            }
            let mode = match fs::symlink_metadata(path) {
                Ok(file) if file.file_type().is_socket() => file.mode() & 0o7777,
                Ok(_) => return Err(fault(PassedFault::FileGone)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(fault(PassedFault::FileGone));
                }
                Err(error) => return Err(system("look at", path)(error)),
            };
            if mode & OTHERS != 0 {
                return Err(fault(PassedFault::LooseMode { mode }));
            }
            if let Some(directory) = path.parent() {
                tell_of_loose(directory, tell)?;
            }
            // Whoever asks who listens is told of the process that said so last: this one, not the service manager.
            rustix::net::listen(&socket, BACKLOG).map_err(failed)?;
            rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC).map_err(failed)?;
            rustix::io::ioctl_fionbio(&socket, true).map_err(failed)?;
            Ok(Self { socket, own: None })
        }
    }

    /// The address of a Unix socket; nothing for whatever is none.
    fn unix_address(socket: &impl AsFd) -> Option<SocketAddrUnix> {
        let address = rustix::net::getsockname(socket).ok()?;
        (address.address_family() == AddressFamily::UNIX).then_some(())?;
        SocketAddrUnix::try_from(address).ok()
    }

    /// Two spellings of one path are one place: `/var/run` is a link to `/run`.
    fn is_same_place(one: &Path, other: &Path) -> bool {
        let real = |path: &Path| {
            let name = path.file_name()?.to_owned();
            Some(path.parent()?.canonicalize().ok()?.join(name))
        };
        one == other || real(one).is_some_and(|place| real(other).is_some_and(|second| place == second))
    }

    /// What everybody else may do with the socket: nothing.
    const OTHERS: u32 = 0o007;
}
