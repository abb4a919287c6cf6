//! From a configuration to sinks.

use std::ffi::OsString;
use std::sync::Arc;

use crate::config::{SinkConfig, SinkKind};
use crate::http::{HttpOptions, TrustError};
use crate::sink::Sink;
use crate::sinks::file::FileSink;
use crate::sinks::timestamp::{AuthorityError, TimestampSink};
use crate::sinks::witness::WitnessSink;
use crate::state::Folder;
use crate::surroundings::Surroundings;

/// Why a sink cannot be made from its configuration.
#[derive(Debug, thiserror::Error)]
#[error("sink `{sink}`: {reason}")]
#[non_exhaustive]
pub struct BuildSinkError {
    /// The sink.
    pub sink: String,
    /// What is wrong.
    pub reason: BuildSinkReason,
}

/// What is wrong with a sink.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildSinkReason {
    /// Its certificates cannot be read.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// It is a time-stamp authority that cannot be trusted as configured.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// It is an object store that cannot be used.
    #[cfg(feature = "s3")]
    #[error(transparent)]
    S3(#[from] crate::sinks::s3::S3Error),
}

/// Looks one environment variable up.
pub(crate) type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Makes one sink, with its secrets and certificates as they are now. Nothing is sent yet.
pub(crate) fn build(
    config: &SinkConfig,
    folder: &Arc<Folder>,
    env: Env<'_>,
    world: &Surroundings,
) -> Result<Box<dyn Sink>, BuildSinkError> {
    make(config, folder, env, world).map_err(|reason| BuildSinkError { sink: config.name.clone(), reason })
}

fn make(
    config: &SinkConfig,
    folder: &Arc<Folder>,
    #[cfg_attr(not(feature = "s3"), expect(unused_variables))] env: Env<'_>,
    world: &Surroundings,
) -> Result<Box<dyn Sink>, BuildSinkReason> {
    let world = world.clone();
    let over = |url: &str| HttpOptions {
        timeout: config.timeout,
        limit: 0,
        ca_file: config.ca_file.clone(),
        https_only: url.starts_with("https://"),
    };
    Ok(match &config.kind {
        SinkKind::File { path } => {
            let path =
                path.clone().unwrap_or_else(|| folder.evidence(&config.name).join("checkpoints.ndjson"));
            Box::new(FileSink::new(path, world))
        }
        SinkKind::Timestamp { url, certificates } => {
            Box::new(TimestampSink::new(url.clone(), certificates, &over(url), world)?)
        }
        SinkKind::Witness { url, key } => Box::new(WitnessSink::new(url, key.clone(), &over(url))?),
        #[cfg(feature = "s3")]
        SinkKind::S3 { bucket, credentials_file, allow_http } => {
            use crate::sinks::s3::{Credentials, S3Error, S3Sink};
            let options = HttpOptions { https_only: !allow_http, ..over("https://") };
            let credentials = match credentials_file {
                Some(path) => Credentials::from_file(path),
                None => Credentials::from_environment(|name| env(name)?.into_string().ok()),
            };
            let credentials = credentials.map_err(S3Error::from)?;
            Box::new(S3Sink::new(bucket.clone(), credentials, &options, world)?)
        }
    })
}
