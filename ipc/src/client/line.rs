//! The connection that an emitter's threads share, in turns that nobody waits for longer than allowed.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::error::{CallerError, EmitError, TransportError};
use super::outgoing::Frame;
use super::wire::{Ticket, Wire};
use crate::sys::after;

/// The line to one daemon: no connection until the first event, a new one after each failure.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) socket: PathBuf,
    pub(super) dial_timeout: Duration,
    pub(super) write_timeout: Duration,
    // Outside of the lock, since a child must know it and may not lock.
    closed: AtomicBool,
    dials: AtomicU64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: bool,
    /// How many threads wait for their turn: to wake nobody is a system call all the same.
    waiting: usize,
    wire: Option<Arc<Wire>>,
}

impl Line {
    pub(super) fn new(socket: PathBuf, dial_timeout: Duration, write_timeout: Duration) -> Self {
        Self {
            socket,
            dial_timeout,
            write_timeout,
            closed: AtomicBool::new(false),
            dials: AtomicU64::new(0),
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// The same line as in a process that has not dialled yet.
    pub(super) fn unconnected(&self) -> Self {
        let line = Self::new(self.socket.clone(), self.dial_timeout, self.write_timeout);
        line.closed.store(self.is_closed(), Ordering::Relaxed);
        line
    }

    /// Closes this process's copy of a connection that belongs to its parent, which notices nothing.
    ///
    /// Waits for no lock. A copy that a thread of the parent was writing on at the fork stays open as long as this process.
    pub(super) fn forget_connection(&self) {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        state.wire = None;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// How many connections there have been.
    pub(super) fn dials(&self) -> u64 {
        self.dials.load(Ordering::Relaxed)
    }

    /// Sends one frame, dialling first if need be, within the two time-outs together and before `latest`.
    ///
    /// Gives what is needed to wait for the reply, if `asks` says that the frame asks for one.
    pub(super) fn send(
        &self,
        frame: &Frame,
        asks: bool,
        latest: Option<Instant>,
    ) -> Result<Option<Asked>, EmitError> {
        let own_end = after(self.dial_timeout.saturating_add(self.write_timeout));
        let end = latest.map_or(own_end, |latest| latest.min(own_end));
        let mut turn = self.take_turn(end)?;
        // A daemon that has ended since the last frame is found out by this one, of which it can have taken nothing whole.
        let mut again = turn.wire.is_some();
        loop {
            let wire = match &turn.wire {
                Some(wire) => Arc::clone(wire),
                None => Arc::clone(turn.wire.insert(self.dial(end)?)),
            };
            match wire.send(frame, asks, end.min(after(self.write_timeout))) {
                Ok(ticket) => return Ok(ticket.map(|ticket| Asked { wire, ticket })),
                Err(error) => {
                    // Half a frame may be out: whatever followed would be read as the rest of it.
                    turn.wire = None;
                    wire.hang_up();
                    if !std::mem::take(&mut again) || !peer_has_left(&error) {
                        let socket = self.socket.clone();
                        return Err(TransportError::Write { socket, reason: error.into() }.into());
                    }
                }
            }
        }
    }

    fn dial(&self, end: Instant) -> Result<Arc<Wire>, TransportError> {
        let dialled = Wire::dial(&self.socket, end.min(after(self.dial_timeout)));
        let wire = dialled
            .map_err(|error| TransportError::Dial { socket: self.socket.clone(), reason: error.into() })?;
        self.dials.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(wire))
    }

    /// Hangs up for good.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        end(self.lock().wire.take());
    }

    fn take_turn(&self, end: Instant) -> Result<Turn<'_>, EmitError> {
        let mut state = self.lock();
        while state.taken {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TransportError::Busy.into());
            }
            state.waiting += 1;
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
        if self.is_closed() {
            return Err(CallerError::Closed.into());
        }
        state.taken = true;
        Ok(Turn { line: self, wire: state.wire.take() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn peer_has_left(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// A frame that went out and asked for a reply.
pub(super) struct Asked {
    wire: Arc<Wire>,
    ticket: Ticket,
}

impl Asked {
    /// Waits for the reply until `deadline`.
    pub(super) fn reply(&self, deadline: Instant) -> Result<Vec<u8>, TransportError> {
        self.wire
            .reply(self.ticket, deadline)
            .map_err(|error| TransportError::NoReply { reason: error.into() })
    }
}

/// The right to send; passed on, with the connection, when dropped.
struct Turn<'a> {
    line: &'a Line,
    wire: Option<Arc<Wire>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.line.lock();
        state.taken = false;
        match self.wire.take() {
            wire if self.line.is_closed() => end(wire),
            wire => state.wire = wire,
        }
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.line.freed.notify_one();
        }
    }
}

/// Hangs up, unless a thread still waits for a reply; the daemon sees the end even if a forked child holds a copy.
fn end(wire: Option<Arc<Wire>>) {
    if let Some(wire) = wire.and_then(Arc::into_inner) {
        wire.hang_up();
    }
}
