//! The blocking emitter client.

mod ask;
mod builder;
mod drops;
mod error;
mod left;
mod life;
mod line;
mod outgoing;
mod reason;
mod telling;
mod wire;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::ack::Ack;
use crate::sys::after;
use left::DropFile;
use life::Life;
use outgoing::Draft;
use telling::Telling;

pub use ask::{AskError, ask};
pub use builder::EmitterBuilder;
pub use error::{BuildError, CallerError, EmitError, TransportError};
pub use left::{DropFileError, Untold};
pub use outgoing::{EventToSend, Identity};
pub use reason::SystemReason;

/// Sends events to the daemon without ever holding its caller up for long.
///
/// Connects when the first event is sent, and again with the next event after a failure. An event that does not get
/// through is lost and counted, and the count goes out as `drop_count` with the next event that does. May be shared
/// between threads, whose events go out one after the other.
///
/// A count that was not told when the emitter is closed or dropped is left in a small file, and the next emitter of the same
/// session and user tells it with its first event that gets through: see [`EmitterBuilder::drop_folder`]. An emitter in a `static`
/// is not dropped when the process ends: close it before. A process that is killed loses what it had counted.
///
/// A forked child may go on using the emitter: the child has a connection and a count of its own, in the same session. It never
/// writes on its parent's connection, tells its parent's count, or waits for a lock that its parent held.
#[derive(Debug)]
pub struct Emitter {
    life: Life,
    session_id: String,
    identity: Identity,
    best_effort: bool,
    leave_at_once: bool,
    drop_file: DropFile,
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
        self.emit_by(event, None)
    }

    /// [`Emitter::emit`], taking at most `patience` as well: for callers that have a deadline of their own.
    pub fn emit_within(&self, event: &EventToSend<'_>, patience: Duration) -> Result<(), EmitError> {
        self.emit_by(event, Some(after(patience)))
    }

    /// Sends one event and waits at most `patience` in all for the daemon to say what became of it.
    ///
    /// [`Ack::Accepted`] means that the receipt is on disk. [`TransportError::NoReply`] means that nobody knows: the
    /// event does not count as dropped, and drops that it told of are told again. A refused event is counted by the daemon,
    /// with the drops that it told of. The daemon decides how long a commit
    /// takes, so `patience` should be seconds. `best_effort` has no effect here.
    pub fn emit_acknowledged(&self, event: &EventToSend<'_>, patience: Duration) -> Result<Ack, EmitError> {
        let deadline = after(patience);
        let life = self.life.own();
        let draft = self.draft(life, event, true)?;
        let (frame, telling) = Telling::load(draft, life, &self.drop_file);
        let (asked, told) = match life.line.send(&frame, true, Some(deadline)) {
            Ok(asked) => (asked, telling.sent()),
            Err(error) => {
                telling.not_sent(&error);
                self.keep_count(life);
                return Err(error);
            }
        };
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
            life.drops.add(told);
            self.keep_count(life);
        }
        Ok(ack?)
    }

    /// Hangs up, and leaves the drops not yet told for the next emitter of this session, waiting for its file at most for a
    /// quarter of a second a folder. Further events are refused as the caller's fault.
    ///
    /// To be called before the process ends where the emitter is not dropped. May be called again.
    pub fn close(&self) -> Untold {
        let life = self.life.own();
        life.line.close();
        life.leave(&self.drop_file, SystemTime::now())
    }

    /// The session that all events belong to.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The daemon's socket.
    pub fn socket_path(&self) -> &Path {
        self.life.socket()
    }

    /// How many events this process has lost and not yet told to the daemon or left for the next emitter. What it left at once, as
    /// [`EmitterBuilder::leave_drops_at_once`] has it, counts until it is told or the emitter is closed.
    pub fn dropped(&self) -> u64 {
        self.life.existing().map_or(0, Life::untold)
    }

    /// Counts events that were not even tried, as drops: for callers who know that nobody is there, and do not dial for each event.
    ///
    /// They are told with the next event that gets through, like any other.
    pub fn count_as_dropped(&self, events: u64) {
        let life = self.life.own();
        life.drops.add(events);
        self.keep_count(life);
    }

    /// How many lost events earlier emitters of this session have left to be told.
    ///
    /// # Errors
    ///
    /// [`DropFileError`] if what stands there is not believed; sending events passes it over, and works all the same.
    pub fn left_behind(&self) -> Result<u64, DropFileError> {
        self.drop_file.count()
    }

    fn emit_by(&self, event: &EventToSend<'_>, latest: Option<Instant>) -> Result<(), EmitError> {
        let life = self.life.own();
        let draft = self.draft(life, event, false)?;
        let (frame, telling) = Telling::load(draft, life, &self.drop_file);
        match life.line.send(&frame, false, latest) {
            Ok(_) => {
                telling.sent();
                Ok(())
            }
            Err(error) => {
                telling.not_sent(&error);
                self.keep_count(life);
                if self.best_effort && error.is_transport() { Ok(()) } else { Err(error) }
            }
        }
    }

    /// Leaves what was just lost, where the end of the process may come without a word.
    fn keep_count(&self, life: &Life) {
        if self.leave_at_once {
            life.leave_at_once(&self.drop_file, SystemTime::now());
        }
    }

    fn draft(&self, life: &Life, event: &EventToSend<'_>, ack: bool) -> Result<Draft, EmitError> {
        let draft = Draft::new(event, &self.session_id, &self.identity, ack, SystemTime::now())?;
        if life.line.is_closed() { Err(CallerError::Closed.into()) } else { Ok(draft) }
    }
}

impl Drop for Emitter {
    fn drop(&mut self) {
        // In a forked child that never used it, this is the parent's, who shall notice nothing.
        if let Some(life) = self.life.existing() {
            life.line.close();
            let _ = life.leave(&self.drop_file, SystemTime::now());
        }
    }
}

/// The code of a refusal whose frame the daemon could not take as an event.
const NOT_UNDERSTOOD: &str = "invalid_frame";
