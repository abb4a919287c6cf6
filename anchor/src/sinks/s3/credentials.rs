//! The credentials of an object store: from the environment, or from a file for its owner alone. Never from `anchor.toml`.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use object_store::aws::AwsCredential;
use serde::Deserialize;

use crate::disk;

/// A key, its secret, and the token of a session. Cannot be printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

/// Why there are no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The environment has none, or only a part.
    #[error("no credentials: set {KEY_ID} and {SECRET}, or name a `credentials_file`")]
    Environment,
    /// The file cannot be read.
    #[error("cannot read the credentials in `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Others may read the file.
    #[error("the credentials in `{}` are open to other users (mode {mode:o}): `chmod 600` it", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not TOML with the keys that we know. (What it says instead may be a secret, and is not shown.)
    #[error("`{}` is not TOML with `access_key_id`, `secret_access_key` and, if there is one, `session_token`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl Credentials {
    /// From the variables that every tool for S3 knows. `env` looks one up.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Environment`].
    pub fn from_environment(env: impl Fn(&str) -> Option<String>) -> Result<Self, CredentialsError> {
        let variable = |name| env(name).filter(|value| !value.is_empty());
        let both = variable(KEY_ID).zip(variable(SECRET));
        let (access_key_id, secret_access_key) = both.ok_or(CredentialsError::Environment)?;
        Ok(Self { access_key_id, secret_access_key, session_token: variable(TOKEN) })
    }

    /// From a file in TOML that nobody but its owner may read.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`].
    pub fn from_file(path: &Path) -> Result<Self, CredentialsError> {
        let unreadable = |error: std::io::Error| CredentialsError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let (bytes, about) = disk::read_with(path, LIMIT).map_err(unreadable)?;
        let mode = about.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CredentialsError::TooOpen { path: path.to_owned(), mode });
        }
        let malformed = || CredentialsError::Malformed { path: path.to_owned() };
        let text = String::from_utf8(bytes).map_err(|_| malformed())?;
        toml::from_str(&text).map_err(|_| malformed())
    }

    pub(super) fn into_credential(self) -> AwsCredential {
        AwsCredential {
            key_id: self.access_key_id,
            secret_key: self.secret_access_key,
            token: self.session_token,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";
const LIMIT: u64 = 64 << 10;
