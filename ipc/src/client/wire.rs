//! One connection to the daemon: frames out, and replies back in the order they were asked for.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::net::Shutdown;

use super::outgoing::Frame;
use crate::frame::{CHUNK, HEADER, body_length};
use crate::peer::Peer;
use crate::sys;

/// A connected socket, and whose reply comes next.
#[derive(Debug)]
pub(super) struct Wire {
    socket: OwnedFd,
    asked: AtomicU64,
    replies: Mutex<Replies>,
    turn_passed: Condvar,
}

/// The place in the queue of replies of a frame that asked for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u64);

#[derive(Debug, Default)]
struct Replies {
    next: u64,
    /// One reply was given up on: those behind it can no longer be told apart.
    lost: bool,
}

impl Wire {
    pub(super) fn dial(socket: &Path, deadline: Instant) -> io::Result<Self> {
        let socket = sys::connect_by(socket, deadline)?;
        Ok(Self { socket, asked: AtomicU64::new(0), replies: Mutex::default(), turn_passed: Condvar::new() })
    }

    /// Who holds the other end, as the kernel says.
    pub(super) fn peer(&self) -> io::Result<Peer> {
        Peer::of(&self.socket)
    }

    /// Sends one frame; to be called by one thread at a time. Gives a ticket for the reply if the frame asks for one.
    pub(super) fn send(&self, frame: &Frame, asks: bool, deadline: Instant) -> io::Result<Option<Ticket>> {
        sys::send_by(self.socket.as_fd(), frame.bytes(), deadline)?;
        Ok(asks.then(|| Ticket(self.asked.fetch_add(1, Ordering::Relaxed))))
    }

    /// Waits for the reply that belongs to `ticket`, until `deadline`.
    ///
    /// A reply that does not come in time ends the connection: it would be taken for that of the next frame.
    pub(super) fn reply(&self, ticket: Ticket, deadline: Instant) -> io::Result<Vec<u8>> {
        let received = self.await_turn(ticket, deadline).and_then(|()| self.receive(deadline));
        let mut replies = self.lock();
        match &received {
            Ok(_) => replies.next += 1,
            Err(_) => {
                replies.lost = true;
                self.hang_up();
            }
        }
        drop(replies);
        self.turn_passed.notify_all();
        received
    }

    pub(super) fn hang_up(&self) {
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Both);
    }

    fn await_turn(&self, ticket: Ticket, deadline: Instant) -> io::Result<()> {
        let mut replies = self.lock();
        loop {
            if replies.lost {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            if Ticket(replies.next) == ticket {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            replies = self.turn_passed.wait_timeout(replies, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes one frame, and no byte more, off the socket.
    fn receive(&self, deadline: Instant) -> io::Result<Vec<u8>> {
        let mut header = [0; HEADER];
        self.fill(&mut header, deadline)?;
        let length = body_length(header).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut body = Vec::new();
        while body.len() < length {
            let from = body.len();
            body.resize(length.min(from + CHUNK), 0);
            self.fill(&mut body[from..], deadline)?;
        }
        Ok(body)
    }

    fn fill(&self, mut space: &mut [u8], deadline: Instant) -> io::Result<()> {
        while !space.is_empty() {
            match sys::receive_by(self.socket.as_fd(), space, deadline)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => space = &mut space[count..],
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
