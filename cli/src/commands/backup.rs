//! `backup`: a copy of the database, whoever writes it meanwhile.

use std::path::PathBuf;

use agent_receipts_store::{Copied, Existing, StoreError};
use serde::Serialize;

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::digest::sha256_of;
use crate::exit;
use crate::failure::Failure;
use crate::output::{count, printable, total};
use crate::reading::Reading;
use crate::verification::{Report, StoreVerification, Trust, write_all};

/// Flags of `backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The copy, which appears only when it is whole and on disk.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    known: KnownKeysArgs,
}

/// What was copied, and the verdict on the copy.
#[derive(Serialize)]
struct Answer {
    file: PathBuf,
    bytes: u64,
    sha256: String,
    /// Receipts that were moved to archives, which a copy of the database does not hold.
    moved: u64,
    #[serde(flatten)]
    report: Report,
}

/// Copies, compares the copy with the database row by row, and verifies the chains in the copy. A copy of a broken chain is
/// kept, for it is evidence; the exit code tells.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let database = context.settings.database(args.database.db.as_deref())?;
    let public_key = context.settings.public_key(args.trust.public_key.as_deref(), None)?;
    // First, so that nothing is copied that could then not be judged.
    let trust = Trust::load(&public_key, &args.known.trust_keys)?;
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let copied =
        Reading::open(&database)?.ask(|reader| reader.copy_to(&args.file, existing)).map_err(refused)?;
    let sha256 = sha256_of(&copied.path)
        .map_err(|error| Failure::new(format_args!("could not read `{}`: {error}", copied.path.display())))?;
    let mut verification = StoreVerification::begin(Reading::open(&copied.path)?, &trust)?;
    let chains: Vec<String> = verification.chains()?.into_iter().map(|chain| chain.chain_id).collect();
    let report = verification.report(&chains)?;
    let moved = verification.reading().ask(|reader| reader.moved_chains())?;
    let moved = total(moved.iter().map(|chain| chain.receipts));
    let code = if report.valid || copied.receipts == 0 { exit::OK } else { exit::FAILED };
    let file = copied.path.clone();
    write(Answer { file, bytes: copied.bytes, sha256, moved, report }, &copied, context)?;
    Ok(code)
}

fn write(answer: Answer, copied: &Copied, context: &Context) -> Result<(), Failure> {
    let mut screen = context.stdout();
    if context.json {
        screen.json(&answer)?;
        return Ok(screen.flush()?);
    }
    let file = answer.file.to_string_lossy();
    let (receipts, bytes) = (count(copied.receipts, "receipt"), count(copied.bytes, "byte"));
    screen.line(&format!("backup   {}", printable(&file)))?;
    screen.line(&format!("  holds  {receipts} in {bytes}, each compared with the database"))?;
    screen.line(&format!("  digest {}", answer.sha256))?;
    if answer.moved > 0 {
        let moved = count(answer.moved, "receipt");
        screen.line(&format!(
            "  {moved} stand in archives: copy the folder `….archives` too, it never changes"
        ))?;
    }
    if copied.receipts == 0 {
        screen.line("there are no receipts yet: nothing in it could be verified")?;
    } else {
        write_all(&answer.report, &mut screen)?;
    }
    Ok(screen.flush()?)
}

/// What keeps a copy from being made is a failure, not a wrong question.
fn refused(error: StoreError) -> Failure {
    match &error {
        StoreError::AlreadyExists { path } => {
            Failure::usage(format_args!("`{}` already exists", path.display()))
                .with_hint("choose another name, or --force; the database itself is never replaced")
        }
        StoreError::DiskFull { .. }
        | StoreError::Io { .. }
        | StoreError::CopyDiffers { .. }
        | StoreError::SyncFailed { .. } => Failure::new(error),
        _ => Failure::from(error),
    }
}
