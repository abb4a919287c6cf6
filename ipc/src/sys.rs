//! The few socket calls that std and `interprocess` do not offer: each non-blocking, or bounded by a deadline.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType};

/// The moment that a patience ends; one longer than a clock can say ends in a century.
pub(crate) fn after(patience: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    let now = Instant::now();
    now.checked_add(patience).unwrap_or(now + CENTURY)
}

/// A Unix stream socket that no child process inherits, that never raises SIGPIPE, and that is none of the standard streams.
pub(crate) fn stream_socket() -> io::Result<OwnedFd> {
    let socket = any_stream_socket()?;
    // A program that was started without standard streams, or has closed them, would have one of their numbers given to the
    // socket: whatever it prints would be a frame.
    if socket.as_raw_fd() >= FIRST_OF_OURS {
        return Ok(socket);
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(&socket, FIRST_OF_OURS)?)
}

fn any_stream_socket() -> io::Result<OwnedFd> {
    #[cfg(not(target_vendor = "apple"))]
    {
        use rustix::net::{SocketFlags, socket_with};
        Ok(socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
    }
    #[cfg(target_vendor = "apple")]
    {
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
        Ok(socket)
    }
}

/// The address of a socket file; fails when the path is too long for one (107 bytes on Linux, 103 on macOS).
pub(crate) fn address(path: &Path) -> io::Result<SocketAddrUnix> {
    Ok(SocketAddrUnix::new(path)?)
}

/// Connects to `path`, waiting at most until `deadline` for room in the listener's queue.
///
/// The send time-out bounds it: a non-blocking connect to a full queue fails at once on Linux, and polling such a
/// socket says "writable", so the usual connect-then-poll would report a connection that does not exist.
pub(crate) fn connect_by(path: &Path, deadline: Instant) -> io::Result<OwnedFd> {
    let address = address(path)?;
    let socket = stream_socket()?;
    loop {
        set_socket_timeout(&socket, Timeout::Send, Some(remaining(deadline)?))?;
        match rustix::net::connect(&socket, &address) {
            Ok(()) => return Ok(socket),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN | Errno::INPROGRESS) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends all of `bytes`, or fails when `deadline` has passed; says nothing of how much went out.
pub(crate) fn send_by(socket: BorrowedFd<'_>, bytes: &[u8], deadline: Instant) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::net::send(socket, rest, send_flags()) {
            Ok(count) => rest = &rest[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(socket, PollFlags::OUT, deadline)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Sends what there is room for, without waiting.
#[cfg(feature = "listener")]
pub(crate) fn send_now(socket: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    rustix::io::retry_on_intr(|| rustix::net::send(socket, bytes, send_flags()))
}

/// Takes what is there, at most `space`, without waiting; 0 is the end of the stream.
pub(crate) fn receive_now(socket: BorrowedFd<'_>, space: &mut [u8]) -> Result<usize, Errno> {
    rustix::io::retry_on_intr(|| rustix::net::recv(socket, &mut *space, RecvFlags::DONTWAIT))
        .map(|(_, count)| count)
}

/// Takes what comes until `deadline`, at most `space`; 0 is the end of the stream.
#[cfg(feature = "client")]
pub(crate) fn receive_by(socket: BorrowedFd<'_>, space: &mut [u8], deadline: Instant) -> io::Result<usize> {
    loop {
        match receive_now(socket, space) {
            Ok(count) => return Ok(count),
            Err(Errno::AGAIN) => wait(socket, PollFlags::IN, deadline)?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until one of `sources` can be read or has ended, or until `deadline`; false when the deadline came first.
#[cfg(feature = "listener")]
pub(crate) fn readable_by(sources: &[BorrowedFd<'_>], deadline: Option<Instant>) -> io::Result<bool> {
    let mut fds: Vec<_> = sources.iter().map(|source| PollFd::new(source, PollFlags::IN)).collect();
    loop {
        let patience = deadline.map(|at| timespec(at.saturating_duration_since(Instant::now())));
        match poll(&mut fds, patience.as_ref()) {
            Ok(0) if deadline.is_none_or(|at| Instant::now() < at) => {}
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn wait(socket: BorrowedFd<'_>, wanted: PollFlags, deadline: Instant) -> io::Result<()> {
    let mut fds = [PollFd::from_borrowed_fd(socket.as_fd(), wanted)];
    loop {
        match poll(&mut fds, Some(&timespec(remaining(deadline)?))) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn remaining(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    // A socket time-out of less than a microsecond would mean none at all.
    if left < Duration::from_micros(1) { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn timespec(duration: Duration) -> Timespec {
    let tv_sec = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: duration.subsec_nanos().into() }
}

fn send_flags() -> SendFlags {
    #[cfg(not(target_vendor = "apple"))]
    {
        SendFlags::DONTWAIT | SendFlags::NOSIGNAL
    }
    #[cfg(target_vendor = "apple")]
    {
        SendFlags::DONTWAIT
    }
}

/// Numbers 0 to 2 are the program's standard streams, whether it has them or not.
const FIRST_OF_OURS: RawFd = 3;
