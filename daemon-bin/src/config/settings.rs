//! What one source (the file, the environment or the flags) says, and how sources lie over each other.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::chains::Chains;
use super::disclosure::policy_text;
use super::duration::Span;
use super::version::WrittenVersion;

/// The options that one source sets; what it does not mention is `None` and leaves the other sources alone.
///
/// One type serves all three sources, so that no option can exist in one and be forgotten in another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The socket that emitters connect to.
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) socket: Option<PathBuf>,
    /// The socket on which the daemon's own user and root may ask it; by default control.sock beside the other.
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) control_socket: Option<PathBuf>,
    /// The database of receipts.
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) db: Option<PathBuf>,
    /// The private signing key (PKCS#8 PEM, mode 0600).
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) key: Option<PathBuf>,
    /// Where the public key is published; by default the signing key's path and `.pub`.
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) public_key: Option<PathBuf>,
    /// The public key that disclosed parameters and responses are encrypted to (32 raw bytes, X25519).
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) forensic_public_key: Option<PathBuf>,
    /// The chain to write; by default the UTC date at start.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(crate) chain_id: Option<String>,
    /// Which events share a root chain: all (`one`), those of a user (`uid`), or those of a user's session (`session`).
    #[arg(long, value_name = "WHICH")]
    pub(crate) chains: Option<Chains>,
    /// The most chains of one user that are open at one time.
    #[arg(long, value_name = "N")]
    pub(crate) max_chains_per_uid: Option<usize>,
    /// The issuer that receipts name.
    #[arg(long, value_name = "DID")]
    pub(crate) issuer_id: Option<String>,
    /// The key identifier in proofs; by default the issuer and `#k1`.
    #[arg(long, value_name = "URL")]
    pub(crate) verification_method: Option<String>,
    /// A file that checkpoints and key rotations are appended to. The configuration file has no such key, as in the reference.
    #[arg(long, value_name = "PATH", value_parser = path)]
    #[serde(skip)]
    pub(crate) anchor_log: Option<PathBuf>,
    /// Which actions disclose their parameters: `off`, `all`, `high` (risk high or critical), or action types separated by
    /// commas. Anything but `off` needs --forensic-public-key.
    #[arg(long, value_name = "POLICY")]
    #[serde(deserialize_with = "policy_text")]
    pub(crate) parameter_disclosure: Option<String>,
    /// Which actions disclose their responses, in the same words. Needs --receipt-version 0.6.0 besides.
    #[arg(long, value_name = "POLICY")]
    #[serde(deserialize_with = "policy_text")]
    pub(crate) response_disclosure: Option<String>,
    /// Allow a socket outside the system's run directories.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = truth)]
    pub(crate) unsafe_socket_path: Option<bool>,
    /// A YAML file of further patterns to redact from error texts.
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) redact_patterns: Option<PathBuf>,
    /// How long the last receipts may take at shutdown, such as `200ms`.
    #[arg(long, value_name = "DURATION")]
    pub(crate) shutdown_deadline: Option<Span>,
    /// The version of the receipts to write, `0.5.0` or `0.6.0`.
    #[arg(long, value_name = "VERSION")]
    pub(crate) receipt_version: Option<WrittenVersion>,
    /// The most connections at one time.
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<usize>,
    /// The most connections at one time from one user.
    #[arg(long, value_name = "N")]
    pub(crate) max_connections_per_uid: Option<usize>,
    /// How long a connection may send nothing, such as `1h`.
    #[arg(long, value_name = "DURATION")]
    pub(crate) idle_timeout: Option<Span>,
    /// How long one frame may take from its first byte to its last, such as `10s`.
    #[arg(long, value_name = "DURATION")]
    pub(crate) read_timeout: Option<Span>,
    /// Let the group of the database's directory read the database.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = truth)]
    pub(crate) group_readable: Option<bool>,
    /// Do not confine the process (Landlock and seccomp, on Linux).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = truth)]
    pub(crate) no_sandbox: Option<bool>,
    /// How long after a checkpoint the next is made, such as `1h`.
    #[arg(long, value_name = "DURATION")]
    pub(crate) checkpoint_interval: Option<Span>,
    /// The number of receipts after which a checkpoint is made in any case.
    #[arg(long, value_name = "N")]
    pub(crate) checkpoint_receipts: Option<usize>,
    /// The name of the log in checkpoints, by which witnesses and anchors know it, such as `example.org/host-7`; by default it is
    /// made of the first key. Once a checkpoint is signed it stays.
    #[arg(long, value_name = "NAME")]
    pub(crate) log_name: Option<String>,
}

impl Settings {
    /// These settings, and below them those of `lower` that these do not mention.
    pub(crate) fn over(self, lower: Self) -> Self {
        Self {
            socket: self.socket.or(lower.socket),
            control_socket: self.control_socket.or(lower.control_socket),
            db: self.db.or(lower.db),
            key: self.key.or(lower.key),
            public_key: self.public_key.or(lower.public_key),
            forensic_public_key: self.forensic_public_key.or(lower.forensic_public_key),
            chain_id: self.chain_id.or(lower.chain_id),
            chains: self.chains.or(lower.chains),
            max_chains_per_uid: self.max_chains_per_uid.or(lower.max_chains_per_uid),
            issuer_id: self.issuer_id.or(lower.issuer_id),
            verification_method: self.verification_method.or(lower.verification_method),
            anchor_log: self.anchor_log.or(lower.anchor_log),
            parameter_disclosure: self.parameter_disclosure.or(lower.parameter_disclosure),
            response_disclosure: self.response_disclosure.or(lower.response_disclosure),
            unsafe_socket_path: self.unsafe_socket_path.or(lower.unsafe_socket_path),
            redact_patterns: self.redact_patterns.or(lower.redact_patterns),
            shutdown_deadline: self.shutdown_deadline.or(lower.shutdown_deadline),
            receipt_version: self.receipt_version.or(lower.receipt_version),
            max_connections: self.max_connections.or(lower.max_connections),
            max_connections_per_uid: self.max_connections_per_uid.or(lower.max_connections_per_uid),
            idle_timeout: self.idle_timeout.or(lower.idle_timeout),
            read_timeout: self.read_timeout.or(lower.read_timeout),
            group_readable: self.group_readable.or(lower.group_readable),
            no_sandbox: self.no_sandbox.or(lower.no_sandbox),
            checkpoint_interval: self.checkpoint_interval.or(lower.checkpoint_interval),
            checkpoint_receipts: self.checkpoint_receipts.or(lower.checkpoint_receipts),
            log_name: self.log_name.or(lower.log_name),
        }
    }
}

/// A path in UTF-8; other paths could not be written into the configuration file.
pub(crate) fn path(text: &str) -> Result<PathBuf, std::convert::Infallible> {
    Ok(PathBuf::from(text))
}

/// The truth values that Go's `strconv.ParseBool` accepts, which is what the reference reads.
pub(super) fn truth(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("neither `true` nor `false`"),
    }
}
