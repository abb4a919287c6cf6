//! `daemon run`: the daemon in the place of this process.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::Context;
use crate::failure::Failure;
use crate::find_daemon::find_daemon;

/// Flags of `daemon`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Become the daemon; everything after `run` is the daemon's (`daemon run --help` shows its flags).
    #[command(disable_help_flag = true)]
    Run {
        /// The daemon's binary [env: AGENTRECEIPTS_DAEMON_BIN] [default: beside this program, then the PATH].
        #[arg(long, value_name = "FILE")]
        daemon_bin: Option<PathBuf>,
        /// The daemon's flags.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FLAGS")]
        flags: Vec<OsString>,
    },
}

/// Executes the daemon without a fork: signals, the exit code and the process id are the daemon's own.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let Verb::Run { daemon_bin, flags } = &args.verb;
    let binary = find_daemon(daemon_bin.as_deref(), context.settings.environment())?;
    let mut command = Command::new(&binary);
    if let Some(config) = &context.config {
        command.arg("--config").arg(config);
    }
    let error = command.args(flags).exec();
    Err(Failure::new(format_args!("could not execute `{}`: {error}", binary.display())))
}
