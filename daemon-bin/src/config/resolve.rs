//! From settings to a configuration: defaults filled in, values judged.

use std::path::PathBuf;
use std::time::Duration;

use agent_receipts_chain::checkpoint::KeyName;
use agent_receipts_chain::is_scoped_chain;
use agent_receipts_core::Version;

use super::duration::Span;
use super::environment::{Lookup, variable};
use super::settings::Settings;
use super::{Chains, Config, ConfigError, DisclosurePolicy};
use crate::paths::{DataDirectory, with_pub};

impl Settings {
    /// The configuration that these settings make, defaults under them.
    pub(crate) fn into_config(self, env: Lookup<'_>) -> Result<Config, ConfigError> {
        let parameter_disclosure = policy("parameter_disclosure", self.parameter_disclosure.as_deref())?;
        let response_disclosure = policy("response_disclosure", self.response_disclosure.as_deref())?;
        let (key, public_key) = self.signing_key_paths(env)?;
        let issuer_id = self.issuer_id.clone().unwrap_or_else(|| DEFAULT_ISSUER.to_owned());
        let verification_method =
            given(self.verification_method).unwrap_or_else(|| format!("{issuer_id}#k1"));
        let config = Config {
            socket: match self.socket {
                Some(path) => path,
                None => default_socket(env)?,
            },
            control_socket: given_path(self.control_socket),
            db: match self.db {
                Some(path) => path,
                None => DataDirectory::required(env, "db")?.db(),
            },
            key,
            public_key,
            forensic_public_key: given_path(self.forensic_public_key),
            parameter_disclosure,
            response_disclosure,
            anchor_log: given_path(self.anchor_log),
            chain_id: given(self.chain_id),
            chains: self.chains.unwrap_or_default(),
            max_chains_per_uid: self.max_chains_per_uid.unwrap_or(MAX_CHAINS_PER_UID),
            issuer_id,
            verification_method,
            unsafe_socket_path: self.unsafe_socket_path.unwrap_or(false),
            redact_patterns: given_path(self.redact_patterns),
            shutdown_deadline: self.shutdown_deadline.map_or(SHUTDOWN_DEADLINE, |span| span.0),
            receipt_version: self.receipt_version.map_or(Version::V0_5_0, |version| version.0),
            max_connections: self.max_connections.unwrap_or(MAX_CONNECTIONS),
            max_connections_per_uid: self.max_connections_per_uid.unwrap_or(MAX_CONNECTIONS_PER_UID),
            idle_timeout: self.idle_timeout.map_or(IDLE_TIMEOUT, |span| span.0),
            read_timeout: self.read_timeout.map_or(READ_TIMEOUT, |span| span.0),
            group_readable: self.group_readable.unwrap_or(false),
            no_sandbox: self.no_sandbox.unwrap_or(false),
            checkpoint_interval: self.checkpoint_interval.map_or(CHECKPOINT_INTERVAL, |span| span.0),
            checkpoint_receipts: self.checkpoint_receipts.unwrap_or(CHECKPOINT_RECEIPTS),
            log_name: given(self.log_name),
        };
        judge(&config)?;
        Ok(config)
    }

    /// The private signing key's path and the public one's.
    pub(crate) fn signing_key_paths(&self, env: Lookup<'_>) -> Result<(PathBuf, PathBuf), ConfigError> {
        let key = match &self.key {
            Some(path) => path.clone(),
            None => DataDirectory::required(env, "key")?.key(),
        };
        // Derived from the path that won, not from the default, so that a pair stays together.
        let public = given_path(self.public_key.clone()).unwrap_or_else(|| with_pub(&key));
        Ok((key, public))
    }
}

fn judge(config: &Config) -> Result<(), ConfigError> {
    let paths = [
        ("socket", &config.socket),
        ("db", &config.db),
        ("key", &config.key),
        ("public_key", &config.public_key),
    ];
    for (at, (option, path)) in paths.iter().enumerate() {
        if path.as_os_str().is_empty() {
            return Err(ConfigError::Empty { option });
        }
        if let Some((second, _)) = paths[at + 1..].iter().find(|(_, other)| other == path) {
            return Err(ConfigError::SamePath { first: option, second, path: path.to_path_buf() });
        }
    }
    if let Some(path) = config.control_socket.as_ref().filter(|path| **path == config.socket) {
        return Err(ConfigError::SamePath { first: "socket", second: "control_socket", path: path.clone() });
    }
    if config.issuer_id.is_empty() {
        return Err(ConfigError::Empty { option: "issuer_id" });
    }
    if let Some(chain) = &config.chain_id {
        // Agents' chains are named `<root>/agent/<agent>`: a root of that form could be somebody's agent chain.
        if format!("{chain}/").contains("/agent/") || chain.chars().any(char::is_control) {
            let reason = "must hold neither a part `agent` behind a slash nor control characters";
            return Err(ConfigError::Unusable { option: "chain_id", value: chain.clone(), reason });
        }
    }
    if let Some(name) = &config.log_name
        && KeyName::new(name.clone()).is_err()
    {
        let reason = "must have 1 to 256 bytes without white space, `+` or control characters";
        return Err(ConfigError::Unusable { option: "log_name", value: name.clone(), reason });
    }
    judge_scopes(config)?;
    judge_disclosure(config)?;
    let limits = [
        ("max_connections", config.max_connections),
        ("max_connections_per_uid", config.max_connections_per_uid),
        ("max_chains_per_uid", config.max_chains_per_uid),
        ("checkpoint_receipts", config.checkpoint_receipts),
    ];
    let spans = [
        ("idle_timeout", config.idle_timeout),
        ("read_timeout", config.read_timeout),
        ("checkpoint_interval", config.checkpoint_interval),
    ];
    let limits = limits.map(|(option, limit)| (option, limit == 0, limit.to_string()));
    let spans = spans.map(|(option, span)| (option, span.is_zero(), Span(span).to_string()));
    for (option, is_zero, value) in limits.into_iter().chain(spans) {
        if is_zero {
            return Err(ConfigError::Unusable { option, value, reason: "must be more than zero" });
        }
    }
    Ok(())
}

/// Users' and sessions' chains are named `<base>/uid/…` and `<base>/session/…`: a base of that form could be somebody's.
fn judge_scopes(config: &Config) -> Result<(), ConfigError> {
    match &config.chain_id {
        Some(chain) if config.chains != Chains::One && is_scoped_chain(chain) => Err(ConfigError::Unusable {
            option: "chain_id",
            value: chain.clone(),
            reason: "is the name of a user's or a session's chain, and with `chains` the base of all is to be named",
        }),
        _ => Ok(()),
    }
}

/// What was elected to be disclosed must not be left out of the receipts in silence.
fn judge_disclosure(config: &Config) -> Result<(), ConfigError> {
    let policies = [
        ("parameter_disclosure", &config.parameter_disclosure),
        ("response_disclosure", &config.response_disclosure),
    ];
    for (option, policy) in policies {
        if !policy.is_off() && config.forensic_public_key.is_none() {
            return Err(ConfigError::NoForensicKey { option });
        }
    }
    if !config.response_disclosure.is_off() && config.receipt_version < Version::V0_6_0 {
        return Err(ConfigError::NoRoomForResponses { version: config.receipt_version });
    }
    Ok(())
}

fn policy(option: &'static str, text: Option<&str>) -> Result<DisclosurePolicy, ConfigError> {
    text.unwrap_or_default().parse().map_err(|error| ConfigError::Policy { option, error })
}

/// The place that emitters look at too. Values that are not UTF-8 are refused first, since `ipc` would skip them.
fn default_socket(env: Lookup<'_>) -> Result<PathBuf, ConfigError> {
    for name in ["XDG_RUNTIME_DIR", "XDG_DATA_HOME", "HOME"] {
        variable(env, name)?;
    }
    let text = |name: &str| env(name).and_then(|value| value.into_string().ok());
    agent_receipts_ipc::default_socket_path(&text).map_err(|_| ConfigError::NoDefault { option: "socket" })
}

/// An option that may be left out is also left out by an empty value, as in files that the reference prints.
fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

fn given_path(value: Option<PathBuf>) -> Option<PathBuf> {
    value.filter(|path| !path.as_os_str().is_empty())
}

const DEFAULT_ISSUER: &str = "did:agent-receipts-daemon:local";

/// The reference gives all terminators 200 ms together; here what was received is recorded first, within the same span.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);
/// One user's agents and sessions of a day; some megabytes of memory for each user who has as many.
const MAX_CHAINS_PER_UID: usize = 10_000;
const MAX_CONNECTIONS: usize = 1024;
const MAX_CONNECTIONS_PER_UID: usize = 256;
/// An hour, since agents wait long for people, and some emitters lose one event when they find a connection closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3600);
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// What can be cut off unnoticed is at most this long, or this much.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(3600);
const CHECKPOINT_RECEIPTS: usize = 10_000;
