//! Ends a listener from another thread.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Ends the listener it came from; may be cloned and used from any thread, any number of times.
#[derive(Debug, Clone)]
pub struct ShutdownHandle(Arc<Stop>);

impl ShutdownHandle {
    pub(super) fn new(stop: Arc<Stop>) -> Self {
        Self(stop)
    }

    /// Asks the listener to accept nothing more, to handle what it has received, and to return from
    /// [`run`](super::Listener::run). Does not wait for it.
    pub fn stop(&self) {
        self.0.request();
    }
}

/// Whether and when a stop was asked for, and a descriptor that becomes readable then, for every thread that polls.
#[derive(Debug)]
pub(super) struct Stop {
    at: OnceLock<Instant>,
    wake: UnixStream,
    waker: UnixStream,
}

impl Stop {
    pub(super) fn new() -> io::Result<Arc<Self>> {
        let (wake, waker) = UnixStream::pair()?;
        Ok(Arc::new(Self { at: OnceLock::new(), wake, waker }))
    }

    /// When the stop was asked for.
    pub(super) fn requested(&self) -> Option<Instant> {
        self.at.get().copied()
    }

    /// Readable, for good, once a stop was asked for.
    pub(super) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    fn request(&self) {
        self.at.get_or_init(Instant::now);
        // The end of a stream never goes away, so no thread can take another's wake-up.
        let _ = self.waker.shutdown(Shutdown::Both);
    }
}
