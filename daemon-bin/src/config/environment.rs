//! The environment as a source of settings. It is looked up through a function, so that nothing here reads the
//! process's own.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use super::ConfigError;
use super::settings::{Settings, truth};

/// Looks one environment variable up.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// One variable's value. An empty one counts as unset.
///
/// # Errors
///
/// [`ConfigError::NotUnicode`]: to take such a variable for unset would open another database than the one named.
pub(crate) fn variable(env: Lookup<'_>, name: &'static str) -> Result<Option<String>, ConfigError> {
    match env(name).map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value).filter(|value| !value.is_empty())),
        Some(Err(_)) => Err(ConfigError::NotUnicode { variable: name }),
    }
}

impl Settings {
    /// What the `AGENTRECEIPTS_*` variables say.
    pub(crate) fn from_environment(env: Lookup<'_>) -> Result<Self, ConfigError> {
        let text = |name| variable(env, name);
        let path = |name| Ok::<_, ConfigError>(text(name)?.map(PathBuf::from));
        Ok(Self {
            socket: path("AGENTRECEIPTS_SOCKET")?,
            control_socket: path(agent_receipts_ipc::CONTROL_VARIABLE)?,
            db: path("AGENTRECEIPTS_DB")?,
            key: path("AGENTRECEIPTS_KEY")?,
            public_key: path("AGENTRECEIPTS_PUBLIC_KEY")?,
            forensic_public_key: path("AGENTRECEIPTS_FORENSIC_PUBLIC_KEY")?,
            chain_id: text("AGENTRECEIPTS_CHAIN_ID")?,
            chains: read(env, "AGENTRECEIPTS_CHAINS", FromStr::from_str)?,
            max_chains_per_uid: read(env, "AGENTRECEIPTS_MAX_CHAINS_PER_UID", number)?,
            issuer_id: text("AGENTRECEIPTS_ISSUER_ID")?,
            verification_method: text("AGENTRECEIPTS_VERIFICATION_METHOD")?,
            anchor_log: path("AGENTRECEIPTS_ANCHOR_LOG")?,
            parameter_disclosure: text("AGENTRECEIPTS_PARAMETER_DISCLOSURE")?,
            response_disclosure: text("AGENTRECEIPTS_RESPONSE_DISCLOSURE")?,
            unsafe_socket_path: read(env, "AGENTRECEIPTS_UNSAFE_SOCKET_PATH", truth)?,
            redact_patterns: path("AGENTRECEIPTS_REDACT_PATTERNS")?,
            shutdown_deadline: read(env, "AGENTRECEIPTS_SHUTDOWN_DEADLINE", FromStr::from_str)?,
            receipt_version: read(env, "AGENTRECEIPTS_RECEIPT_VERSION", FromStr::from_str)?,
            max_connections: read(env, "AGENTRECEIPTS_MAX_CONNECTIONS", number)?,
            max_connections_per_uid: read(env, "AGENTRECEIPTS_MAX_CONNECTIONS_PER_UID", number)?,
            idle_timeout: read(env, "AGENTRECEIPTS_IDLE_TIMEOUT", FromStr::from_str)?,
            read_timeout: read(env, "AGENTRECEIPTS_READ_TIMEOUT", FromStr::from_str)?,
            group_readable: read(env, "AGENTRECEIPTS_GROUP_READABLE", truth)?,
            no_sandbox: read(env, "AGENTRECEIPTS_NO_SANDBOX", truth)?,
            checkpoint_interval: read(env, "AGENTRECEIPTS_CHECKPOINT_INTERVAL", FromStr::from_str)?,
            checkpoint_receipts: read(env, "AGENTRECEIPTS_CHECKPOINT_RECEIPTS", number)?,
            log_name: text("AGENTRECEIPTS_LOG_NAME")?,
        })
    }
}

fn read<T, E: Display>(
    env: Lookup<'_>,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = variable(env, name)? else { return Ok(None) };
    match parse(&value) {
        Ok(parsed) => Ok(Some(parsed)),
        Err(reason) => {
            Err(ConfigError::MalformedVariable { variable: name, reason: reason.to_string(), value })
        }
    }
}

fn number(text: &str) -> Result<usize, &'static str> {
    text.parse().map_err(|_| "not a whole number")
}
