//! Where the things stand that are looked at.

use std::path::PathBuf;
use std::time::Duration;

use agent_receipts_ipc::default_socket_path;

use super::Args;
use crate::failure::Failure;
use crate::settings::Settings;

/// Paths, as the operator's settings give them.
#[derive(Debug, Default)]
pub(super) struct Scene {
    /// Where the daemon listens.
    pub(super) socket: PathBuf,
    /// Where an emitter of this environment dials, which knows no flags and no configuration file.
    pub(super) emitters_socket: Option<PathBuf>,
    /// The database.
    pub(super) database: PathBuf,
    /// The published key.
    pub(super) public_key: PathBuf,
    /// The private key, where its place can be told.
    pub(super) private_key: Option<PathBuf>,
    /// The one chain to verify.
    pub(super) chain_id: Option<String>,
    /// How often the daemon makes a checkpoint.
    pub(super) checkpoint_interval: Duration,
}

impl Scene {
    /// Asks the settings; what they cannot tell is wrong usage.
    pub(super) fn of(args: &Args, settings: &Settings) -> Result<Self, Failure> {
        Ok(Self {
            socket: settings.socket(args.socket.socket.as_deref())?.path,
            emitters_socket: default_socket_path(&|name| settings.environment().text(name)).ok(),
            database: settings.database(args.database.db.as_deref())?,
            public_key: settings.public_key(args.trust.public_key.as_deref(), None)?,
            private_key: settings.private_key(None).ok(),
            chain_id: settings.chain_id(args.chain_id.as_deref()),
            checkpoint_interval: settings.checkpoint_interval(),
        })
    }
}
