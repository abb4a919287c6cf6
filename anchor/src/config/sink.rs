//! One `[[sink]]`.

use std::path::PathBuf;
use std::time::Duration;

use agent_receipts_chain::checkpoint::WitnessKey;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::ConfigError;
use super::duration::Span;
use super::file::absolute;
use crate::backoff::Backoff;

/// One sink, as configured.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SinkConfig {
    /// Its name, which names its files, too.
    pub name: String,
    /// What it is.
    pub kind: SinkKind,
    /// How it is tried again.
    pub retry: Retry,
    /// For one exchange over a network.
    pub timeout: Duration,
    /// Certificates to trust instead of the system's, in PEM.
    pub ca_file: Option<PathBuf>,
}

/// How a sink is tried again after a failure, without end.
pub type Retry = Backoff;

/// What a sink is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SinkKind {
    /// An append-only file.
    File {
        /// The file; by default in the evidence folder.
        path: Option<PathBuf>,
    },
    /// A time-stamp authority (RFC 3161).
    Timestamp {
        /// Its address.
        url: String,
        /// Certificates to trust for its tokens, in PEM: a root that the authority publishes.
        certificates: PathBuf,
    },
    /// A transparency-log witness (C2SP tlog-witness).
    Witness {
        /// Its submission prefix.
        url: String,
        /// Its key.
        key: WitnessKey,
    },
    /// An object store.
    #[cfg(feature = "s3")]
    S3 {
        /// Where objects are written.
        bucket: crate::sinks::s3::Bucket,
        /// A file with the credentials; by default they are in the environment.
        credentials_file: Option<PathBuf>,
        /// Whether the endpoint may be `http://`.
        allow_http: bool,
    },
}

impl SinkKind {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Timestamp { .. } => "timestamp",
            Self::Witness { .. } => "witness",
            #[cfg(feature = "s3")]
            Self::S3 { .. } => "s3",
        }
    }
}

/// What every sink may say; the rest is its kind's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    name: String,
    kind: String,
    timeout: Option<Span>,
    retry_first: Option<Span>,
    retry_longest: Option<Span>,
    ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timestamp {
    url: String,
    certificates: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Witness {
    url: String,
    key: String,
}

#[cfg(feature = "s3")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct S3 {
    bucket: String,
    region: Option<String>,
    endpoint: Option<String>,
    #[serde(default)]
    prefix: String,
    credentials_file: Option<PathBuf>,
    #[serde(default)]
    allow_http: bool,
    retention: Option<crate::sinks::s3::Retention>,
}

impl SinkConfig {
    /// Reads one table: first what all sinks have, then what is left, in which every key must be the kind's.
    pub(super) fn read(mut table: Table) -> Result<Self, ConfigError> {
        let shown = table.get("name").and_then(Value::as_str).unwrap_or("?").to_owned();
        let common: Table = COMMON.iter().filter_map(|key| table.remove_entry(*key)).collect();
        let common: Common = within(&shown, common)?;
        let name = common.name;
        check_name(&name)?;
        let kind = kind(&name, &common.kind, table)?;
        let first = common.retry_first.map_or(Duration::from_secs(5), |span| span.0);
        let longest = common.retry_longest.map_or(Duration::from_secs(900), |span| span.0).max(first);
        if let Some(path) = &common.ca_file {
            absolute("ca_file", path)?;
        }
        let timeout = common.timeout.map_or(Duration::from_secs(30), |span| span.0);
        Ok(Self { name, kind, retry: Backoff { first, longest }, timeout, ca_file: common.ca_file })
    }
}

fn kind(sink: &str, kind: &str, rest: Table) -> Result<SinkKind, ConfigError> {
    match kind {
        "file" => {
            let File { path } = within(sink, rest)?;
            path.iter().try_for_each(|path| absolute("path", path))?;
            Ok(SinkKind::File { path })
        }
        "timestamp" => {
            let Timestamp { url, certificates } = within(sink, rest)?;
            absolute("certificates", &certificates)?;
            Ok(SinkKind::Timestamp { url: checked_url(sink, url)?, certificates })
        }
        "witness" => {
            let Witness { url, key } = within(sink, rest)?;
            let key =
                key.parse().map_err(|reason| ConfigError::WitnessKey { sink: sink.to_owned(), reason })?;
            Ok(SinkKind::Witness { url: checked_url(sink, url)?, key })
        }
        #[cfg(feature = "s3")]
        "s3" => s3(sink, within(sink, rest)?),
        _ => Err(ConfigError::Kind { sink: sink.to_owned(), kind: kind.to_owned() }),
    }
}

#[cfg(feature = "s3")]
fn s3(sink: &str, s3: S3) -> Result<SinkKind, ConfigError> {
    let S3 { bucket, region, endpoint, prefix, credentials_file, allow_http, retention } = s3;
    credentials_file.iter().try_for_each(|path| absolute("credentials_file", path))?;
    let refused = |reason: &str| ConfigError::Sink { sink: sink.to_owned(), reason: reason.to_owned() };
    if retention.is_some_and(|retention| retention.days == 0) {
        return Err(refused("a retention of 0 days retains nothing"));
    }
    let endpoint = endpoint.map(|url| checked_url(sink, url)).transpose()?;
    if !allow_http && endpoint.as_ref().is_some_and(|url| url.starts_with("http://")) {
        return Err(refused("an endpoint in the clear (`http://`) needs `allow_http = true`"));
    }
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    let bucket = crate::sinks::s3::Bucket { name: bucket, region, endpoint, prefix, retention };
    Ok(SinkKind::S3 { bucket, credentials_file, allow_http })
}

fn within<T: DeserializeOwned>(sink: &str, table: Table) -> Result<T, ConfigError> {
    table.try_into().map_err(|error: toml::de::Error| ConfigError::Sink {
        sink: sink.to_owned(),
        reason: error.to_string().trim().to_owned(),
    })
}

/// A name is a part of paths.
fn check_name(name: &str) -> Result<(), ConfigError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(ConfigError::Name(name.to_owned()))
}

fn checked_url(sink: &str, url: String) -> Result<String, ConfigError> {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    let uri: Option<ureq::http::Uri> = url.parse().ok();
    let is_http =
        uri.is_some_and(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
    // A password in an address would end in logs.
    if is_plain && is_http && !url.contains('@') {
        Ok(url)
    } else {
        Err(ConfigError::Url { sink: sink.to_owned() })
    }
}

const COMMON: &[&str] = &["name", "kind", "timeout", "retry_first", "retry_longest", "ca_file"];
