//! Why an event was not sent: the caller's fault, or the road's.

use std::path::PathBuf;

use agent_receipts_core::json::JsonError;
use thiserror::Error;

use super::reason::SystemReason;
use crate::ack::AckError;
use crate::event::EventFault;
use crate::frame::MAX_FRAME;
use crate::path::SocketPathUnknown;

/// Why an emitter could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No socket path was given and none can be told.
    #[error(transparent)]
    NoSocketPath(#[from] SocketPathUnknown),
    /// The identity breaks a limit of the protocol.
    #[error("identity: {0}")]
    Identity(EventFault),
}

/// Why an event was not sent, or not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The event can never be sent as it is. Nothing was sent, and it is not counted as a drop.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The daemon was not reached in time.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl EmitError {
    /// Whether the same event may get through another time.
    pub fn is_transport(&self) -> bool {
        matches!(self, Self::Transport(_))
    }
}

/// What the caller did that can never work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallerError {
    /// The daemon would refuse the event.
    #[error(transparent)]
    Event(EventFault),
    /// A payload is not JSON, nests too deep, or holds a number that no double can.
    #[error("{field} is not valid json: {error}")]
    Payload {
        /// `input`, `output` or `usage`.
        field: &'static str,
        /// What is wrong with it.
        error: JsonError,
    },
    /// The event is longer than a frame may be.
    #[error("frame too large: {length} bytes (max {MAX_FRAME})")]
    TooLarge {
        /// The frame's length in bytes.
        length: usize,
    },
    /// The emitter was closed before.
    #[error("the emitter is closed")]
    Closed,
}

/// How the road to the daemon failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Nobody answers at the socket.
    #[error("cannot reach the daemon at `{}`: {reason}", socket.display())]
    Dial {
        /// The socket's path.
        socket: PathBuf,
        /// The system's reason.
        reason: SystemReason,
    },
    /// Other threads used the connection for all the time there was.
    #[error("the connection to the daemon is busy")]
    Busy,
    /// The frame did not go out whole; the connection is closed.
    #[error("cannot send to the daemon at `{}`: {reason}", socket.display())]
    Write {
        /// The socket's path.
        socket: PathBuf,
        /// The system's reason.
        reason: SystemReason,
    },
    /// The frame went out and no reply came in time, so that nobody knows whether there is a receipt.
    ///
    /// A daemon that does not know acknowledgements never replies.
    #[error("no reply from the daemon: {reason}")]
    NoReply {
        /// The system's reason.
        reason: SystemReason,
    },
    /// The frame went out and something came back that is no reply.
    #[error(transparent)]
    BadReply(#[from] AckError),
}
