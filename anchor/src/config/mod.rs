//! What the operator configured: `anchor.toml`.
//!
//! ```toml
//! db = "/var/lib/agentreceipts/receipts.db"       # default: the daemon's
//! public_key = "/var/lib/agentreceipts/signing.key.pub"   # default: the daemon's
//! state = "/var/lib/agentreceipts-anchor"         # default: <data>/anchor
//! poll = "30s"
//!
//! [[sink]]
//! name = "worm"
//! kind = "file"
//! path = "/mnt/worm/checkpoints.ndjson"           # default: in the evidence folder
//! ```
//!
//! A key that is not known is refused, wherever it stands.

mod duration;
mod error;
mod file;
mod sink;

pub use error::ConfigError;
pub use file::Config;
pub use sink::{Retry, SinkConfig, SinkKind};
