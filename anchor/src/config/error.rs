//! Why a configuration cannot be used.

use std::path::PathBuf;

use agent_receipts_chain::checkpoint::WitnessKeyError;

/// Why `anchor.toml` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is not TOML, or has a key or a value that is not known.
    #[error("`{}` is not valid: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// Neither `XDG_DATA_HOME` nor `HOME` tells where things stand.
    #[error("no data directory: set `{key}` in `anchor.toml`, or HOME to an absolute path")]
    NoDataDirectory {
        /// What has no default then.
        key: &'static str,
    },
    /// A path that would be another one in every working directory.
    #[error("`{key}` must be an absolute path, not `{}`", path.display())]
    Relative {
        /// The key.
        key: &'static str,
        /// The path.
        path: PathBuf,
    },
    /// There is nowhere to deliver to.
    #[error("no `[[sink]]` is configured: there is nowhere to deliver to")]
    NoSink,
    /// A sink's name cannot name a file.
    #[error("the sink's name `{0}` must be of 1 to 64 of the characters a-z, 0-9, `-` and `_`")]
    Name(String),
    /// Two sinks have one name.
    #[error("two sinks have the name `{0}`")]
    NameTwice(String),
    /// A sink is of a kind that is not known, or not built in.
    #[error("sink `{sink}`: no kind `{kind}` here; there are {KINDS}")]
    Kind {
        /// The sink.
        sink: String,
        /// The kind.
        kind: String,
    },
    /// A sink has a key or a value that is not known.
    #[error("sink `{sink}`: {reason}")]
    Sink {
        /// The sink.
        sink: String,
        /// What is wrong.
        reason: String,
    },
    /// An address that cannot be used.
    /// (The address is not shown: it may hold a password.)
    #[error("sink `{sink}`: an address is not `https://…` or `http://…`, or has a user in it")]
    Url {
        /// The sink.
        sink: String,
    },
    /// A witness's key is not one.
    #[error("sink `{sink}`: `key`: {reason}")]
    WitnessKey {
        /// The sink.
        sink: String,
        /// What is wrong.
        reason: WitnessKeyError,
    },
}

/// What can be configured in this build.
pub(super) const KINDS: &str = if cfg!(feature = "s3") {
    "`file`, `timestamp`, `witness` and `s3`"
} else {
    "`file`, `timestamp` and `witness`"
};
