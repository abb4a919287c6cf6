//! `import`: what was recorded elsewhere, taken in as read-only archives.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;
use agent_receipts_store::{Archive, ArchiveFolder};
use serde::Serialize;

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::importing::{TakeIn, Taken};
use crate::output::{Screen, Tone, count, printable};
use crate::verification::{Report, Trust, write_all};

/// Flags of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A database, ours or the reference's, or exported JSON lines (`-` for standard input). Each becomes one archive.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The archive's name [default: the file's].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    known: KnownKeysArgs,
}

/// What became of one file.
#[derive(Serialize)]
struct Answer<'a> {
    file: &'a PathBuf,
    taken_in: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
}

/// Takes the files in one after the other and stops at the first that fails; those before it stay.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    if args.name.is_some() && args.files.len() > 1 {
        return Err(Failure::usage("--name is for one file").with_hint("import the files one by one"));
    }
    let database = context.settings.database(args.database.db.as_deref())?;
    let public_key = context.settings.public_key(args.trust.public_key.as_deref(), None)?;
    let trust = Trust::load(&public_key, &args.known.trust_keys)?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_unix(seconds, 0));
    let now = now.ok_or_else(|| Failure::new("the clock shows a time that no calendar has"))?;
    let take_in = TakeIn { folder: ArchiveFolder::beside(&database), trust: &trust, now };
    let mut screen = context.stdout();
    let mut code = exit::OK;
    for file in &args.files {
        let taken = take_in.take(file, args.name.as_deref())?;
        if matches!(taken, Taken::Refused(_)) {
            code = exit::FAILED;
        }
        if context.json {
            screen.json(&answer(file, taken))?
        } else {
            write(file, taken, &mut screen)?
        }
        screen.flush()?;
        if code != exit::OK {
            break;
        }
    }
    Ok(code)
}

fn answer(file: &PathBuf, taken: Taken) -> Answer<'_> {
    let nothing = Answer { file, taken_in: false, archive: None, sha256: None, report: None };
    match taken {
        Taken::In(archive) => Answer {
            taken_in: true,
            archive: Some(archive.name),
            sha256: Some(archive.manifest.sha256),
            ..nothing
        },
        Taken::Before(name) => Answer { archive: Some(name), ..nothing },
        Taken::Refused(report) => Answer { report: Some(*report), ..nothing },
    }
}

fn write(file: &Path, taken: Taken, screen: &mut Screen) -> Result<(), Failure> {
    let shown = file.to_string_lossy();
    let shown = printable(&shown);
    match taken {
        Taken::In(archive) => {
            let Archive { name, manifest, .. } = *archive;
            let chains = count(manifest.chains.len() as u64, "chain");
            let receipts = count(manifest.receipts, "receipt");
            let word = screen.tone(Tone::Good, "VALID");
            screen.line(&format!("{shown}: {word}, taken in as archive {name} ({chains}, {receipts})"))?;
            screen.line(&format!("  digest {}", manifest.sha256))?;
        }
        Taken::Before(name) => screen.line(&format!("{shown}: stands in archive {name} already"))?,
        Taken::Refused(report) => {
            write_all(&report, screen)?;
            screen
                .line(&format!("{shown}: {}, nothing was taken in", screen.tone(Tone::Bad, "NOT VALID")))?;
        }
    }
    Ok(())
}
