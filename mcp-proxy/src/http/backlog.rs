//! How much of a client's messages may wait to be sent.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use hyper::body::Bytes;

/// A bound on the bytes that were read and not yet sent: a client that speaks faster than its server hears has to wait.
#[derive(Debug)]
pub(crate) struct Backlog {
    waiting: Mutex<usize>,
    less: Condvar,
    most: usize,
}

/// A message's part of the backlog, until it is dropped.
#[derive(Debug)]
pub(crate) struct Load {
    backlog: Arc<Backlog>,
    bytes: usize,
}

impl Backlog {
    /// At most `most` bytes, or one message that is longer.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::new(0), less: Condvar::new(), most })
    }

    /// Waits until there is room for `bytes` more.
    pub(crate) fn enter(self: &Arc<Self>, bytes: usize) -> Load {
        // A short message costs more than its bytes.
        let bytes = bytes + OVERHEAD;
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |waiting: &mut usize| *waiting > 0 && *waiting + bytes > self.most;
        let mut waiting = self.less.wait_while(waiting, full).unwrap_or_else(PoisonError::into_inner);
        *waiting += bytes;
        Load { backlog: Arc::clone(self), bytes }
    }
}

impl Load {
    /// The message, which takes its part of the backlog for as long as a copy of it is left.
    pub(crate) fn carries(self, message: Vec<u8>) -> Bytes {
        Bytes::from_owner(Carried { message, _load: self })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        *self.backlog.waiting.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.backlog.less.notify_one();
    }
}

struct Carried {
    message: Vec<u8>,
    _load: Load,
}

impl AsRef<[u8]> for Carried {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}

/// What a message takes besides its bytes, roughly: a task and a request.
const OVERHEAD: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn who_speaks_too_fast_waits_and_then_goes_on() {
        let backlog = Backlog::new(3 * OVERHEAD);
        let first = backlog.enter(OVERHEAD).carries(b"x".to_vec());
        let (tell, told) = mpsc::channel();
        let other = Arc::clone(&backlog);
        let thread = std::thread::spawn(move || {
            let load = other.enter(OVERHEAD);
            tell.send(()).unwrap();
            drop(load);
        });
        let copy = first.clone();
        drop(first);
        assert!(told.recv_timeout(Duration::from_millis(100)).is_err(), "a copy is left");
        drop(copy);
        told.recv_timeout(Duration::from_secs(60)).unwrap();
        thread.join().unwrap();
    }

    #[test]
    fn one_message_always_has_room() {
        let backlog = Backlog::new(1);
        drop(backlog.enter(1 << 20));
        assert_eq!(*backlog.waiting.lock().unwrap(), 0);
    }
}
