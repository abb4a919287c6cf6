//! `tail`: receipts as they are recorded, by asking the database again and again.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use agent_receipts_store::{Order, Query, ReceiptReader, StoreError, StoredRow};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Context;
use super::filter::FilterArgs;
use crate::args::DatabaseArgs;
use crate::exit;
use crate::failure::Failure;
use crate::output::{Screen, Tone, as_json, deed, printable, risk_tone, status_tone};
use crate::reading::Reading;

/// Flags of `tail`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Begin with so many of the newest receipts.
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
    lines: u64,
    /// Follow (the default).
    #[arg(short, long, overrides_with = "no_follow")]
    follow: bool,
    /// End after the newest receipts.
    #[arg(long, overrides_with = "follow")]
    no_follow: bool,
    /// End after so many receipts in all.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// End when nothing was recorded for so long.
    #[arg(long, value_name = "SECONDS")]
    until_idle: Option<u64>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Writes a line a receipt, or with `--json` the receipts themselves, until interrupted.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let path = context.settings.database(args.database.db.as_deref())?;
    let query = args.filter.query(None)?;
    let mut screen = context.stdout();
    let mut left = args.count.unwrap_or(u64::MAX);
    let mut width = 0;
    let mut reading = Reading::open(&path)?;
    let (newest, mut mark) = reading.ask(|reader| {
        let mark = reader.max_rowid()?;
        Ok((newest(reader, &query, args.lines.min(left), mark)?, mark))
    })?;
    left -= newest.len() as u64;
    write(&newest, context, &mut width, &mut screen)?;
    let mut last_news = Instant::now();
    let mut patience = Patience::default();
    while !args.no_follow && left > 0 && !is_over(args, last_news) && somebody_reads() {
        sleep(PAUSE);
        match follow(&path, &mut reading, &query, &mut mark, left) {
            Ok(rows) => {
                patience = Patience::default();
                if !rows.is_empty() {
                    last_news = Instant::now();
                }
                left -= rows.len() as u64;
                write(&rows, context, &mut width, &mut screen)?;
            }
            // A daemon that starts or stops, or a database that is being restored, may be in the way for a moment.
            Err(error) => patience.bear(error)?,
        }
    }
    screen.flush()?;
    Ok(exit::OK)
}

fn is_over(args: &Args, last_news: Instant) -> bool {
    args.until_idle.is_some_and(|seconds| last_news.elapsed() >= Duration::from_secs(seconds))
}

/// The newest rows up to the mark, oldest first.
fn newest(
    reader: &impl ReceiptReader,
    query: &Query,
    lines: u64,
    mark: i64,
) -> Result<Vec<StoredRow>, StoreError> {
    let mut rows = VecDeque::new();
    if lines == 0 {
        return Ok(rows.into());
    }
    let query = Query { order: Order::Newest, ..query.clone() };
    reader.stream(&query, &mut |row| {
        // Rows behind the mark come later, in their turn.
        if row.rowid <= mark {
            rows.push_front(row);
        }
        if rows.len() as u64 >= lines { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(rows.into())
}

/// The rows behind the mark, as they were inserted, and the mark moved behind them.
fn follow(
    path: &Path,
    reading: &mut Reading,
    query: &Query,
    mark: &mut i64,
    limit: u64,
) -> Result<Vec<StoredRow>, StoreError> {
    let answer = reading.ask(|reader| {
        let (mut rows, newest) = (Vec::new(), reader.max_rowid()?);
        // A database that was put in the place of the one we knew begins anew.
        let after = if newest < *mark { 0 } else { *mark };
        let query = Query {
            order: Order::Insertion,
            after_rowid: Some(after),
            limit: Some(limit.min(BATCH)),
            ..query.clone()
        };
        if newest > after {
            reader.stream(&query, &mut |row| {
                rows.push(row);
                ControlFlow::Continue(())
            })?;
        }
        Ok((rows, after))
    });
    if answer.is_err() {
        *reading = Reading::open(path)?;
    }
    let (rows, after) = answer?;
    *mark = rows.last().map_or(after, |row| row.rowid);
    Ok(rows)
}

/// `width` is that of the column of chains, which grows with the longest seen.
fn write(rows: &[StoredRow], context: &Context, width: &mut usize, screen: &mut Screen) -> io::Result<()> {
    for StoredRow { row, .. } in rows {
        if context.json {
            screen.line(&as_json(row))?;
            continue;
        }
        let paint =
            |tone: Option<Tone>, text: &str| tone.map_or(text.to_owned(), |tone| screen.tone(tone, text));
        let place = format!("{} #{}", printable(&row.chain_id), row.sequence);
        *width = place.chars().count().clamp(*width, MAX_WIDTH.max(*width));
        let line = format!(
            "{}  {place:<width$}  {}  {}  {}",
            paint(Some(Tone::Quiet), &printable(&row.timestamp)),
            paint(status_tone(&row.status), &format!("{:<7}", printable(&row.status))),
            paint(risk_tone(&row.risk_level), &format!("{:<8}", printable(&row.risk_level))),
            printable(&deed(&row.tool_name, &row.action_type)),
        );
        screen.line(&line)?;
    }
    screen.flush()
}

/// Whether our output still has a reader: `tail | head -1` should end although nothing more is recorded.
fn somebody_reads() -> bool {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return true;
    }
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&at_once)).is_err() || !asked[0].revents().contains(PollFlags::ERR)
}

/// How many failures in a row are borne.
#[derive(Default)]
struct Patience {
    failures: u32,
}

impl Patience {
    fn bear(&mut self, error: StoreError) -> Result<(), StoreError> {
        self.failures += 1;
        if self.failures > MAX_FAILURES { Err(error) } else { Ok(()) }
    }
}

/// The widest column of chains that is kept aligned.
const MAX_WIDTH: usize = 32;
const PAUSE: Duration = Duration::from_millis(200);
/// Rows read at a time.
const BATCH: u64 = 1_000;
const MAX_FAILURES: u32 = 25;
