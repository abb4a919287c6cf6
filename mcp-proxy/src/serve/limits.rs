//! How much a caller may take.

use std::time::Duration;

/// Bounds of one listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub(crate) connections: usize,
    /// Bytes of the request line and all headers together.
    pub(crate) header_bytes: usize,
    /// How long they may take to arrive, from the moment of connecting or from the last answer.
    pub(crate) header_time: Duration,
    /// How long a connection may live at all.
    pub(crate) life: Option<Duration>,
    /// Whether a connection may ask more than once.
    pub(crate) keep_alive: bool,
}

impl Limits {
    /// For callers that ask one thing and go.
    pub(crate) fn brief() -> Self {
        Self {
            connections: 64,
            header_bytes: 16 << 10,
            header_time: Duration::from_secs(2),
            life: Some(Duration::from_secs(10)),
            keep_alive: false,
        }
    }
}
