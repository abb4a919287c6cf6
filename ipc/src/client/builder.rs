//! Makes an emitter.

use std::path::PathBuf;
use std::time::Duration;

use super::Emitter;
use super::error::BuildError;
use super::left::{DropFile, DropFolder};
use super::life::Life;
use super::line::Line;
use super::outgoing::Identity;
use crate::path::socket_path_here;

/// What may be set about an [`Emitter`]; nothing must be.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct EmitterBuilder {
    socket_path: Option<PathBuf>,
    session_id: String,
    identity: Identity,
    dial_timeout: Duration,
    write_timeout: Duration,
    best_effort: bool,
    drop_folder: DropFolder,
    leave_at_once: bool,
}

impl EmitterBuilder {
    pub(super) fn new() -> Self {
        Self {
            socket_path: None,
            session_id: String::new(),
            identity: Identity::default(),
            dial_timeout: Duration::from_millis(25),
            write_timeout: Duration::from_millis(100),
            best_effort: false,
            drop_folder: DropFolder::Usual,
            leave_at_once: false,
        }
    }

    /// The daemon's socket; otherwise [`socket_path_here`](crate::socket_path_here).
    pub fn socket_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket_path = Some(path.into()).filter(|path| !path.as_os_str().is_empty());
        self
    }

    /// The session that all events belong to; otherwise, and if empty, a random UUID.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.session_id = id.into();
        self
    }

    /// Who acts, for all events that do not say otherwise.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    /// How long dialling may take; 25 milliseconds.
    pub fn dial_timeout(mut self, timeout: Duration) -> Self {
        self.dial_timeout = timeout;
        self
    }

    /// How long one whole frame may take to go out; 100 milliseconds.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Whether [`Emitter::emit`] keeps transport failures to itself, only counting the drop; no.
    pub fn best_effort(mut self, best_effort: bool) -> Self {
        self.best_effort = best_effort;
        self
    }

    /// Where to leave the count of events that were lost and not told when the emitter is closed or dropped.
    ///
    /// Otherwise in `$XDG_RUNTIME_DIR/agentreceipts/drops`, or, where that cannot be, in `agent-receipts/drops` in
    /// `$XDG_DATA_HOME` or `~/.local/share`: a folder (0700) and a file a session (0600) of this user's own, made when there is a
    /// count to leave. No more than 256 files are kept, and none that nobody has touched for 30 days. A folder that is named here
    /// is made if it is missing, but not those above it.
    ///
    /// The folder is looked into once a connection. No time-out holds for that: where the home is on a network that may hang, name
    /// a local folder, or none.
    pub fn drop_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.drop_folder = DropFolder::Named(folder.into());
        self
    }

    /// Neither leaves a count of lost events behind, nor tells one that another emitter left.
    pub fn no_drop_folder(mut self) -> Self {
        self.drop_folder = DropFolder::None;
        self
    }

    /// Whether a count is left as soon as an event is lost, and not only when the emitter is closed or dropped; no.
    ///
    /// For processes that end without a word, as those of Go do. An event that is lost then costs a change of the file, for which
    /// it waits at most ten milliseconds a folder; one that gets through costs nothing more. [`Emitter::dropped`] counts what was
    /// left so.
    pub fn leave_drops_at_once(mut self, at_once: bool) -> Self {
        self.leave_at_once = at_once;
        self
    }

    /// Makes the emitter; touches neither the socket nor a file.
    pub fn build(self) -> Result<Emitter, BuildError> {
        self.identity.check().map_err(BuildError::Identity)?;
        let socket = match self.socket_path {
            Some(path) => path,
            None => socket_path_here()?,
        };
        let session_id =
            if self.session_id.is_empty() { uuid::Uuid::new_v4().to_string() } else { self.session_id };
        let environment = |name: &str| std::env::var(name).ok();
        Ok(Emitter {
            life: Life::new(Line::new(socket, self.dial_timeout, self.write_timeout)),
            drop_file: DropFile::new(&self.drop_folder, &session_id, &environment),
            session_id,
            identity: self.identity,
            best_effort: self.best_effort,
            leave_at_once: self.leave_at_once,
        })
    }
}
