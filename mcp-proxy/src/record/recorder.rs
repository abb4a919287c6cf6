//! Sends notes, and never holds a call up for longer than one dial.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agent_receipts_core::{clipped, payload};
use agent_receipts_ipc::{
    Ack, BuildError, EmitError, Emitter, EventToSend, Identity, MAX_FRAME, MAX_RESOURCE, MAX_TEXT,
    TransportError, Untold,
};

use super::note::Note;
use super::road::Road;
use crate::notice::notice;

/// Where and for whom is recorded.
#[derive(Debug, Clone)]
pub(crate) struct RecorderOptions {
    /// The daemon's socket; otherwise where the system has it.
    pub(crate) socket: Option<PathBuf>,
    /// The server's name.
    pub(crate) server: String,
    /// Who acts, as far as the command line says.
    pub(crate) identity: Identity,
    /// The most that an event waits for the daemon to be reached, and again to take it; 25 and 100 milliseconds.
    pub(crate) patience: Option<Duration>,
}

/// Why a call may not go on under `--strict`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotRecorded {
    /// The daemon did not answer.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The daemon was away a moment ago, and is not asked before it is back.
    #[error("the daemon cannot be reached")]
    Away,
    /// The daemon answered that there is no receipt.
    #[error("the daemon refused: {code}")]
    Refused {
        /// Its stable word for the reason.
        code: String,
    },
}

/// Tells the daemon what happens.
pub(crate) struct Recorder {
    emitter: Emitter,
    road: Arc<Road>,
    server: String,
    turn: Mutex<()>,
}

impl Recorder {
    /// Touches neither the socket nor a file.
    pub(crate) fn new(options: RecorderOptions) -> Result<Self, BuildError> {
        let (dial, write) = options.patience.map_or((DIAL, WRITE), |patience| (patience, patience));
        let mut builder =
            Emitter::builder().identity(options.identity).dial_timeout(dial).write_timeout(write);
        if let Some(socket) = options.socket {
            builder = builder.socket_path(socket);
        }
        let emitter = builder.build()?;
        let road = Arc::new(Road::new(&emitter, &options.server, dial));
        Ok(Self { emitter, road, server: options.server, turn: Mutex::default() })
    }

    /// Sends it. What cannot be sent is counted, and the daemon is told the count as soon as it is back.
    ///
    /// While the daemon is away this costs nothing but the count: only the call that finds out waits, no longer than it may.
    pub(crate) fn note(&self, note: &Note<'_>) {
        // In turns of ours: an emitter that is busy would take a thread that was not scheduled in time for a daemon that is away.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.road.is_shut() {
            self.emitter.count_as_dropped(1);
            return;
        }
        match self.fitted(note, |event| self.emitter.emit(event)) {
            Ok(()) => {}
            Err(error) => self.failed(&error),
        }
    }

    /// Sends it, and waits until it is on disk.
    pub(crate) fn note_durably(&self, note: &Note<'_>) -> Result<(), NotRecorded> {
        if self.road.is_shut() {
            self.emitter.count_as_dropped(1);
            return Err(NotRecorded::Away);
        }
        match self.fitted(note, |event| self.emitter.emit_acknowledged(event, COMMIT)) {
            Ok(Ack::Accepted { .. }) => Ok(()),
            Ok(Ack::Refused { code, .. }) => Err(NotRecorded::Refused { code }),
            Err(error) => {
                self.failed(&error);
                Err(error.into())
            }
        }
    }

    /// The session of all that is recorded here.
    pub(crate) fn session_id(&self) -> &str {
        self.emitter.session_id()
    }

    /// Hangs up. What was lost and not told is left for the next proxy of this session, or said, if it cannot be.
    pub(crate) fn close(&self) {
        self.road.give_up();
        if let Untold::Lost { count, error } = self.emitter.close() {
            notice(format_args!(
                "{count} events were not recorded, which could not be left in a file: {error}"
            ));
        }
    }

    fn failed(&self, error: &EmitError) {
        match error {
            // Other threads were quicker; that says nothing of the daemon.
            EmitError::Transport(TransportError::Busy) => {}
            EmitError::Transport(_) => self.road.shut(error),
            // Every text is cut to its limit before. Whatever this is, it is no receipt, and must be counted as none.
            _ => {
                self.emitter.count_as_dropped(1);
                notice(format_args!("an event could not be sent: {error}"));
            }
        }
    }

    fn fitted<T>(&self, note: &Note<'_>, send: impl FnOnce(&EventToSend<'_>) -> T) -> T {
        let (input, output) = payload::fitting(note.input, note.output, ROOM);
        let (tool, server) = (clipped(note.tool, MAX_NAME), clipped(&self.server, MAX_NAME));
        let error = clipped(note.error, MAX_ERROR);
        let (key, correlation_id) = (clipped(note.key, MAX_TEXT), clipped(note.correlation_id, MAX_TEXT));
        let target = note.target.filter(|(_, resource)| !resource.is_empty());
        let (system, resource) = target.unwrap_or_default();
        let resource = clipped(resource, MAX_RESOURCE);
        send(&EventToSend {
            tool_server: &server,
            action_type: note.action_type,
            input: input.as_deref(),
            output: output.as_deref(),
            error: &error,
            idempotency_key: &key,
            correlation_id: &correlation_id,
            target_system: system,
            target_resource: &resource,
            ..EventToSend::new(CHANNEL, &tool, note.decision)
        })
    }
}

/// The channel of all receipts of a proxy.
pub(super) const CHANNEL: &str = "mcp";

/// How long reaching the daemon may take, and how long an event may take to go out.
const DIAL: Duration = Duration::from_millis(25);
const WRITE: Duration = Duration::from_millis(100);

/// The most that a call waits for its receipt to be on disk.
const COMMIT: Duration = Duration::from_secs(5);

/// What a frame leaves for input and output together: the other fields are bounded far below the rest.
const ROOM: usize = MAX_FRAME - (192 << 10);
/// Bounds of ours, which the protocol does not set: together with the payloads they keep below a frame.
const MAX_NAME: usize = 1024;
/// Of an error's text; written as JSON it may take six times as much.
const MAX_ERROR: usize = 16 << 10;
