//! What may be set about a listener, and the defaults.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::notice::Notice;
use crate::frame::MAX_FRAME;

/// How much one listener allows; every bound is there against a peer that means harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at one time; 1024. Each may hold one frame of 1 MiB in memory.
    pub connections: usize,
    /// The most connections at one time from one uid; 256, so that no user can shut the others out alone.
    pub connections_per_uid: usize,
    /// How long a connection may send nothing at all; one hour, since agents wait long for people.
    pub idle: Duration,
    /// How long a frame may take from its first byte to its last; 10 seconds.
    pub frame: Duration,
    /// The longest frame body in bytes; [`MAX_FRAME`].
    pub frame_size: usize,
    /// How long one reply may wait for a peer that does not read; 100 milliseconds, then the connection is shut down.
    pub reply: Duration,
    /// How long a stop may wait for what was received to be handled; 5 seconds.
    pub drain: Duration,
    /// How long binding waits to tell a live socket from a stale one; 100 milliseconds.
    pub probe: Duration,
    /// The stack of a connection's thread in bytes; 512 KiB, of which only the pages used cost memory.
    pub stack: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_uid: 256,
            idle: Duration::from_secs(3600),
            frame: Duration::from_secs(10),
            frame_size: MAX_FRAME,
            reply: Duration::from_millis(100),
            drain: Duration::from_secs(5),
            probe: Duration::from_millis(100),
            stack: 512 * 1024,
        }
    }
}

/// Takes one notice; must be quick, since it is called on the thread it tells of.
pub type Observer = Arc<dyn Fn(&Notice) + Send + Sync>;

/// The bounds of a listener and where it tells what happens to it.
#[derive(Clone)]
pub struct ListenerOptions {
    /// The bounds.
    pub limits: Limits,
    /// Who is told what the listener refused or survived.
    pub observer: Observer,
    /// The permission bits of the socket's file; 0660, so that the file's group may connect.
    pub mode: u32,
}

impl ListenerOptions {
    /// The default bounds, telling `observer`.
    pub fn new(observer: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Self { limits: Limits::default(), observer: Arc::new(observer), mode: 0o660 }
    }
}

impl Default for ListenerOptions {
    /// The default bounds, telling nobody.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for ListenerOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ListenerOptions").field("limits", &self.limits).finish_non_exhaustive()
    }
}
