//! `compact`: a smaller file with the same receipts, made by the daemon's binary, which alone writes the database.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

use super::Context;
use crate::args::DatabaseArgs;
use crate::exit;
use crate::failure::Failure;
use crate::find_daemon::find_daemon;
use crate::output::{count, printable};
use crate::reading::Reading;

/// Flags of `compact`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The daemon's binary [env: AGENTRECEIPTS_DAEMON_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    daemon_bin: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Serialize)]
struct Answer<'a> {
    db: &'a Path,
    bytes_before: u64,
    bytes_after: u64,
}

/// Runs the daemon's binary for this alone. A daemon that is at work is left alone, and said to be.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let database = context.settings.database(args.database.db.as_deref())?;
    // Says what is wrong with a path in our own words, and opens nothing for writing.
    drop(Reading::open(&database)?);
    let binary = find_daemon(args.daemon_bin.as_deref(), context.settings.environment())?;
    let bytes_before = length(&database);
    let mut command = Command::new(&binary);
    if let Some(config) = &context.config {
        command.arg("--config").arg(config);
    }
    let output = command.arg("--compact").arg("--db").arg(&database).stdin(Stdio::null()).output();
    let output = output
        .map_err(|error| Failure::new(format_args!("could not execute `{}`: {error}", binary.display())))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("agent-receipts-daemon: ");
        return Err(Failure::new(format_args!("not compacted: {said}"))
            .with_hint("stop the daemon and whatever reads the database, then try again; it is as it was"));
    }
    let answer = Answer { db: &database, bytes_before, bytes_after: length(&database) };
    let mut screen = context.stdout();
    if context.json {
        screen.json(&answer)?;
    } else {
        let name = database.to_string_lossy();
        let (before, after) = (count(answer.bytes_before, "byte"), count(answer.bytes_after, "byte"));
        screen.line(&format!("{}: {before} before, {after} now", printable(&name)))?;
    }
    screen.flush()?;
    Ok(exit::OK)
}

/// What the database and its log take.
fn length(database: &Path) -> u64 {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    [database, Path::new(&log)].iter().filter_map(|path| path.metadata().ok()).map(|about| about.len()).sum()
}
