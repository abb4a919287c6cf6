//! Why a configuration is refused.

use std::io;
use std::path::PathBuf;

use agent_receipts_core::Version;
use thiserror::Error;

use super::PolicyError;

/// A configuration that the daemon does not start with. Nothing was opened or changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `--config` names nothing.
    #[error("the path of the configuration file is empty")]
    EmptyFilePath,
    /// A file that was asked for is not there.
    #[error("no configuration file at `{}`", path.display())]
    MissingFile {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("cannot read the configuration file `{}`: {}", path.display(), io::Error::from(*kind))]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// The file is larger than any configuration.
    #[error("the configuration file `{}` is larger than 1 MiB", path.display())]
    OversizeFile {
        /// The file.
        path: PathBuf,
    },
    /// Everybody may write the file, an agent too, and so decide where receipts go.
    #[error("everybody may write the configuration file `{}`: run `chmod o-w` on it", path.display())]
    WorldWritableFile {
        /// The file.
        path: PathBuf,
    },
    /// Not TOML, an unknown key, or a value of the wrong form.
    #[error("configuration file `{}`, line {line}: {reason}", path.display())]
    MalformedFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A variable's value is not UTF-8.
    #[error("the environment variable {variable} is not utf-8")]
    NotUnicode {
        /// The variable's name.
        variable: &'static str,
    },
    /// A variable's value has the wrong form.
    #[error("the environment variable {variable}: `{value}` is {reason}")]
    MalformedVariable {
        /// The variable's name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody named a place, and without a home directory there is no default.
    #[error("no default for `{option}` without an absolute HOME or XDG_DATA_HOME: name one")]
    NoDefault {
        /// The option that is needed.
        option: &'static str,
    },
    /// An option that must have a value has an empty one.
    #[error("`{option}` is empty")]
    Empty {
        /// The option.
        option: &'static str,
    },
    /// A value that cannot be worked with.
    #[error("`{option}`: `{value}` {reason}")]
    Unusable {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// Why not.
        reason: &'static str,
    },
    /// Two options name one file, and one would destroy the other.
    #[error("`{first}` and `{second}` are the same path, `{}`", path.display())]
    SamePath {
        /// One option.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The path of both.
        path: PathBuf,
    },
    /// A disclosure policy says nothing that can be done.
    #[error("`{option}`: {error}")]
    Policy {
        /// The option.
        option: &'static str,
        /// What is wrong with its text.
        error: PolicyError,
    },
    /// Something is to be disclosed, and nobody is named who could read it.
    #[error(
        "`{option}` is on without a key to encrypt to: name one with --forensic-public-key (--init-forensic-key makes a pair), or set it to `off`"
    )]
    NoForensicKey {
        /// The option.
        option: &'static str,
    },
    /// Receipts of this version have no member for a disclosed response.
    #[error(
        "`response_disclosure` is on, and receipts {} have no place for a response: set --receipt-version 0.6.0, or `response_disclosure` to `off`",
        version.as_str()
    )]
    NoRoomForResponses {
        /// The version that is to be written.
        version: Version,
    },
}
