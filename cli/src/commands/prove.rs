//! `prove`: a file that shows one receipt to be in the log, or one checkpoint to extend another.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use agent_receipts_chain::checkpoint::{MAX_NOTE, SignedCheckpoint};

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::proving::{Earlier, ExtendError, Keys, ProveError, prove, prove_extension};
use crate::reading::Reading;
use crate::verification::Trust;

/// Flags of `prove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The receipt to prove (`urn:receipt:…`).
    #[arg(long, value_name = "ID", required_unless_present_any = ["from", "since"], conflicts_with_all = ["from", "since", "to"])]
    id: Option<String>,
    /// Prove that a later checkpoint extends the one over so many receipts: that nothing before it was changed.
    #[arg(long, value_name = "SIZE", conflicts_with = "since")]
    from: Option<u64>,
    /// The same, from a checkpoint that was kept elsewhere: a bare note (`000000000042.note`).
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// With --from or --since: to the checkpoint over so many receipts [default: the newest].
    #[arg(long, value_name = "SIZE")]
    to: Option<u64>,
    /// The file to write, which must not be there yet [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    known: KnownKeysArgs,
}

/// Writes a proof that has been checked.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let database = context.settings.database(args.database.db.as_deref())?;
    let public_key = context.settings.public_key(args.trust.public_key.as_deref(), None)?;
    let trust = Trust::load(&public_key, &args.known.trust_keys)?;
    let mut reading = Reading::open(&database)?;
    let (trusted, earlier) = (trust.trusted(), trust.earlier());
    let keys = Keys { trusted: &trusted, earlier: &earlier };
    let json = match (&args.id, args.earlier()?) {
        (None, Some(earlier)) => {
            let extend = |reader: &_| prove_extension(reader, &earlier, args.to, keys);
            let proof = reading.ask(|reader| match extend(reader) {
                Err(ExtendError::Store(error)) => Err(error),
                answer => Ok(answer),
            })??;
            proof.to_json()
        }
        (id, _) => {
            let id = id.as_deref().unwrap_or_default();
            let proof = reading.ask(|reader| match prove(reader, id, keys) {
                Err(ProveError::Store(error)) => Err(error),
                answer => Ok(answer),
            })??;
            proof.to_json()
        }
    };
    match &args.out {
        Some(path) => write(path, &json)?,
        None => {
            let mut screen = context.stdout();
            screen.bytes(&json)?;
            screen.flush()?;
        }
    }
    Ok(exit::OK)
}

impl Args {
    /// The checkpoint that is to be extended, if that is what was asked for.
    fn earlier(&self) -> Result<Option<Earlier>, Failure> {
        match (&self.since, self.from) {
            (Some(file), _) => Ok(Some(Earlier::Kept(Box::new(read_note(file)?)))),
            (None, from) => Ok(from.map(Earlier::Over)),
        }
    }
}

fn read_note(path: &Path) -> Result<SignedCheckpoint, Failure> {
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::usage(format_args!("could not use the checkpoint in `{}`: {error}", path.display()))
            .with_hint("--since names a bare note, as the anchor keeps it and `checkpoints --json` shows it")
    };
    let mut note = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_NOTE as u64 + 1).read_to_end(&mut note))
        .map_err(|error| unusable(&error))?;
    SignedCheckpoint::parse(&note).map_err(|error| unusable(&error))
}

fn write(path: &Path, json: &[u8]) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(json).and_then(|()| file.sync_all()))
        .map_err(|error| Failure::new(format_args!("could not write `{}`: {error}", path.display())))
}

/// What stands in the way of a proof is no wrong question, but for a receipt that is not there.
impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Store(error) => error.into(),
            ProveError::NotInArchive { .. } => Failure::new(&error)
                .with_hint("bring the archive's folder back beside the database, from a backup of it"),
            ProveError::NoCheckpoint { .. } => Failure::new(&error).with_hint(
                "the daemon signs one every 10,000 receipts, every hour and when it stops, unless it is configured otherwise",
            ),
            ProveError::EarlierKey { .. } => Failure::new(&error).with_hint(NEXT_START),
            ProveError::Altered { .. } => {
                Failure::new(&error).with_hint("`agent-receipts verify --anchors FILE` says where")
            }
            error => Failure::new(&error),
        }
    }
}

/// As for receipts.
impl From<ExtendError> for Failure {
    fn from(error: ExtendError) -> Self {
        match error {
            ExtendError::Store(error) => error.into(),
            ExtendError::NoCheckpoint { .. } | ExtendError::None => {
                Failure::new(&error).with_hint("`agent-receipts checkpoints` lists those that there are")
            }
            ExtendError::EarlierKey { .. } => Failure::new(&error).with_hint(NEXT_START),
            ExtendError::Altered { .. } => {
                Failure::new(&error).with_hint("`agent-receipts verify --anchors FILE` says where")
            }
            error => Failure::new(&error),
        }
    }
}

const NEXT_START: &str = "start the daemon once, which signs a checkpoint with the new key; or name the earlier key with --trust-key, \
     here and to whoever verifies";
