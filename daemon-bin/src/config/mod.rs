//! What the daemon is to do: defaults, then the TOML file, then the environment, then the flags.

mod chains;
mod disclosure;
mod duration;
mod environment;
mod error;
mod file;
mod resolve;
mod settings;
mod version;

use std::path::{Path, PathBuf};
use std::time::Duration;

use agent_receipts_core::Version;

use duration::Span;
use version::WrittenVersion;

pub use chains::{Chains, UnknownChains};
pub use disclosure::{DisclosurePolicy, PolicyError};
pub use error::ConfigError;

pub(crate) use environment::{Lookup, variable};
pub(crate) use file::load;
pub(crate) use settings::{Settings, path};

/// Everything the daemon needs to know before it starts, with no default left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The socket that emitters connect to. Its place is judged at start, by
    /// [`agent_receipts_ipc::check_socket_path`].
    pub socket: PathBuf,
    /// The socket on which the daemon is asked, which must be had; `None` for `control.sock` beside the other, if it can be had.
    pub control_socket: Option<PathBuf>,
    /// The database of receipts.
    pub db: PathBuf,
    /// The private signing key.
    pub key: PathBuf,
    /// Where the public key is published.
    pub public_key: PathBuf,
    /// The public key that disclosed parameters and responses are encrypted to: 32 raw bytes (X25519).
    pub forensic_public_key: Option<PathBuf>,
    /// Which actions disclose their parameters. Anything but off needs the key.
    pub parameter_disclosure: DisclosurePolicy,
    /// Which actions disclose their responses. Anything but off needs the key and receipts of version 0.6.0.
    pub response_disclosure: DisclosurePolicy,
    /// The file that checkpoints, and key rotations before they happen, are appended to.
    pub anchor_log: Option<PathBuf>,
    /// The chain to write, or `None` for the UTC date at start.
    pub chain_id: Option<String>,
    /// Which events share a root chain.
    pub chains: Chains,
    /// The most chains of one uid that are open at one time, users', sessions' and agents' together; at least 1.
    pub max_chains_per_uid: usize,
    /// The issuer that receipts name.
    pub issuer_id: String,
    /// The key identifier in proofs.
    pub verification_method: String,
    /// Whether a socket outside the system's run directories is allowed.
    pub unsafe_socket_path: bool,
    /// The YAML file of further patterns to redact.
    pub redact_patterns: Option<PathBuf>,
    /// How long the terminating receipts may take at shutdown, in all.
    pub shutdown_deadline: Duration,
    /// The version of the receipts to write: 0.5.0 or 0.6.0.
    pub receipt_version: Version,
    /// The most connections at one time; at least 1.
    pub max_connections: usize,
    /// The most connections at one time from one uid; at least 1.
    pub max_connections_per_uid: usize,
    /// How long a connection may send nothing; more than zero.
    pub idle_timeout: Duration,
    /// How long one frame may take from its first byte to its last; more than zero.
    pub read_timeout: Duration,
    /// Whether the database is given mode 0640, so that the group of its directory can read it; else a fresh one is 0600, and
    /// an existing one keeps what it has.
    pub group_readable: bool,
    /// Whether the process is left as it is by [`run`](crate::run), instead of being confined.
    pub no_sandbox: bool,
    /// How long after a checkpoint the next is made, if anything was recorded; more than zero.
    pub checkpoint_interval: Duration,
    /// The number of receipts after which a checkpoint is made in any case; at least 1.
    pub checkpoint_receipts: usize,
    /// The name of the log in checkpoints; `None` for the one that it has, or else one made of the first key. One that contradicts
    /// the checkpoints in the database is refused at start.
    pub log_name: Option<String>,
}

impl Config {
    /// The configuration from one TOML file and the environment `env`, without flags.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the file and line, the variable or the option.
    pub fn load(path: &Path, env: &impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<Self, ConfigError> {
        let file = load(path, true)?.unwrap_or_default();
        Settings::from_environment(env)?.over(file).into_config(env)
    }

    /// This configuration as a TOML file that loads back to it.
    pub fn to_toml(&self) -> String {
        // Every value is text, a number that fits or a truth value: nothing that TOML could refuse.
        toml::to_string(&Settings::from(self.clone())).unwrap_or_default()
    }

    /// What the operator should be told at start, in whole sentences for the log.
    pub fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        let discloses = !(self.parameter_disclosure.is_off() && self.response_disclosure.is_off());
        if let Some(path) = &self.forensic_public_key
            && !discloses
        {
            let path = path.display();
            notices.push(format!(
                "NOTICE: the forensic public key `{path}` is not used: disclosure is off, receipts hold hashes only"
            ));
        }
        notices
    }
}

impl From<Config> for Settings {
    fn from(config: Config) -> Self {
        Self {
            socket: Some(config.socket),
            control_socket: config.control_socket,
            db: Some(config.db),
            key: Some(config.key),
            public_key: Some(config.public_key),
            forensic_public_key: config.forensic_public_key,
            chain_id: config.chain_id,
            chains: Some(config.chains),
            max_chains_per_uid: Some(config.max_chains_per_uid),
            issuer_id: Some(config.issuer_id),
            verification_method: Some(config.verification_method),
            anchor_log: config.anchor_log,
            parameter_disclosure: Some(config.parameter_disclosure.to_string()),
            response_disclosure: Some(config.response_disclosure.to_string()),
            unsafe_socket_path: Some(config.unsafe_socket_path),
            redact_patterns: config.redact_patterns,
            shutdown_deadline: Some(Span(config.shutdown_deadline)),
            receipt_version: Some(WrittenVersion(config.receipt_version)),
            max_connections: Some(config.max_connections),
            max_connections_per_uid: Some(config.max_connections_per_uid),
            idle_timeout: Some(Span(config.idle_timeout)),
            read_timeout: Some(Span(config.read_timeout)),
            group_readable: Some(config.group_readable),
            no_sandbox: Some(config.no_sandbox),
            checkpoint_interval: Some(Span(config.checkpoint_interval)),
            checkpoint_receipts: Some(config.checkpoint_receipts),
            log_name: config.log_name,
        }
    }
}
