//! `doctor`: whether everything that recording needs is as it should be. One check, one file.

mod archives;
mod chains;
mod check;
mod checkpoint;
mod clock;
mod daemon;
mod dial_path;
mod evidence;
mod lineage;
mod listener;
mod lock;
mod moved;
mod peer;
mod permissions;
mod report;
mod room;
mod round_trip;
mod scene;
mod schema;
mod separation;
mod socket;

use std::time::Duration;

use super::Context;
use crate::args::{DatabaseArgs, SocketArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::when::span;
use listener::Listener;
use report::Report;
use scene::Scene;

/// Flags of `doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Record nothing. Without this flag the round-trip records one event, which adds one receipt to the audited chain.
    #[arg(long)]
    no_roundtrip: bool,
    /// Warnings count as failures.
    #[arg(long)]
    warn_as_error: bool,
    /// How long the daemon may take to record the event of the round-trip.
    #[arg(long, value_name = "SPAN", default_value = "3s", value_parser = patience)]
    roundtrip_timeout: Duration,
    /// Verify only this chain [env: AGENTRECEIPTS_CHAIN_ID] [default: all].
    #[arg(long, value_name = "ID")]
    chain_id: Option<String>,
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Makes every check, whatever the ones before it said, so that one look shows all there is to mend.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let scene = Scene::of(args, &context.settings)?;
    let listener = Listener::knock(&scene.socket);
    // Before anybody looks at the files: a daemon that has answered has made them, and what it answered is verified too.
    let patience = (!args.no_roundtrip).then_some(args.roundtrip_timeout);
    let round_trip = round_trip::check(&scene, patience);
    let mut checks = vec![
        daemon::check(&scene, &listener),
        socket::check(&scene, &listener),
        dial_path::check(&scene),
        permissions::check(&scene),
        schema::check(&scene),
        peer::check(),
        round_trip,
        chains::check(&scene),
        lineage::check(&scene),
        lock::check(&scene, &listener),
        clock::check(&scene),
        room::check(&scene),
        checkpoint::check(&scene),
        separation::check(&scene, &listener),
    ];
    checks.extend(moved::check(&scene));
    checks.extend(archives::check(&scene));
    let report = Report::over(checks, args.warn_as_error);
    let code = if report.ok { exit::OK } else { exit::FAILED };
    let mut screen = context.stdout();
    let written = if context.json { screen.json(&report) } else { report.write(&mut screen) };
    match written.and_then(|()| screen.flush()).map_err(Failure::from) {
        Err(failure) if !failure.is_closed_pipe() => Err(failure),
        _ => Ok(code),
    }
}

fn patience(text: &str) -> Result<Duration, String> {
    let span = span(text).filter(|span| !span.is_zero() && *span <= MOST_PATIENCE);
    span.ok_or_else(|| "not a span such as `3s` or `500ms`, of an hour at most".to_owned())
}

const MOST_PATIENCE: Duration = Duration::from_secs(3600);
