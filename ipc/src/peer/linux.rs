//! Linux: `SO_PEERCRED`, `SO_PEERPIDFD` and `/proc/<pid>/exe`.
//!
//! A pid is only a number: between connecting and reading `/proc`, its process may end and another take the number, and
//! an agent could thus wear another program's name. A pidfd holds on to the very process that connected: if it still
//! lives after the link was read, the link was its own.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Peer;

pub(super) fn peer_of(socket: BorrowedFd<'_>) -> io::Result<Peer> {
    let credential: libc::ucred = socket_option(socket, libc::SO_PEERCRED)?;
    if credential.uid == u32::MAX {
        // What the kernel says of a socket that never was connected.
        return Err(io::ErrorKind::NotConnected.into());
    }
    let exe_path = if credential.pid > 0 { exe_of(socket, credential.pid, credential.uid) } else { None };
    Ok(Peer { platform: "linux", pid: credential.pid, uid: credential.uid, gid: credential.gid, exe_path })
}

fn exe_of(socket: BorrowedFd<'_>, pid: i32, uid: u32) -> Option<String> {
    match peer_pidfd(socket) {
        Ok(pidfd) => {
            let path = read_exe(pid)?;
            lives(&pidfd).then_some(path)
        }
        Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => exe_without_pidfd(pid, uid),
        // The process is gone, or there is no descriptor left to hold it by: nothing certain can be said.
        Err(_) => None,
    }
}

/// Kernels before 6.5: the process must have had one start time and the peer's user before and after.
///
/// A number recycled before the first look goes unnoticed, but only for another program of the same user, which could
/// have debugged the first one anyway.
fn exe_without_pidfd(pid: i32, uid: u32) -> Option<String> {
    let identity = |pid| Some((start_time(pid)?, fs::metadata(format!("/proc/{pid}")).ok()?.uid()));
    let before = identity(pid)?;
    let path = read_exe(pid)?;
    (before.1 == uid && identity(pid)? == before).then_some(path)
}

fn read_exe(pid: i32) -> Option<String> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()?.into_os_string().into_string().ok()
}

/// Field 22 of `/proc/<pid>/stat`; the command's name before it may hold spaces and parentheses.
fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// A pidfd becomes readable when its process ends. Polling needs no right over the process, as a signal would.
fn lives(pidfd: &OwnedFd) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(rustix::io::retry_on_intr(|| poll(&mut fds, Some(&at_once))), Ok(0))
}

fn peer_pidfd(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let fd: libc::c_int = socket_option(socket, SO_PEERPIDFD)?;
    if fd < 0 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // SAFETY: the kernel has just made this descriptor for us; nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Reads one `SOL_SOCKET` option whose value is the plain C type `T`.
fn socket_option<T: PlainOption>(socket: BorrowedFd<'_>, option: libc::c_int) -> io::Result<T> {
    let mut value = mem::MaybeUninit::<T>::zeroed();
    let size = mem::size_of::<T>() as libc::socklen_t;
    let mut length = size;
    // SAFETY: `value` has room for `length` bytes, and the kernel writes no more than that.
    let status = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, value.as_mut_ptr().cast(), &mut length)
    };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    if length != size {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // SAFETY: every bit pattern, all zeroes among them, is a valid `PlainOption`.
    Ok(unsafe { value.assume_init() })
}

/// C types for which every bit pattern is valid.
trait PlainOption {}
impl PlainOption for libc::c_int {}
impl PlainOption for libc::ucred {}

/// `SO_PEERPIDFD` of Linux 6.5, which `libc` does not name yet (`include/uapi/asm-generic/socket.h`).
#[cfg(not(any(target_arch = "sparc", target_arch = "sparc64")))]
const SO_PEERPIDFD: libc::c_int = 77;
#[cfg(any(target_arch = "sparc", target_arch = "sparc64"))]
const SO_PEERPIDFD: libc::c_int = 0x0056;

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn without_a_pidfd_the_user_and_the_start_must_hold() {
        let own = std::process::id() as i32;
        let uid = rustix::process::geteuid().as_raw();
        assert_eq!(exe_without_pidfd(own, uid), read_exe(own));
        assert!(read_exe(own).is_some());
        assert_eq!(exe_without_pidfd(own, uid + 1), None);
        assert_eq!(exe_without_pidfd(i32::MAX, uid), None);
    }

    #[test]
    fn a_process_that_has_ended_lives_no_more() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
        assert!(lives(&pidfd));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!lives(&pidfd));
    }
}
