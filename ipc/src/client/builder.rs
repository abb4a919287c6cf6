//! Makes an emitter.

use std::path::PathBuf;
use std::time::Duration;

use super::Emitter;
use super::drops::Drops;
use super::error::BuildError;
use super::line::Line;
use super::outgoing::Identity;
use crate::path::default_socket_path;

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
        }
    }

    /// The daemon's socket; otherwise [`default_socket_path`] in this process's environment.
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

    /// Makes the emitter; touches neither the socket nor a file.
    pub fn build(self) -> Result<Emitter, BuildError> {
        self.identity.check().map_err(BuildError::Identity)?;
        let socket = match self.socket_path {
            Some(path) => path,
            None => default_socket_path(&|name: &str| std::env::var(name).ok())?,
        };
        let session_id =
            if self.session_id.is_empty() { uuid::Uuid::new_v4().to_string() } else { self.session_id };
        Ok(Emitter {
            line: Line::new(socket, self.dial_timeout, self.write_timeout),
            session_id,
            identity: self.identity,
            best_effort: self.best_effort,
            drops: Drops::default(),
        })
    }
}
