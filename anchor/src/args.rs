//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Deliver signed checkpoints to where the daemon cannot change them any more.
///
/// Without an option it runs until SIGTERM or SIGINT, and looks for new checkpoints all the while.
#[derive(Debug, Parser)]
#[command(name = "agent-receipts-anchor", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The configuration [env: AGENTRECEIPTS_ANCHOR_CONFIG] [default: <data>/anchor.toml].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Deliver what there is, once, and end: 0 if every sink has everything, 1 if one failed.
    #[arg(long, conflicts_with_all = ["status", "check"])]
    pub(crate) once: bool,

    /// Say how far each sink has come, and what failed: 0 if every sink has everything, 1 otherwise.
    #[arg(long, conflicts_with = "check")]
    pub(crate) status: bool,

    /// Read the configuration, certificates, secrets and cursors, say what is wrong, and send nothing.
    #[arg(long)]
    pub(crate) check: bool,

    /// Verify the evidence that was kept: signatures, cosignatures, time stamps; 0 if all of it holds, 1 otherwise.
    #[arg(long, conflicts_with_all = ["once", "status", "check"])]
    pub(crate) verify: bool,

    /// Answer in JSON (with --status).
    #[arg(long, requires = "status")]
    pub(crate) json: bool,
}
