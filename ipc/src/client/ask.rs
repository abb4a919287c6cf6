//! Asking a running daemon over its control socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::outgoing::Frame;
use super::reason::SystemReason;
use super::wire::Wire;
use crate::control::{ControlError, ControlReply, ControlRequest, MAX_CONTROL_REQUEST};
use crate::peer::Peer;
use crate::sys::after;

/// Why a daemon was not asked, or did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody answers at the socket. Nothing was asked.
    #[error("no daemon answers at `{}`: {reason}", socket.display())]
    Dial {
        /// The socket's path.
        socket: PathBuf,
        /// The system's reason.
        reason: SystemReason,
    },
    /// Somebody else than was expected listens there. Nothing was asked.
    #[error("`{}` is held by a process of uid {uid}, which is neither root nor one of ours", socket.display())]
    Stranger {
        /// The socket's path.
        socket: PathBuf,
        /// Whose process it is, as the kernel says.
        uid: u32,
    },
    /// The request is longer than a daemon takes.
    #[error("the request is longer than {MAX_CONTROL_REQUEST} bytes")]
    TooLong,
    /// The request did not go out whole.
    #[error("cannot ask the daemon at `{}`: {reason}", socket.display())]
    Send {
        /// The socket's path.
        socket: PathBuf,
        /// The system's reason.
        reason: SystemReason,
    },
    /// No reply came in time: nobody knows whether it was done.
    #[error("the daemon has not answered: {reason}")]
    NoReply {
        /// The system's reason.
        reason: SystemReason,
    },
    /// What came is no reply.
    #[error("the daemon's reply: {0}")]
    BadReply(#[from] ControlError),
}

impl AskError {
    /// Whether there is no daemon: nothing stands at the path, or nobody listens on what does.
    pub fn is_absent(&self) -> bool {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        matches!(self, Self::Dial { reason: SystemReason::Kind(NotFound | ConnectionRefused), .. })
    }
}

/// Asks the daemon behind the control socket at `socket`, and waits for its reply at most for `patience`.
///
/// `may_answer` judges who listens there, as the kernel names them, before anything is said.
///
/// # Errors
///
/// [`AskError`]; after [`AskError::NoReply`] and [`AskError::BadReply`] the request may have been carried out.
pub fn ask(
    socket: &Path,
    request: &ControlRequest,
    patience: Duration,
    may_answer: impl FnOnce(&Peer) -> bool,
) -> Result<ControlReply, AskError> {
    let body = request.to_json();
    if body.len() > MAX_CONTROL_REQUEST {
        return Err(AskError::TooLong);
    }
    let deadline = after(patience);
    let dial = |error: io::Error| AskError::Dial { socket: socket.to_owned(), reason: error.into() };
    let wire = Wire::dial(socket, deadline.min(after(DIAL))).map_err(dial)?;
    let peer = wire.peer().map_err(dial)?;
    if !may_answer(&peer) {
        return Err(AskError::Stranger { socket: socket.to_owned(), uid: peer.uid });
    }
    let send = |error: io::Error| AskError::Send { socket: socket.to_owned(), reason: error.into() };
    let frame = Frame::around(&body).map_err(|_| send(io::ErrorKind::InvalidInput.into()))?;
    let ticket = wire.send(&frame, true, deadline).map_err(send)?;
    let no_reply = |error: io::Error| AskError::NoReply { reason: error.into() };
    let ticket = ticket.ok_or_else(|| no_reply(io::ErrorKind::Other.into()))?;
    Ok(ControlReply::from_json(&wire.reply(ticket, deadline).map_err(no_reply)?)?)
}

/// How long a daemon may take to let somebody in.
const DIAL: Duration = Duration::from_secs(2);
