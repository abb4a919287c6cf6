//! The blocking emitter client.

mod ask;
mod builder;
mod drops;
mod error;
mod line;
mod outgoing;
mod wire;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::ack::Ack;
use drops::Drops;
use line::Line;
use outgoing::Body;

pub use ask::{AskError, ask};
pub use builder::EmitterBuilder;
pub use error::{BuildError, CallerError, EmitError, TransportError};
pub use outgoing::{EventToSend, Identity};

/// Sends events to the daemon without ever holding its caller up for long.
///
/// Connects when the first event is sent, and again with the next event after a failure. An event that does not get
/// through is lost and counted, and the count goes out as `drop_count` with the next event that does. May be shared
/// between threads, whose events go out one after the other. A forked child needs an emitter of its own.
#[derive(Debug)]
pub struct Emitter {
    line: Line,
    session_id: String,
    identity: Identity,
    best_effort: bool,
    drops: Drops,
}

impl Emitter {
    /// Starts from the defaults: the default socket, a random session id, 25 ms to dial, 100 ms to send.
    pub fn builder() -> EmitterBuilder {
        EmitterBuilder::new()
    }

    /// Sends one event. Success means that the kernel has it; only [`Emitter::emit_acknowledged`] can tell more.
    ///
    /// Takes at most the dial and the write time-out together, whatever the daemon and other threads do. After a transport
    /// error the event counts as dropped; with `best_effort` that error is not returned.
    pub fn emit(&self, event: &EventToSend<'_>) -> Result<(), EmitError> {
        let body = self.body(event, false)?;
        let (body, told) = self.finish(body);
        match self.line.send(&body, false, None) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.not_sent(told, &error);
                if self.best_effort && error.is_transport() { Ok(()) } else { Err(error) }
            }
        }
    }

    /// Sends one event and waits at most `patience` in all for the daemon to say what became of it.
    ///
    /// [`Ack::Accepted`] means that the receipt is on disk. [`TransportError::NoReply`] means that nobody knows: the
    /// event does not count as dropped, and drops that it told of are told again. A refused event is counted by the daemon,
    /// with the drops that it told of. The daemon decides how long a commit
    /// takes, so `patience` should be seconds. `best_effort` has no effect here.
    pub fn emit_acknowledged(&self, event: &EventToSend<'_>, patience: Duration) -> Result<Ack, EmitError> {
        let deadline = Instant::now() + patience;
        let body = self.body(event, true)?;
        let (body, told) = self.finish(body);
        let asked =
            self.line.send(&body, true, Some(deadline)).inspect_err(|error| self.not_sent(told, error))?;
        let reply = asked.map_or(Ok(Vec::new()), |asked| asked.reply(deadline));
        let ack = reply.and_then(|reply| Ok(Ack::from_json(&reply)?));
        let taken_over = match &ack {
            Ok(Ack::Accepted { .. }) => true,
            // The daemon counts a refused event with all that it told of, unless it could make nothing of the frame.
            Ok(Ack::Refused { code, .. }) => code != NOT_UNDERSTOOD,
            // Rather told twice than never: a drop that nobody hears of is a hole in the record.
            Err(_) => false,
        };
        if !taken_over {
            self.drops.add(told);
        }
        Ok(ack?)
    }

    /// Hangs up. Further events are refused as the caller's fault; drops not yet told are lost.
    pub fn close(&self) {
        self.line.close();
    }

    /// The session that all events belong to.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The daemon's socket.
    pub fn socket_path(&self) -> &Path {
        &self.line.socket
    }

    /// How many events were lost and not yet told to the daemon.
    pub fn dropped(&self) -> u64 {
        self.drops.count()
    }

    fn body(&self, event: &EventToSend<'_>, ack: bool) -> Result<Body, EmitError> {
        Ok(Body::new(event, &self.session_id, &self.identity, ack, SystemTime::now())?)
    }

    /// Lets the frame tell of all drops, or of none if there is no room in it.
    fn finish(&self, body: Body) -> (Vec<u8>, u64) {
        let taken = self.drops.take();
        let (body, told) = body.finish(taken);
        self.drops.add(taken - told);
        (body, told)
    }

    fn not_sent(&self, told: u64, error: &EmitError) {
        self.drops.add(told.saturating_add(u64::from(error.is_transport())));
    }
}

/// The code of a refusal whose frame the daemon could not take as an event.
const NOT_UNDERSTOOD: &str = "invalid_frame";
