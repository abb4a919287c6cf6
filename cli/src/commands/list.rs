//! `list`: receipts, newest first.

use agent_receipts_store::Order;

use super::Context;
use super::filter::FilterArgs;
use crate::args::DatabaseArgs;
use crate::exit;
use crate::failure::Failure;
use crate::output::{Tone, as_json_of, count, write_rows_of};
use crate::sources::{ArchivesArgs, newest, open};

/// Flags of `list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// At most so many receipts.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    archives: ArchivesArgs,
}

/// Writes a table, or with `--json` an array of whole receipts.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let path = context.settings.database(args.database.db.as_deref())?;
    let mut query = args.filter.query(None)?;
    query.order = Order::Newest;
    query.limit = Some(args.limit);
    let stored = newest(&mut open(&path, &args.archives)?, &query)?;
    let mut screen = context.stdout();
    if context.json {
        screen.bytes(b"[")?;
        for (at, (row, archive)) in stored.iter().enumerate() {
            screen.bytes(if at == 0 { b"" } else { b",\n" })?;
            screen.bytes(as_json_of(row, archive.as_deref()).as_bytes())?;
        }
        screen.bytes(b"]\n")?;
    } else if stored.is_empty() {
        screen.line("no receipts")?;
    } else {
        write_rows_of(&stored, 0, &mut screen)?;
        if stored.len() as u64 == args.limit {
            let note = format!("the newest {}; more with --limit", count(args.limit, "receipt"));
            screen.line(&screen.tone(Tone::Quiet, &note))?;
        }
    }
    screen.flush()?;
    Ok(exit::OK)
}
