//! The CLI as an emitter: one event, acknowledged or handed over.

use std::path::Path;
use std::time::Duration;

use agent_receipts_ipc::{Ack, EmitError, Emitter, EventToSend};

use crate::failure::Failure;
use crate::settings::Settings;

/// How long a daemon may take to answer that an event is on disk.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the road to the daemon may take; longer than a library's default, as nobody's agent waits for us.
const ROAD: Duration = Duration::from_secs(2);

/// Sends events of one session.
pub(crate) struct Recorder {
    emitter: Emitter,
}

/// Where a receipt stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Recorded {
    /// Its id.
    pub(crate) receipt_id: String,
    /// Its chain.
    pub(crate) chain_id: String,
    /// Its place there.
    pub(crate) sequence: u64,
    /// Its hash, to which the next one links.
    pub(crate) receipt_hash: String,
}

/// Why an event was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RecordError {
    /// It did not reach the daemon, or no reply came.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The daemon refused it.
    #[error("the daemon refused the event: {message} ({code})")]
    Refused {
        /// A stable word.
        code: String,
        /// A sentence.
        message: String,
    },
}

impl Recorder {
    /// A recorder for the configured socket and session; a session of its own where none is given.
    pub(crate) fn new(
        settings: &Settings,
        socket: Option<&Path>,
        session: Option<&str>,
    ) -> Result<Self, Failure> {
        let path = settings.socket(socket)?.path;
        let session =
            session.map(str::to_owned).or_else(|| settings.environment().text("AGENTRECEIPTS_SESSION_ID"));
        let builder = Emitter::builder().socket_path(path).dial_timeout(ROAD).write_timeout(ROAD);
        let builder = match session {
            Some(session) => builder.session_id(session),
            // A session that nobody knows never comes back for what it left.
            None => builder.no_drop_folder(),
        };
        Ok(Self { emitter: builder.build().map_err(Failure::usage)? })
    }

    /// The daemon's socket.
    pub(crate) fn socket(&self) -> &Path {
        self.emitter.socket_path()
    }

    /// Records an event and tells where its receipt stands on disk.
    pub(crate) fn record(&self, event: &EventToSend<'_>) -> Result<Recorded, RecordError> {
        match self.emitter.emit_acknowledged(event, PATIENCE)? {
            Ack::Accepted { receipt_id, chain_id, sequence, receipt_hash } => {
                Ok(Recorded { receipt_id, chain_id, sequence, receipt_hash })
            }
            Ack::Refused { code, message } => Err(RecordError::Refused { code, message }),
        }
    }

    /// Hands an event over without waiting for what becomes of it.
    pub(crate) fn hand_over(&self, event: &EventToSend<'_>) -> Result<(), RecordError> {
        Ok(self.emitter.emit(event)?)
    }
}
