//! macOS: `LOCAL_PEERCRED`, `LOCAL_PEEREPID` and `proc_pidpath`.
//!
//! There is no pidfd here, so a pid may be recycled between connecting and asking for its path. The path counts only if
//! the process that has the pid after asking belongs to the peer's user; within one user the gap remains.
#![allow(unsafe_code)]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::Peer;

pub(super) fn peer_of(socket: BorrowedFd<'_>) -> io::Result<Peer> {
    // SAFETY: `xucred` is a plain C structure of integers: all zeroes are valid.
    let mut credential: libc::xucred = unsafe { mem::zeroed() };
    local_option(socket, libc::LOCAL_PEERCRED, &mut credential)?;
    if credential.cr_version != libc::XUCRED_VERSION || credential.cr_ngroups < 1 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut pid: libc::pid_t = 0;
    match local_option(socket, libc::LOCAL_PEEREPID, &mut pid) {
        Ok(()) => {}
        // The peer has gone already: its user is known, its process no more.
        Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => pid = 0,
        Err(error) => return Err(error),
    }
    let uid = credential.cr_uid;
    let exe_path = if pid > 0 { exe_of(pid, uid) } else { None };
    Ok(Peer { platform: "darwin", pid, uid, gid: credential.cr_groups[0], exe_path })
}

fn exe_of(pid: libc::pid_t, uid: libc::uid_t) -> Option<String> {
    let mut path = vec![0_u8; libc::PROC_PIDPATHINFO_MAXSIZE as usize];
    // SAFETY: `path` has room for the number of bytes given, and the call writes no more than that.
    let length = unsafe { libc::proc_pidpath(pid, path.as_mut_ptr().cast(), path.len() as u32) };
    path.truncate(usize::try_from(length).ok().filter(|length| *length > 0)?);
    (owner_of(pid)? == uid).then(|| String::from_utf8(path).ok())?
}

fn owner_of(pid: libc::pid_t) -> Option<libc::uid_t> {
    // SAFETY: `proc_bsdinfo` is a plain C structure of integers: all zeroes are valid.
    let mut info: libc::proc_bsdinfo = unsafe { mem::zeroed() };
    let size = mem::size_of::<libc::proc_bsdinfo>() as libc::c_int;
    // SAFETY: `info` has room for `size` bytes, and the call writes no more than that.
    let written = unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, (&raw mut info).cast(), size) };
    (written == size).then_some(info.pbi_uid)
}

/// Reads one `SOL_LOCAL` option, a plain C type, into `value`.
fn local_option<T>(socket: BorrowedFd<'_>, option: libc::c_int, value: &mut T) -> io::Result<()> {
    let size = mem::size_of::<T>() as libc::socklen_t;
    let mut length = size;
    // SAFETY: `value` has room for `length` bytes, the kernel writes no more, and both callers pass integer types.
    let status = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_LOCAL, option, (value as *mut T).cast(), &mut length)
    };
    match status {
        0 if length == size => Ok(()),
        0 => Err(io::ErrorKind::InvalidData.into()),
        _ => Err(io::Error::last_os_error()),
    }
}
