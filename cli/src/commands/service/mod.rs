//! `service`: the daemon under the service manager of this machine, systemd or launchd.

mod act;
mod answer;
mod files;
mod launchd;
mod manager;
mod state;
mod step;
mod systemd;
mod target;
mod text;

use std::path::PathBuf;

use clap::ValueEnum;

use super::Context;
use crate::failure::Failure;
use target::Target;

/// Flags of `service`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Write the service's files and start it; does nothing where that is done.
    Install(InstallArgs),
    /// Stop the service and remove its files; never touches receipts, keys or settings.
    Uninstall(PlaceArgs),
    /// Say whether the service is installed and runs: exit 0 if it runs, else 1.
    Status(PlaceArgs),
    /// Start the service.
    Start(PlaceArgs),
    /// Stop the service, after which nothing is recorded.
    Stop(PlaceArgs),
}

/// Which service is meant.
#[derive(Debug, clap::Args)]
struct PlaceArgs {
    /// The service of this user alone. Its agents could read the key: a convenience, not a boundary. [default: unless root asks]
    #[arg(long, conflicts_with = "system")]
    user: bool,
    /// The service of the whole machine, under a user of its own. [default: when root asks]
    #[arg(long)]
    system: bool,
    /// The service manager [default: the one of this system].
    #[arg(long, value_name = "MANAGER")]
    manager: Option<Manager>,
    /// Print what would be written and run, and do none of it.
    #[arg(long)]
    dry_run: bool,
}

/// What `install` takes besides.
#[derive(Debug, clap::Args)]
struct InstallArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Install even where the variable CI says that this machine lives for one build.
    #[arg(long)]
    allow_ci: bool,
    /// Replace files of these names that somebody else wrote.
    #[arg(long)]
    force: bool,
    /// Install into the system below this folder, an image or a chroot, and start nothing.
    #[arg(long, value_name = "FOLDER", requires = "system")]
    root: Option<PathBuf>,
    /// The daemon's binary [env: AGENTRECEIPTS_DAEMON_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    daemon_bin: Option<PathBuf>,
}

/// Who starts, watches and stops services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Manager {
    /// On most Linux systems.
    Systemd,
    /// On macOS.
    Launchd,
}

/// Does what the verb says.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    match &args.verb {
        Verb::Install(args) => act::install(args, context),
        Verb::Uninstall(place) => act::uninstall(&Target::of(place, context)?, place.dry_run, context),
        Verb::Status(place) => state::report(&Target::of(place, context)?, context),
        Verb::Start(place) => act::start(&Target::of(place, context)?, place.dry_run, context),
        Verb::Stop(place) => act::stop(&Target::of(place, context)?, place.dry_run, context),
    }
}
