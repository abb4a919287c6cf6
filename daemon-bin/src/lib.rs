//! The daemon: the only process that holds the signing key and a writable store.
//!
//! It takes events from a Unix socket, asks the kernel who sent them, gives each its place in a chain, signs it and
//! stores it, and acknowledges what is on disk. It speaks to that socket and to that database and to nothing else: no TCP, no
//! HTTP, no TLS. It never generates a key by itself, never overwrites a published one, and never writes to a database
//! that another daemon writes to.
//!
//! The whole daemon is a library, so that tests and fuzzers drive it in their own process:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use agent_receipts_daemon::{Config, Daemon, Surroundings};
//!
//! let config = Config::load("daemon.toml".as_ref(), &|name| std::env::var_os(name))?;
//! let daemon = Daemon::start(&config, Surroundings::system())?;
//! println!("recording on chain {}", daemon.chain_id());
//! daemon.stop()?;
//! # Ok(()) }
//! ```

mod anchor_log;
mod args;
mod checkpoints;
mod config;
mod control;
mod daemon;
mod disclosure;
mod disk;
mod entry;
mod init;
mod manager;
mod paths;
mod pipeline;
mod principal;
mod protocol;
mod pulse;
mod redact;
mod retire;
mod rotate;
mod run;
mod sandbox;
mod signals;
mod startup;
mod surroundings;

// The public interface is:

pub use agent_receipts_core::Version;
pub use args::{Command, KeyPaths, UsageError, command_line};
pub use config::{Chains, Config, ConfigError, DisclosurePolicy, PolicyError, UnknownChains};
pub use daemon::{Daemon, EndHandle, StopError};
pub use disclosure::ForensicKeyError;
pub use disk::{Disk, DiskCall, DiskError};
pub use entry::main_with;
pub use init::{Made, forensic_key, signing_key};
pub use manager::ActivationError;
pub use paths::DataDirectory;
pub use pipeline::ledger::WriteError;
pub use pipeline::resume::ResumeError;
pub use protocol::{FRAME_VERSIONS, FrameVersions};
pub use redact::{PatternFileError, load_patterns};
pub use retire::{RetireError, retire};
pub use rotate::{RotateError, Rotation, rotate};
pub use run::{RunError, run};
pub use sandbox::confine;
pub use startup::StartError;
pub use surroundings::{Log, Seeds, Surroundings, Variable};
