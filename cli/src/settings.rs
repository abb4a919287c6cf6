//! Where things stand: defaults < `daemon.toml` < environment < flags.
//!
//! The rules are the daemon's own, so that `list` without a flag reads what the daemon without a flag writes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use agent_receipts_ipc::{CONTROL_VARIABLE, control_socket_beside, default_socket_path};
use agent_receipts_keysource::public_key_path;

use crate::environment::Environment;
use crate::when::span;

/// Why a setting cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SettingsError {
    /// The configuration file cannot be read.
    #[error("could not read the configuration `{}`: {message}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        message: String,
    },
    /// The configuration file is not TOML.
    #[error("the configuration `{}` is not valid: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser found.
        message: String,
    },
    /// A key of the configuration that we need is not text.
    #[error("`{key}` in the configuration `{}` is not text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
    /// Neither `XDG_DATA_HOME` nor `HOME` tells where the data stand.
    #[error("no data directory: neither XDG_DATA_HOME nor HOME is set to an absolute path")]
    NoDataDirectory,
    /// No socket path can be told on this system.
    #[error("no default socket path on this system")]
    NoSocketPath,
}

/// What the operator configured, ready to be asked. Every question takes the flag, which wins.
pub(crate) struct Settings {
    environment: Environment,
    file: ConfigFile,
}

/// A socket path, and whether somebody chose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SocketChoice {
    /// The path.
    pub(crate) path: PathBuf,
    /// False for the system's own default.
    pub(crate) explicit: bool,
}

impl Settings {
    /// Reads the configuration file, which must exist only if it was named.
    pub(crate) fn load(environment: Environment, config: Option<&Path>) -> Result<Self, SettingsError> {
        let named = config.map(Path::to_owned).or_else(|| environment.path("AGENTRECEIPTS_CONFIG"));
        let file = match (named, data_directory(&environment)) {
            (Some(path), _) => ConfigFile::read(&path, true)?,
            (None, Ok(directory)) => ConfigFile::read(&directory.join("daemon.toml"), false)?,
            (None, Err(_)) => ConfigFile::default(),
        };
        Ok(Self { environment, file })
    }

    /// The environment that the settings were read from.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The directory of the database and the keys.
    pub(crate) fn data_directory(&self) -> Result<PathBuf, SettingsError> {
        data_directory(&self.environment)
    }

    /// The database.
    pub(crate) fn database(&self, flag: Option<&Path>) -> Result<PathBuf, SettingsError> {
        self.path(flag, "AGENTRECEIPTS_DB", &self.file.db, "receipts.db")
    }

    /// The private key.
    pub(crate) fn private_key(&self, flag: Option<&Path>) -> Result<PathBuf, SettingsError> {
        self.path(flag, "AGENTRECEIPTS_KEY", &self.file.key, "signing.key")
    }

    /// The published key: as named, or the private key's path with `.pub` behind it.
    pub(crate) fn public_key(
        &self,
        flag: Option<&Path>,
        private_key: Option<&Path>,
    ) -> Result<PathBuf, SettingsError> {
        let named = flag.map(Path::to_owned).or_else(|| self.environment.path("AGENTRECEIPTS_PUBLIC_KEY"));
        if let Some(path) = named.or_else(|| self.file.public_key.clone()) {
            return Ok(path);
        }
        Ok(public_key_path(&self.private_key(private_key)?))
    }

    /// The private key that opens what receipts hold sealed. The configuration has no such key: it belongs on another machine
    /// than the daemon.
    pub(crate) fn forensic_key(&self, flag: Option<&Path>) -> Result<PathBuf, SettingsError> {
        self.path(flag, "AGENTRECEIPTS_FORENSIC_KEY", &None, "forensic.key")
    }

    /// Its public half: as named, or the private one's path with `.pub` behind it.
    pub(crate) fn forensic_public_key(
        &self,
        flag: Option<&Path>,
        private_key: Option<&Path>,
    ) -> Result<PathBuf, SettingsError> {
        let variable = || self.environment.path("AGENTRECEIPTS_FORENSIC_PUBLIC_KEY");
        let named =
            flag.map(Path::to_owned).or_else(variable).or_else(|| self.file.forensic_public_key.clone());
        match named {
            Some(path) => Ok(path),
            None => Ok(public_key_path(&self.forensic_key(private_key)?)),
        }
    }

    /// The daemon's socket.
    pub(crate) fn socket(&self, flag: Option<&Path>) -> Result<SocketChoice, SettingsError> {
        let named = flag.map(Path::to_owned).or_else(|| self.environment.path("AGENTRECEIPTS_SOCKET"));
        if let Some(path) = named.or_else(|| self.file.socket.clone()) {
            return Ok(SocketChoice { path, explicit: true });
        }
        let path = default_socket_path(&|name| self.environment.text(name))
            .map_err(|_| SettingsError::NoSocketPath)?;
        Ok(SocketChoice { path, explicit: false })
    }

    /// The socket on which the daemon is asked: as named, or beside the one at `socket`.
    pub(crate) fn control_socket(&self, flag: Option<&Path>, socket: &Path) -> PathBuf {
        let named = flag.map(Path::to_owned).or_else(|| self.environment.path(CONTROL_VARIABLE));
        named.or_else(|| self.file.control_socket.clone()).unwrap_or_else(|| control_socket_beside(socket))
    }

    /// The one chain asked about, if any. The configuration file's is only where the daemon's chain ids begin, not a
    /// question.
    pub(crate) fn chain_id(&self, flag: Option<&str>) -> Option<String> {
        flag.map(str::to_owned).or_else(|| self.environment.text("AGENTRECEIPTS_CHAIN_ID"))
    }

    /// How often the daemon makes a checkpoint. A text that is no span keeps the daemon from starting, and says nothing here.
    pub(crate) fn checkpoint_interval(&self) -> Duration {
        let named = self.environment.text("AGENTRECEIPTS_CHECKPOINT_INTERVAL");
        let text = named.or_else(|| self.file.checkpoint_interval.clone());
        text.and_then(|text| span(&text)).unwrap_or(CHECKPOINT_INTERVAL)
    }

    fn path(
        &self,
        flag: Option<&Path>,
        variable: &str,
        in_file: &Option<PathBuf>,
        name: &str,
    ) -> Result<PathBuf, SettingsError> {
        match flag.map(Path::to_owned).or_else(|| self.environment.path(variable)).or_else(|| in_file.clone())
        {
            Some(path) => Ok(path),
            None => Ok(self.data_directory()?.join(name)),
        }
    }
}

/// `$XDG_DATA_HOME/agent-receipts`, or below `~/.local/share`.
fn data_directory(environment: &Environment) -> Result<PathBuf, SettingsError> {
    environment
        .absolute_path("XDG_DATA_HOME")
        .or_else(|| environment.absolute_path("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("agent-receipts"))
        .ok_or(SettingsError::NoDataDirectory)
}

/// The keys of the daemon's configuration that a reader needs. The daemon refuses unknown keys; to us they are the
/// daemon's business.
#[derive(Debug, Default, PartialEq, Eq)]
struct ConfigFile {
    socket: Option<PathBuf>,
    control_socket: Option<PathBuf>,
    db: Option<PathBuf>,
    key: Option<PathBuf>,
    public_key: Option<PathBuf>,
    forensic_public_key: Option<PathBuf>,
    checkpoint_interval: Option<String>,
}

/// The daemon's own default.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(3600);

impl ConfigFile {
    fn read(path: &Path, required: bool) -> Result<Self, SettingsError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(SettingsError::Unreadable { path: path.to_owned(), message: error.to_string() });
            }
        };
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| SettingsError::Malformed {
            path: path.to_owned(),
            message: error.message().to_owned(),
        })?;
        let text = |key: &'static str| match table.get(key) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(_) => Err(SettingsError::NotText { path: path.to_owned(), key }),
        };
        Ok(Self {
            socket: text("socket")?.map(PathBuf::from),
            control_socket: text("control_socket")?.map(PathBuf::from),
            db: text("db")?.map(PathBuf::from),
            key: text("key")?.map(PathBuf::from),
            public_key: text("public_key")?.map(PathBuf::from),
            forensic_public_key: text("forensic_public_key")?.map(PathBuf::from),
            checkpoint_interval: text("checkpoint_interval")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::load(Environment::of(pairs), None).unwrap()
    }

    #[test]
    fn the_data_stand_in_one_directory_by_default() {
        let settings = settings(&[("HOME", "/nowhere/h")]);
        let base = Path::new("/nowhere/h/.local/share/agent-receipts");
        assert_eq!(settings.database(None), Ok(base.join("receipts.db")));
        assert_eq!(settings.private_key(None), Ok(base.join("signing.key")));
        assert_eq!(settings.public_key(None, None), Ok(base.join("signing.key.pub")));
    }

    #[test]
    fn a_relative_data_home_is_ignored_and_no_home_is_an_error() {
        let relative = settings(&[("XDG_DATA_HOME", "rel"), ("HOME", "/nowhere/h")]);
        assert_eq!(relative.database(None), Ok("/nowhere/h/.local/share/agent-receipts/receipts.db".into()));
        let absolute = settings(&[("XDG_DATA_HOME", "/nowhere/d"), ("HOME", "/nowhere/h")]);
        assert_eq!(absolute.database(None), Ok("/nowhere/d/agent-receipts/receipts.db".into()));
        assert_eq!(settings(&[]).database(None), Err(SettingsError::NoDataDirectory));
        assert_eq!(settings(&[("AGENTRECEIPTS_DB", "/x.db")]).database(None), Ok("/x.db".into()));
    }

    #[test]
    fn the_file_is_weaker_than_the_environment_and_that_than_a_flag() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "db = '/file.db'\nkey = '/file.key'\nsocket = '/file.sock'\nfuture = 1\n")
            .unwrap();
        let load = |pairs: &[(&str, &str)]| Settings::load(Environment::of(pairs), Some(&file)).unwrap();
        let plain = load(&[]);
        assert_eq!(plain.database(None), Ok("/file.db".into()));
        assert_eq!(plain.public_key(None, None), Ok("/file.key.pub".into()));
        let with_env = load(&[("AGENTRECEIPTS_DB", "/env.db"), ("AGENTRECEIPTS_KEY", "/env.key")]);
        assert_eq!(with_env.database(None), Ok("/env.db".into()));
        assert_eq!(with_env.public_key(None, None), Ok("/env.key.pub".into()));
        assert_eq!(with_env.database(Some(Path::new("/flag.db"))), Ok("/flag.db".into()));
        assert_eq!(plain.socket(None), Ok(SocketChoice { path: "/file.sock".into(), explicit: true }));
    }

    #[test]
    fn a_named_file_must_be_there_and_be_sound() {
        let dir = tempfile::tempdir().unwrap();
        let load = |path: &Path| Settings::load(Environment::of(&[]), Some(path)).err();
        let absent = dir.path().join("absent.toml");
        assert!(matches!(load(&absent), Some(SettingsError::Unreadable { .. })));
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "db = ").unwrap();
        assert!(matches!(load(&file), Some(SettingsError::Malformed { .. })));
        std::fs::write(&file, "db = 3").unwrap();
        assert_eq!(load(&file), Some(SettingsError::NotText { path: file.clone(), key: "db" }));
    }
}
