//! An object store that speaks S3, with retention: what was written cannot be changed or deleted before a date, by nobody's hand.
//!
//! One object a checkpoint, `<prefix><log>/000000000042.note`, and where it is needed `….heads` beside it, written only where nothing
//! stands (`If-None-Match: *`). An object that is there with the same bytes is a delivery that was interrupted; with other
//! bytes it is an alarm. With `retention`, each object is written with a lock, and the store is asked afterwards whether the lock
//! holds: a store that ignored it has not got the checkpoint.
//!
//! The library knows the protocol and no object locks; its requests pass through [`Connector`], which adds the lock and signs.

mod connector;
mod credentials;

use std::sync::Arc;
use std::time::Duration;

use agent_receipts_core::{ReceiptHash, Timestamp};
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig,
};
use serde::Deserialize;
use tokio::runtime::Runtime;

use crate::http::{Http, HttpOptions, TrustError};
use crate::queue::{Entry, Queue};
use crate::sink::{Evidence, Outcome, Sink, SinkError};
use crate::state::Cursor;
use crate::surroundings::Surroundings;
use connector::{Connector, Gate};
pub use credentials::{Credentials, CredentialsError};

/// Where and how objects are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The region that requests are signed for.
    pub region: String,
    /// `https://host[:port]` of a store other than Amazon's.
    pub endpoint: Option<String>,
    /// Put before every key.
    pub prefix: String,
    /// How long objects stay as they are.
    pub retention: Option<Retention>,
}

/// A lock on every object (S3 Object Lock).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Who may lift it.
    pub mode: RetentionMode,
    /// For how long.
    pub days: u32,
}

/// Who may lift a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetentionMode {
    /// Those with a special right.
    Governance,
    /// Nobody, the owner of the account included.
    Compliance,
}

impl RetentionMode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }
}

/// Why the sink cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3Error {
    /// Its certificates cannot be read.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Its credentials cannot be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The bucket, region or endpoint cannot be used.
    #[error("the bucket cannot be used: {0}")]
    Bucket(String),
    /// The interface's executor cannot be started.
    #[error("cannot start: {0}")]
    Start(#[from] std::io::Error),
}

/// A bucket.
pub(crate) struct S3Sink {
    store: AmazonS3,
    bucket: Bucket,
    gate: Arc<Gate>,
    world: Surroundings,
    /// The library's interface is asynchronous; this thread drives it, one request at a time.
    runtime: Runtime,
}

impl S3Sink {
    pub(crate) fn new(
        bucket: Bucket,
        credentials: Credentials,
        options: &HttpOptions,
        world: Surroundings,
    ) -> Result<Self, S3Error> {
        let http = Http::new(&HttpOptions { limit: LIMIT, ..options.clone() })?;
        let gate = Arc::new(Gate::new(http, credentials, bucket.region.clone()));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_allow_http(!options.https_only)
            // The gate signs, after it has added what else must be signed.
            .with_skip_signature(true)
            // Locked objects are only taken with a checksum.
            .with_checksum_algorithm(Checksum::SHA256)
            .with_retry(RetryConfig {
                max_retries: 0,
                retry_timeout: Duration::ZERO,
                ..RetryConfig::default()
            })
            .with_http_connector(Connector(Arc::clone(&gate)));
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(|error| S3Error::Bucket(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { store, bucket, gate, world, runtime })
    }

    /// One log's objects stand in one place, whatever is in its name.
    fn key(&self, entry: &Entry, suffix: &str) -> Key {
        let origin = entry.checkpoint().origin.as_str();
        let log = ReceiptHash::of(origin.as_bytes()).to_string();
        let log = log.trim_start_matches("sha256:").get(..16).unwrap_or_default().to_owned();
        Key::from(format!("{}{log}/{}{suffix}", self.bucket.prefix, entry.stem()))
    }

    fn put(&self, entry: &Entry, Evidence { suffix, bytes }: &Evidence) -> Result<(), SinkError> {
        let key = &self.key(entry, suffix);
        let until = self.bucket.retention.map(|retention| self.lock(retention)).transpose()?;
        self.gate.expect(until.clone());
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, "text/plain; charset=utf-8".into());
        let options = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
        let payload = PutPayload::from(bytes.to_vec());
        let is_new = match self.runtime.block_on(self.store.put_opts(key, payload, options)) {
            Ok(_) => true,
            Err(object_store::Error::AlreadyExists { .. }) => {
                self.same(key, entry, bytes)?;
                false
            }
            Err(error) => return Err(self.failed(error)),
        };
        match self.bucket.retention {
            Some(retention) => self.check_lock(key, retention, is_new),
            None => Ok(()),
        }
    }

    /// What stands there already must be what we would write, or worth as much.
    fn same(&self, key: &Key, entry: &Entry, bytes: &[u8]) -> Result<(), SinkError> {
        let found = self.runtime.block_on(async { self.store.get(key).await?.bytes().await });
        let found = found.map_err(|error| self.failed(error))?;
        if found == bytes || entry.is_signed_anew_as(&found) {
            return Ok(());
        }
        Err(SinkError::Alarm(format!(
            "the object `{key}` in the bucket `{}` is another checkpoint than the one here: the database was rewritten, or another \
             database signs under its name",
            self.bucket.name
        )))
    }

    fn lock(&self, retention: Retention) -> Result<(&'static str, String), SinkError> {
        let now = (self.world.clock)().unix_seconds();
        let until = Timestamp::from_unix(now.saturating_add(i64::from(retention.days) * DAY), 0)
            .ok_or_else(|| SinkError::Wrong("the retention ends after the year 9999".to_owned()))?;
        Ok((retention.mode.as_str(), until.to_rfc3339()))
    }

    /// Whether the store has locked the object, as it says itself, for as long as was asked when it was written. That may be an
    /// earlier attempt's doing, days ago: its lock cannot be renewed by writing it again. A day is left to clocks that differ.
    fn check_lock(&self, key: &Key, retention: Retention, is_new: bool) -> Result<(), SinkError> {
        let about = self.runtime.block_on(self.store.head(key)).map_err(|error| self.failed(error))?;
        let now = (self.world.clock)().unix_seconds();
        let written = if is_new { now } else { about.last_modified.timestamp().min(now) };
        let least = written.saturating_add((i64::from(retention.days) - 1) * DAY);
        let locked = self.gate.seen().is_some_and(|(mode, until)| {
            let until = Timestamp::parse(&until).map(|until| until.unix_seconds());
            mode == retention.mode.as_str() && until.is_ok_and(|until| until >= least && until > now)
        });
        if locked {
            return Ok(());
        }
        Err(SinkError::Wrong(format!(
            "the store took the object `{key}` and does not show its lock: the bucket `{}` needs Object Lock, and the key the \
             right to see it (`s3:GetObjectRetention`)",
            self.bucket.name
        )))
    }

    /// The library's errors hold the whole answer; what counts of it is the transport's failure, or status and code.
    fn failed(&self, error: object_store::Error) -> SinkError {
        if let Some(failure) = self.gate.failure() {
            return failure;
        }
        SinkError::Wrong(crate::surroundings::on_one_line(&shorten(&error.to_string())))
    }
}

impl Sink for S3Sink {
    fn deliver(&mut self, entry: &Entry, _: &Cursor, _: &mut dyn Queue) -> Result<Outcome, SinkError> {
        let evidence = Evidence::checkpoint(entry);
        for evidence in &evidence {
            self.put(entry, evidence)?;
        }
        Ok(Outcome::Delivered { evidence, reach: 0 })
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(300).collect()
}

const DAY: i64 = 86_400;
/// Bytes of an answer; a list of the most heads has some 2 MB.
const LIMIT: u64 = 8 << 20;
