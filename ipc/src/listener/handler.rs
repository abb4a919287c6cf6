//! What the listener hands its connections to.

use super::reply::ReplyWriter;
use crate::frame::FrameError;
use crate::peer::Peer;

/// Takes connections; one for the whole listener, called from many threads.
pub trait Handler: Send + Sync {
    /// A connection has been accepted and its peer is known; nothing has been read yet.
    ///
    /// `reply` may be kept and cloned: the connection's descriptor stays open, and counted, as long as a clone lives.
    fn connected(&self, peer: &Peer, reply: ReplyWriter) -> Box<dyn Session>;
}

/// One connection's life, always on one thread, frames in the order they were sent.
///
/// A session that blocks holds up its own connection only, whose peer then feels it as a full socket.
pub trait Session: Send {
    /// A whole frame has come; `body` is between 1 byte and [`MAX_FRAME`](crate::MAX_FRAME) and otherwise anything.
    fn frame(&mut self, body: &[u8]) -> Next;

    /// The connection ends because of its framing: nothing of the bad frame was or will be given to [`Session::frame`].
    fn rejected(&mut self, error: &FrameError) {
        let _ = error;
    }

    /// The connection ends with this many whole frames received that were not given to [`Session::frame`], because the
    /// session closed or panicked, or the listener could not wait any longer.
    fn left_behind(&mut self, frames: usize) {
        let _ = frames;
    }

    /// Nothing more will be read. Called once, last, whatever ended the connection.
    fn closed(&mut self) {}
}

/// Whether a connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Read the next frame.
    Continue,
    /// Stop reading and close.
    Close,
}
