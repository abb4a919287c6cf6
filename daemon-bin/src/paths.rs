//! Where the daemon's files stand when nobody says otherwise: all in one directory, so that there is one to back up.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::config::{ConfigError, Lookup, variable};

/// The per-user directory of keys, database and configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDirectory(PathBuf);

impl DataDirectory {
    /// `$XDG_DATA_HOME/agent-receipts` if that is absolute, else `~/.local/share/agent-receipts`; `None` where
    /// neither can be told. `env` looks one environment variable up; an empty value counts as unset.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotUnicode`] if the variable that decides is not UTF-8.
    pub fn of(env: &impl Fn(&str) -> Option<OsString>) -> Result<Option<Self>, ConfigError> {
        Self::find(env)
    }

    /// The same, for an option that has no default without it.
    pub(crate) fn required(env: Lookup<'_>, option: &'static str) -> Result<Self, ConfigError> {
        Self::find(env)?.ok_or(ConfigError::NoDefault { option })
    }

    pub(crate) fn find(env: Lookup<'_>) -> Result<Option<Self>, ConfigError> {
        // A relative directory would be another one in every working directory: it is ignored.
        let absolute = |name| {
            Ok::<_, ConfigError>(variable(env, name)?.map(PathBuf::from).filter(|path| path.is_absolute()))
        };
        let share = match absolute("XDG_DATA_HOME")? {
            Some(share) => Some(share),
            None => absolute("HOME")?.map(|home| home.join(".local/share")),
        };
        Ok(share.map(|share| Self(share.join("agent-receipts"))))
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database of receipts.
    pub fn db(&self) -> PathBuf {
        self.0.join("receipts.db")
    }

    /// The private signing key.
    pub fn key(&self) -> PathBuf {
        self.0.join("signing.key")
    }

    /// The private key that disclosed parameters are decrypted with.
    pub fn forensic_key(&self) -> PathBuf {
        self.0.join("forensic.key")
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.0.join("daemon.toml")
    }
}

/// The public key's path beside a private one: the same and `.pub`.
pub(crate) fn with_pub(key: &Path) -> PathBuf {
    let mut path = key.as_os_str().to_owned();
    path.push(".pub");
    PathBuf::from(path)
}
