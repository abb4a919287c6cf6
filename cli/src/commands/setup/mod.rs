//! `setup`: an agent's host records from now on, or no more.

mod account;
mod programs;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;

use super::Context;
use crate::exit;
use crate::failure::Failure;
use crate::setting_up::{After, ConfigFileError, FilePlan, Host, Scope, Staged, Wish, plan};
use account::Account;
use programs::Found;

/// Flags of `setup`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Hooks are added to the host's events, and each MCP server is started behind `agent-receipts-mcp`, with its command, arguments and \
environment as they were. What is there stays as it is: layout, order and comments. A backup is made beside every file that is changed \
(`FILE.agent-receipts-TIME.bak`, for its owner alone); --undo needs none, and leaves alone what was changed since. What is shown leaves \
out whatever could be a secret.")]
pub(crate) struct Args {
    /// Whose agents.
    host: Host,
    /// Back to how it was: take our hooks out, and the proxy from in front of servers.
    #[arg(long, conflicts_with = "rules")]
    undo: bool,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The configuration of the project in this folder, not the user's.
    #[arg(long)]
    project: bool,
    /// A file of rules for the proxy.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// This server alone, and no hooks; may be given several times.
    #[arg(long, value_name = "SERVER")]
    only: Vec<String>,
    /// Not this server; may be given several times.
    #[arg(long, value_name = "SERVER", conflicts_with = "only")]
    skip: Vec<String>,
    /// The hook's binary [env: AGENTRECEIPTS_HOOK_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    hook_bin: Option<PathBuf>,
    /// The proxy's binary [env: AGENTRECEIPTS_MCP_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    mcp_bin: Option<PathBuf>,
}

/// Plans everything, and then writes file after file.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let environment = context.settings.environment();
    let here =
        match args.project {
            true => Some(std::env::current_dir().map_err(|error| {
                Failure::new(format_args!("could not tell which folder this is: {error}"))
            })?),
            false => None,
        };
    let scope = Scope { environment, project: here.as_deref() };
    let wish = Wish { host: args.host, undo: args.undo, only: &args.only, skip: &args.skip };
    let plans = plan(&wish, &scope, &Found::new(args, environment))?;
    let stamp = stamp(SystemTime::now());
    let mut account = Account::new(context, args);
    let staged = match args.dry_run {
        true => plans.iter().map(|_| None).collect(),
        // All of them, before the first is changed.
        false => plans.iter().map(|plan| stage(plan, &stamp)).collect::<Result<Vec<_>, _>>()?,
    };
    for (plan, staged) in plans.iter().zip(staged) {
        match staged.map(Staged::commit).transpose() {
            Ok(backup) => account.file(plan, backup.flatten())?,
            Err(error) => {
                // What was done before stays done, and is told.
                account.break_off()?;
                return Err(error.into());
            }
        }
    }
    account.close(&plans)?;
    Ok(exit::OK)
}

fn stage<'a>(plan: &'a FilePlan, stamp: &str) -> Result<Option<Staged<'a>>, ConfigFileError> {
    match &plan.after {
        After::Same => Ok(None),
        After::Text(text) => plan.file.stage(text, stamp).map(Some),
        After::Gone => plan.file.stage_removal(stamp).map(Some),
    }
}

/// `20261122T153000Z`
fn stamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let moment = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_unix(seconds, 0));
    moment.unwrap_or(Timestamp::UNIX_EPOCH).to_rfc3339().replace(['-', ':'], "")
}
