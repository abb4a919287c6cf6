//! `manual`: a page for each command, from the command line itself.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::exit;
use crate::failure::Failure;

/// Flags of `manual`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the pages are to be written; must exist.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// Writes `agent-receipts.1` and a page for each command.
pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    // A page about help would only say that there is help.
    let command = Cli::command().disable_help_subcommand(true);
    write(command, &args.folder).map_err(|error| {
        Failure::new(format_args!("could not write the pages to `{}`: {error}", args.folder.display()))
    })?;
    Ok(exit::OK)
}

fn write(command: clap::Command, folder: &Path) -> std::io::Result<()> {
    clap_mangen::generate_to(command, folder)
}
