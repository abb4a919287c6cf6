//! Takes signed checkpoints out of the daemon's reach: to a file that only grows, an object store with retention, a time-stamp
//! authority, a witness that cosigns; to several at once, each at its own pace, each again and again until it has them.
//!
//! It is a process of its own, so that the one that holds the signing key speaks to no network. It opens the database for
//! reading only: the table of checkpoints, which the daemon fills durably, is the queue, and a cursor a sink says how far that
//! sink has come.
//!
//! It refuses to write the database, to hold the signing key, to deliver what that key has not signed, to follow a redirect, to read an answer that is longer than any
//! right one, to keep a token or a cosignature that does not belong to what was sent, to take a missing or damaged
//! cursor for a fresh start, and to go on where the database no longer holds what it delivered.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use agent_receipts_anchor::{Anchor, Config, Stop, Surroundings, Until};
//!
//! let env = |name: &str| std::env::var_os(name);
//! let config = Config::load("/etc/agentreceipts/anchor.toml".as_ref(), &env)?;
//! let all_delivered = Anchor::start(&config, &env, Surroundings::system())?.run(Until::Once, &Stop::default())?;
//! # let _ = all_delivered;
//! # Ok(()) }
//! ```

mod anchor;
mod args;
mod backoff;
mod build;
mod config;
mod delivery;
mod disk;
mod entry;
mod http;
mod queue;
mod review;
mod sink;
mod sinks;
mod state;
mod status;
mod stop;
mod surroundings;

// The public interface is:

pub use anchor::{Anchor, StartError, Until};
pub use backoff::Backoff;
pub use build::{BuildSinkError, BuildSinkReason};
pub use config::{Config, ConfigError, Retry, SinkConfig, SinkKind};
pub use disk::{Disk, Effect};
pub use entry::main_with;
pub use http::{HttpError, TrustError};
pub use queue::{Entry, KeyFiles, KeysError, Queue, QueueError, StoreQueue};
pub use review::SinkReview;
pub use sink::{Evidence, Outcome, Sink, SinkError};
#[cfg(feature = "s3")]
pub use sinks::s3::{Bucket, Credentials, CredentialsError, Retention, RetentionMode, S3Error};
pub use sinks::timestamp::AuthorityError;
pub use state::{Cursor, CursorError, FolderError};
pub use status::{SinkStatus, Status};
pub use stop::Stop;
pub use surroundings::{Log, Surroundings};
