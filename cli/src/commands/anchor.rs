//! `anchor`: the process that takes checkpoints out of the daemon's reach, in the place of this one.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::Context;
use crate::failure::Failure;
use crate::find_daemon::find_anchor;

/// Flags of `anchor`, which are the anchor's own. `--config` names its configuration (`anchor.toml`), not the daemon's.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The anchor's binary [env: AGENTRECEIPTS_ANCHOR_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    anchor_bin: Option<PathBuf>,
    /// Deliver what there is, once, and end; without this it runs until a signal ends it.
    #[arg(long, conflicts_with_all = ["status", "check"])]
    once: bool,
    /// Say how far each sink has come, and what failed.
    #[arg(long, conflicts_with = "check")]
    status: bool,
    /// Read the configuration, certificates, secrets and cursors, say what is wrong, and send nothing.
    #[arg(long)]
    check: bool,
    /// Verify the evidence that was kept: signatures, cosignatures, time stamps.
    #[arg(long, conflicts_with_all = ["once", "status", "check"])]
    verify: bool,
}

/// Executes the anchor without a fork: signals, the exit code and the process id are its own.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let binary = find_anchor(args.anchor_bin.as_deref(), context.settings.environment())?;
    let mut command = Command::new(&binary);
    if let Some(config) = &context.config {
        command.arg("--config").arg(config);
    }
    let flags = [
        ("--once", args.once),
        ("--status", args.status),
        ("--check", args.check),
        ("--verify", args.verify),
        ("--json", context.json),
    ];
    command.args(flags.iter().filter(|(_, given)| *given).map(|(flag, _)| flag));
    let error = command.exec();
    Err(Failure::new(format_args!("could not execute `{}`: {error}", binary.display())))
}
