//! The way back to a peer that asked for a reply.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::Shutdown;
use thiserror::Error;

use super::notice::Notice;
use super::permits::Permit;
use super::watch::Watch;
use crate::frame::{FrameError, header_for};
use crate::peer::Peer;
use crate::sys;

/// Why a reply did not go out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The body does not fit a frame: a fault of the caller, the connection is unharmed.
    #[error(transparent)]
    Frame(FrameError),
    /// The peer has gone, does not read, or was given up on before.
    #[error("the peer takes no reply: {kind}")]
    Gone {
        /// The system's reason.
        kind: io::ErrorKind,
    },
}

/// Writes replies to one connection, from any thread.
///
/// Never blocks longer than [`Limits::reply`](super::Limits::reply): a peer that does not read its replies is shut
/// down, since it would otherwise hold up the replies to everybody else.
#[derive(Clone)]
pub struct ReplyWriter(Arc<Link>);

impl ReplyWriter {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    /// Sends one frame whose body is `body`, whole or not at all from the peer's point of view: after a failure the
    /// connection is shut down.
    pub fn send(&self, body: &[u8]) -> Result<(), ReplyError> {
        let header = header_for(body).map_err(ReplyError::Frame)?;
        self.0.send(&[&header[..], body].concat())
    }

    /// Sends as much of `frames`, which are whole frames one behind the other, as takes no waiting; says how many bytes that
    /// were. The rest must follow by [`ReplyWriter::send_rest`] before anything else is sent.
    pub fn send_now(&self, frames: &[u8]) -> Result<usize, ReplyError> {
        self.0.send_now(frames)
    }

    /// Sends what [`ReplyWriter::send_now`] left, waiting as [`ReplyWriter::send`] does.
    pub fn send_rest(&self, frames: &[u8]) -> Result<(), ReplyError> {
        self.0.send(frames)
    }

    /// Whether both reach the same connection.
    pub fn reaches_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for ReplyWriter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("ReplyWriter").field(&self.0.peer).finish()
    }
}

/// One accepted connection: closed, and its permit given back, when the reader and every reply writer are done.
pub(super) struct Link {
    socket: OwnedFd,
    pub(super) peer: Peer,
    patience: Duration,
    broken: Mutex<bool>,
    watch: Arc<Watch>,
    _permit: Permit,
}

impl Link {
    pub(super) fn new(
        socket: OwnedFd,
        peer: Peer,
        patience: Duration,
        watch: Arc<Watch>,
        permit: Permit,
    ) -> Self {
        Self { socket, peer, patience, broken: Mutex::new(false), watch, _permit: permit }
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Makes the peer's further writing fail at once; what was received stays to be read on Linux.
    pub(super) fn stop_receiving(&self) {
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Read);
    }

    fn send(&self, frames: &[u8]) -> Result<(), ReplyError> {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if *broken {
            return Err(ReplyError::Gone { kind: io::ErrorKind::NotConnected });
        }
        sys::send_by(self.socket(), frames, sys::after(self.patience)).map_err(|error| {
            // Half a reply may be out: whatever followed would be misread.
            *broken = true;
            let _ = rustix::net::shutdown(&self.socket, Shutdown::Both);
            if error.kind() == io::ErrorKind::TimedOut {
                self.watch.tell(Notice::ReplyStuck { pid: self.peer.pid, uid: self.peer.uid });
            }
            ReplyError::Gone { kind: error.kind() }
        })
    }

    fn send_now(&self, frames: &[u8]) -> Result<usize, ReplyError> {
        let broken = match self.broken.try_lock() {
            Ok(broken) => broken,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody is at it, and may have to wait.
            Err(TryLockError::WouldBlock) => return Ok(0),
        };
        if *broken {
            return Err(ReplyError::Gone { kind: io::ErrorKind::NotConnected });
        }
        match sys::send_now(self.socket(), frames) {
            Err(Errno::AGAIN) => Ok(0),
            sent => sent.map_err(|error| ReplyError::Gone { kind: error.kind() }),
        }
    }
}
