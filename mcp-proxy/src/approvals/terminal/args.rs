//! The words of `approvals`.

use std::path::PathBuf;

/// Show calls that wait for an approval, and answer them.
///
/// In a terminal, calls are shown as they come, and each can be answered. Otherwise those that wait are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct ApprovalsArgs {
    #[command(subcommand)]
    pub(super) what: Option<What>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// The daemon's socket [env: AGENTRECEIPTS_SOCKET] [default: the daemon's].
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) socket: Option<PathBuf>,
    /// Approve even where the daemon cannot record it in your name.
    #[arg(long, global = true)]
    pub(super) unrecorded: bool,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum What {
    /// List the calls that wait.
    List,
    /// Let a call go on.
    Approve {
        /// The call's approval id, or a beginning of it that no other has.
        id: String,
    },
    /// Refuse a call.
    Deny {
        /// The call's approval id, or a beginning of it that no other has.
        id: String,
    },
    /// Show calls as they come, until the end of input; in a terminal each can be answered.
    Watch,
}
