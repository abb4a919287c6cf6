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
    /// Stop the service, and the anchor that was installed with it, and remove their files; never touches receipts, keys or settings.
    Uninstall(RootedArgs),
    /// Say whether the service is installed and runs: exit 0 if it runs, else 1. Tells of the anchor, too.
    Status(RootedArgs),
    /// Start the service, and the anchor that was installed with it.
    Start(PlaceArgs),
    /// Stop the service, after which nothing is recorded, and then the anchor that was installed with it.
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

/// Which service is meant, and in which system.
#[derive(Debug, clap::Args)]
struct RootedArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Mean the system below this folder, an image or a chroot, where nothing is started or stopped.
    #[arg(long, value_name = "FOLDER", requires = "system")]
    root: Option<PathBuf>,
}

/// What `install` takes besides.
#[derive(Debug, clap::Args)]
struct InstallArgs {
    #[command(flatten)]
    target: RootedArgs,
    /// Install the anchor as well, which delivers checkpoints over the network, under a user that exists only while it runs. It starts
    /// once there is an /etc/agentreceipts/anchor.toml. [default: the daemon alone, which speaks to no network]
    #[arg(long)]
    with_anchor: bool,
    /// Install even where the variable CI says that this machine lives for one build.
    #[arg(long)]
    allow_ci: bool,
    /// Replace files of these names that somebody else wrote.
    #[arg(long)]
    force: bool,
    /// The daemon's binary [env: AGENTRECEIPTS_DAEMON_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    daemon_bin: Option<PathBuf>,
    /// The anchor's binary [env: AGENTRECEIPTS_ANCHOR_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE", requires = "with_anchor")]
    anchor_bin: Option<PathBuf>,
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
        Verb::Uninstall(args) => {
            let target = Target::of_rooted(args, context)?.with_what_is_there();
            act::uninstall(&target, args.place.dry_run, context)
        }
        Verb::Status(args) => state::report(&Target::of_rooted(args, context)?.with_what_is_there(), context),
        Verb::Start(place) => {
            act::start(&Target::of(place, context)?.with_what_is_there(), place.dry_run, context)
        }
        Verb::Stop(place) => {
            act::stop(&Target::of(place, context)?.with_what_is_there(), place.dry_run, context)
        }
    }
}
