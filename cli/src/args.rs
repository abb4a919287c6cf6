//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;

/// Receipts for what agents do: recorded by a daemon that the agent cannot tamper with, verifiable anywhere.
#[derive(Debug, Parser)]
#[command(name = "agent-receipts", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// The daemon's configuration file [env: AGENTRECEIPTS_CONFIG] [default: <data>/daemon.toml].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One command, one file under `commands/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the data directory and the signing key.
    Init(commands::init::Args),
    /// Make, print, replace and list signing keys.
    #[command(arg_required_else_help = true)]
    Keys(commands::keys::Args),
    /// Run the daemon in the place of this process.
    #[command(arg_required_else_help = true)]
    Daemon(commands::daemon::Args),
    /// Take signed checkpoints to where the daemon cannot change them.
    Anchor(commands::anchor::Args),
    /// Run a command under a daemon, then show what was recorded and the verdict.
    Run(commands::run::Args),
    /// Run one command and record it as `system.command.execute`.
    Exec(commands::exec::Args),
    /// Record one event.
    Emit(Box<commands::emit::Args>),
    /// List receipts, newest first.
    List(commands::list::Args),
    /// Show one receipt.
    Show(commands::show::Args),
    /// Open the parameters and the response that a receipt holds sealed.
    Disclose(commands::disclose::Args),
    /// Follow receipts as they are recorded.
    ///
    /// Reads the living database only: nothing is recorded in archives, which `list` shows.
    Tail(commands::tail::Args),
    /// Verify whole chains: signatures, links, order, keys.
    Verify(Box<commands::verify::Args>),
    /// Verify single receipts, and what tells which process caused them.
    VerifyEvent(commands::verify_event::Args),
    /// List the daemon's signed checkpoints, newest first.
    Checkpoints(commands::checkpoints::Args),
    /// Prove one receipt to be in the log, or one checkpoint to extend another.
    Prove(commands::prove::Args),
    /// Write receipts as JSON lines, byte for byte as stored.
    Export(commands::export::Args),
    /// Take databases or exports from elsewhere in as archives, once they are verified.
    Import(commands::import::Args),
    /// Copy the database, also while a daemon writes it, and verify the copy.
    Backup(commands::backup::Args),
    /// Move closed chains that a checkpoint covers to an archive, while no daemon runs.
    Retire(Box<commands::retire::Args>),
    /// Give the room of what was deleted or moved back, while no daemon runs.
    Compact(commands::compact::Args),
    /// Check the daemon, its socket, its database and its chains; records one event.
    Doctor(commands::doctor::Args),
    /// Set an agent's host up: hooks that record, and the proxy in front of its MCP servers.
    Setup(commands::setup::Args),
    /// Stand in front of an MCP server, judge its calls and record them.
    #[command(disable_help_flag = true)]
    Mcp(commands::mcp::Args),
    /// List, approve or deny calls that wait for a decision.
    #[command(disable_help_flag = true)]
    Approvals(commands::mcp::Args),
    /// Have systemd or launchd run the daemon.
    #[command(arg_required_else_help = true)]
    Service(commands::service::Args),
    /// Write the script by which a shell completes our command lines.
    #[command(hide = true)]
    Completions(commands::completions::Args),
    /// Write the pages of the manual.
    #[command(hide = true)]
    Manual(commands::manual::Args),
}

/// The database to read.
#[derive(Debug, Args)]
pub(crate) struct DatabaseArgs {
    /// The database [env: AGENTRECEIPTS_DB] [default: <data>/receipts.db].
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,
}

/// The key to trust.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// The published key [env: AGENTRECEIPTS_PUBLIC_KEY] [default: the signing key's path and `.pub`].
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
}

/// Further keys to trust.
#[derive(Debug, Args)]
pub(crate) struct KnownKeysArgs {
    /// A public key known from elsewhere to have been genuine, beside the published one and those it vouches for; may be
    /// given several times.
    #[arg(long = "trust-key", value_name = "FILE")]
    pub(crate) trust_keys: Vec<PathBuf>,
}

/// Where the daemon listens.
#[derive(Debug, Args)]
pub(crate) struct SocketArgs {
    /// The daemon's socket [env: AGENTRECEIPTS_SOCKET].
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}
