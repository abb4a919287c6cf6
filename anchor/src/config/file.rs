//! `anchor.toml` as a whole.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::duration::Span;
use super::{ConfigError, SinkConfig};
use crate::disk;

/// A configuration that was read and held together.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The database of receipts, opened for reading only.
    pub db: PathBuf,
    /// The published key: only what it, or one that was archived beside it, has signed is delivered.
    pub public_key: PathBuf,
    /// The anchor's own folder.
    pub state: PathBuf,
    /// How long to wait before looking for a new checkpoint.
    pub poll: Duration,
    /// Where to deliver to; at least one, each with a name of its own.
    pub sinks: Vec<SinkConfig>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    db: Option<PathBuf>,
    public_key: Option<PathBuf>,
    state: Option<PathBuf>,
    #[serde(default = "poll")]
    poll: Span,
    #[serde(default)]
    sink: Vec<toml::Table>,
}

impl Config {
    /// Where the configuration stands when nobody says otherwise: `<data>/anchor.toml`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoDataDirectory`].
    pub fn default_path(env: &impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ConfigError> {
        Ok(data(env, "--config")?.join("anchor.toml"))
    }

    /// Reads a configuration. `env` looks one environment variable up; secrets are not read yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn load(path: &Path, env: &impl Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let bytes = disk::read(path, LIMIT)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        let malformed = |reason: String| ConfigError::Malformed { path: path.to_owned(), reason };
        let text = String::from_utf8(bytes).map_err(|_| malformed("not UTF-8".to_owned()))?;
        let file: File =
            toml::from_str(&text).map_err(|error| malformed(error.to_string().trim().to_owned()))?;
        let variable = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let db = match file.db.or_else(|| variable("AGENTRECEIPTS_DB")) {
            Some(db) => db,
            None => data(env, "db")?.join("receipts.db"),
        };
        let beside = || variable("AGENTRECEIPTS_KEY").map(with_pub);
        let public_key =
            match file.public_key.or_else(|| variable("AGENTRECEIPTS_PUBLIC_KEY")).or_else(beside) {
                Some(public_key) => public_key,
                None => data(env, "public_key")?.join("signing.key.pub"),
            };
        let state = match file.state {
            Some(state) => state,
            None => data(env, "state")?.join("anchor"),
        };
        let sinks: Vec<_> = file.sink.into_iter().map(SinkConfig::read).collect::<Result<_, _>>()?;
        Self { db, public_key, state, poll: file.poll.0, sinks }.checked()
    }

    fn checked(self) -> Result<Self, ConfigError> {
        for (key, path) in [("db", &self.db), ("public_key", &self.public_key), ("state", &self.state)] {
            absolute(key, path)?;
        }
        if self.sinks.is_empty() {
            return Err(ConfigError::NoSink);
        }
        let mut names = HashSet::new();
        if let Some(twice) = self.sinks.iter().find(|sink| !names.insert(&sink.name)) {
            return Err(ConfigError::NameTwice(twice.name.clone()));
        }
        Ok(self)
    }
}

pub(super) fn absolute(key: &'static str, path: &Path) -> Result<(), ConfigError> {
    if path.is_absolute() { Ok(()) } else { Err(ConfigError::Relative { key, path: path.to_owned() }) }
}

/// The daemon's data directory, by the daemon's own rule.
fn data(env: &impl Fn(&str) -> Option<OsString>, key: &'static str) -> Result<PathBuf, ConfigError> {
    let directory = |name| env(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    directory("XDG_DATA_HOME")
        .or_else(|| directory("HOME").map(|home| home.join(".local/share")))
        .map(|share| share.join("agent-receipts"))
        .ok_or(ConfigError::NoDataDirectory { key })
}

fn with_pub(key: PathBuf) -> PathBuf {
    let mut path = key.into_os_string();
    path.push(".pub");
    path.into()
}

fn poll() -> Span {
    Span(Duration::from_secs(30))
}

/// Bytes of the file.
const LIMIT: u64 = 1 << 20;
