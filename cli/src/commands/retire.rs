//! `retire`: closed chains go to an archive, and what is left of them in the database is their place in the tree.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;
use agent_receipts_store::ReceiptReader as _;
use serde::Serialize;

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::find_daemon::find_daemon;
use crate::output::{Screen, Tone, count, printable};
use crate::reading::Reading;
use crate::retiring::{Leaving, Plan, Staying, TakeOut, Wish, choose, default_name, unfinished};
use crate::sources::{ArchivesArgs, open};
use crate::verification::{ChainReport, Report, Trust, ring, write_all};
use crate::when::span;

/// Flags of `retire`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("which").args(["before", "keep", "chains"]).required(true).multiple(true)))]
pub(crate) struct Args {
    /// Chains whose last receipt is older: a day (`2026-08-01`, which begins in UTC) or a time stamp.
    #[arg(long, value_name = "DATE", value_parser = date, conflicts_with = "keep")]
    before: Option<Timestamp>,
    /// Chains whose last receipt is older than such a span (`90d`).
    #[arg(long, value_name = "SPAN", value_parser = age)]
    keep: Option<Duration>,
    /// Only this chain; may be given several times. Without a date, however young it is.
    #[arg(long = "chain", value_name = "ID")]
    chains: Vec<String>,
    /// Say what would go and what stays; move nothing.
    #[arg(long)]
    dry_run: bool,
    /// The archive's name [default: `retired-` and the day].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The daemon's binary [env: AGENTRECEIPTS_DAEMON_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    daemon_bin: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    known: KnownKeysArgs,
}

/// What became of the wish.
#[derive(Serialize)]
struct Answer {
    dry_run: bool,
    /// Moves that were cut short before, and are complete now (in a dry run: are not).
    completed: Vec<Completed>,
    /// The archive; none where nothing went.
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<String>,
    receipts: u64,
    moved: Vec<Leaving>,
    stays: Vec<Staying>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    broken: Vec<ChainReport>,
}

#[derive(Serialize)]
struct Completed {
    archive: String,
    chains: Vec<String>,
}

/// First whatever was cut short, which also tells whether a daemon is at work; then the choice, the archive, and the leaving.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let database = context.settings.database(args.database.db.as_deref())?;
    let public_key = context.settings.public_key(args.trust.public_key.as_deref(), None)?;
    let trust = Trust::load(&public_key, &args.known.trust_keys)?;
    let now = now()?;
    let completed = unfinished(&database)?;
    let ring = Arc::new(ring(&mut open(&database, &ArchivesArgs { no_archives: false })?, &trust)?);
    let daemon = match args.dry_run {
        true => PathBuf::new(),
        false => find_daemon(args.daemon_bin.as_deref(), context.settings.environment())?,
    };
    let config = context.config.as_deref();
    let take_out = TakeOut { database: &database, trust: &trust, ring: &ring, now, daemon, config };
    if !args.dry_run {
        take_out.leave()?;
    }
    let wish = Wish { before: args.before_what(now)?, chains: args.chains.clone() };
    let wish = without_completed(wish, &completed);
    let plan = match &wish {
        Some(wish) => choose(&database, wish, &ring, &trust)?,
        None => Plan::default(),
    };
    let mut archive = None;
    if plan.broken.is_empty() && !plan.leaving.is_empty() {
        let name = args.name.clone().map_or_else(|| default_name(&database, &now), Ok)?;
        if !args.dry_run {
            take_out.archive(&name, &plan.leaving)?;
            take_out.leave()?;
            check_gone(&database, &name, &plan.leaving)?;
        }
        archive = Some(name);
    }
    let named_stays = !args.chains.is_empty() && !plan.staying.is_empty();
    let code = if plan.broken.is_empty() && !named_stays { exit::OK } else { exit::FAILED };
    let completed = completed.into_iter().map(|(archive, chains)| Completed { archive, chains }).collect();
    let Plan { leaving: moved, staying: stays, broken } = plan;
    let receipts = moved.iter().map(|chain| chain.receipts).sum();
    let answer = Answer { dry_run: args.dry_run, completed, archive, receipts, moved, stays, broken };
    let mut screen = context.stdout();
    if context.json {
        screen.json(&answer)?;
    } else {
        write(answer, &mut screen)?;
    }
    screen.flush()?;
    Ok(code)
}

/// Chains that were named and whose move was cut short before are done with.
fn without_completed(mut wish: Wish, completed: &[(String, Vec<String>)]) -> Option<Wish> {
    let named = !wish.chains.is_empty();
    wish.chains.retain(|chain| !completed.iter().any(|(_, chains)| chains.contains(chain)));
    (!named || !wish.chains.is_empty()).then_some(wish)
}

/// That the daemon's binary did what it was asked for.
fn check_gone(database: &std::path::Path, name: &str, leaving: &[Leaving]) -> Result<(), Failure> {
    let mut reading = Reading::open(database)?;
    for chain in leaving {
        let moved = reading.ask(|reader| reader.moved_chain(&chain.chain_id))?;
        if moved.is_none_or(|moved| moved.archive != name || moved.receipts != chain.receipts) {
            return Err(Failure::new(format_args!(
                "chain `{}` was not taken out of the database: is the daemon's binary of this version?",
                printable(&chain.chain_id)
            )));
        }
    }
    Ok(())
}

fn write(answer: Answer, screen: &mut Screen) -> Result<(), Failure> {
    let Answer { dry_run, completed, archive, receipts, moved, stays, broken } = answer;
    for Completed { archive, chains } in completed {
        let chains = count(chains.len() as u64, "chain");
        let archive = printable(&archive).into_owned();
        screen.line(&match dry_run {
            true => format!("{chains} in archive {archive} not yet taken out of the database: would be"),
            false => format!("{chains} in archive {archive} taken out of the database: completed"),
        })?;
    }
    for chain in moved.iter().take(SHOWN) {
        let (chain_id, receipts) = (printable(&chain.chain_id), count(chain.receipts, "receipt"));
        screen.line(&format!("goes   {chain_id} ({receipts}, the last of {})", printable(&chain.last)))?;
    }
    write_more(moved.len(), "go", screen)?;
    for Staying { chain_id, reason } in stays.iter().take(SHOWN) {
        screen.line(&format!("stays  {}: {}", printable(chain_id), printable(&reason.to_string())))?;
    }
    write_more(stays.len(), "stay", screen)?;
    if !broken.is_empty() {
        write_all(&Report::over(broken, Vec::new()), screen)?;
        let word = screen.tone(Tone::Bad, "NOT VALID");
        return Ok(screen.line(&format!(
            "{word}: nothing was moved; keep the database as evidence, or name other chains with --chain"
        ))?);
    }
    let Some(archive) = archive else { return Ok(screen.line("nothing to move")?) };
    let (archive, chains) = (printable(&archive).into_owned(), count(moved.len() as u64, "chain"));
    let receipts = count(receipts, "receipt");
    screen.line(&match dry_run {
        true => format!("{chains}, {receipts}, would go to archive {archive}"),
        false => format!(
            "{chains}, {receipts}, moved to archive {archive}; `agent-receipts compact` gives the room back"
        ),
    })?;
    Ok(())
}

fn write_more(chains: usize, verb: &str, screen: &mut Screen) -> Result<(), Failure> {
    let more = chains.saturating_sub(SHOWN);
    if more > 0 {
        screen.line(&format!("… and {more} more {verb} (--json lists all)"))?;
    }
    Ok(())
}

impl Args {
    fn before_what(&self, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        let Some(keep) = self.keep else { return Ok(self.before) };
        let seconds =
            i64::try_from(keep.as_secs()).ok().and_then(|keep| now.unix_seconds().checked_sub(keep));
        let before = seconds.and_then(|seconds| Timestamp::from_unix(seconds, 0));
        before.map(Some).ok_or_else(|| Failure::usage("--keep is longer than any calendar"))
    }
}

fn now() -> Result<Timestamp, Failure> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_unix(seconds, 0));
    now.ok_or_else(|| Failure::new("the clock shows a time that no calendar has"))
}

fn date(text: &str) -> Result<Timestamp, String> {
    let midnight = || Timestamp::parse(&format!("{text}T00:00:00Z"));
    Timestamp::parse(text).or_else(|_| midnight()).map_err(|_| {
        "neither a day such as `2026-08-01` nor a time such as `2026-08-01T12:00:00Z`".to_owned()
    })
}

fn age(text: &str) -> Result<Duration, String> {
    span(text).ok_or_else(|| "not a span such as `90d` or `36h`".to_owned())
}

/// Chains that get lines of their own, of each sort.
const SHOWN: usize = 40;
