//! The connection that an emitter's threads share, in turns that nobody waits for longer than allowed.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::{CallerError, EmitError, TransportError};
use super::wire::{Ticket, Wire};

/// The line to one daemon: no connection until the first event, a new one after each failure.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) socket: PathBuf,
    pub(super) dial_timeout: Duration,
    pub(super) write_timeout: Duration,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: bool,
    closed: bool,
    wire: Option<Arc<Wire>>,
}

impl Line {
    pub(super) fn new(socket: PathBuf, dial_timeout: Duration, write_timeout: Duration) -> Self {
        Self { socket, dial_timeout, write_timeout, state: Mutex::default(), freed: Condvar::new() }
    }

    /// Sends one frame, dialling first if need be, within the two time-outs together and before `latest`.
    ///
    /// Gives what is needed to wait for the reply, if `asks` says that the frame asks for one.
    pub(super) fn send(
        &self,
        body: &[u8],
        asks: bool,
        latest: Option<Instant>,
    ) -> Result<Option<Asked>, EmitError> {
        let own_end = Instant::now() + self.dial_timeout + self.write_timeout;
        let end = latest.map_or(own_end, |latest| latest.min(own_end));
        let mut turn = self.take_turn(end)?;
        if turn.wire.as_ref().is_some_and(|wire| !wire.is_alive()) {
            turn.wire = None;
        }
        let wire = match &turn.wire {
            Some(wire) => Arc::clone(wire),
            None => {
                let dialled = Wire::dial(&self.socket, end.min(Instant::now() + self.dial_timeout));
                let wire = dialled.map_err(|error| TransportError::Dial {
                    socket: self.socket.clone(),
                    kind: error.kind(),
                })?;
                Arc::clone(turn.wire.insert(Arc::new(wire)))
            }
        };
        match wire.send(body, asks, end.min(Instant::now() + self.write_timeout)) {
            Ok(ticket) => Ok(ticket.map(|ticket| Asked { wire, ticket })),
            Err(error) => {
                // Half a frame may be out: whatever followed would be read as the rest of it.
                turn.wire = None;
                wire.hang_up();
                Err(TransportError::Write { socket: self.socket.clone(), kind: error.kind() }.into())
            }
        }
    }

    /// Hangs up for good.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.wire = None;
    }

    fn take_turn(&self, end: Instant) -> Result<Turn<'_>, EmitError> {
        let mut state = self.lock();
        while state.taken {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TransportError::Busy.into());
            }
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.closed {
            return Err(CallerError::Closed.into());
        }
        state.taken = true;
        Ok(Turn { line: self, wire: state.wire.take() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A frame that went out and asked for a reply.
pub(super) struct Asked {
    wire: Arc<Wire>,
    ticket: Ticket,
}

impl Asked {
    /// Waits for the reply until `deadline`.
    pub(super) fn reply(&self, deadline: Instant) -> Result<Vec<u8>, TransportError> {
        self.wire.reply(self.ticket, deadline).map_err(|error| TransportError::NoReply { kind: error.kind() })
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
        if !state.closed {
            state.wire = self.wire.take();
        }
        drop(state);
        self.line.freed.notify_one();
    }
}
