//! `prove`: a file that shows one receipt to be in the log.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::proving::{ProveError, prove};
use crate::reading::Reading;
use crate::verification::Trust;

/// Flags of `prove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The receipt's id (`urn:receipt:…`).
    #[arg(long, value_name = "ID")]
    id: String,
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
    let keys: Vec<_> = trust.trusted().into_iter().chain(trust.earlier()).collect();
    let proof = reading.ask(|reader| match prove(reader, &args.id, &keys) {
        Err(ProveError::Store(error)) => Err(error),
        answer => Ok(answer),
    })??;
    let json = proof.to_json();
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
            ProveError::NoCheckpoint { .. } => Failure::new(&error).with_hint(
                "the daemon signs one every 10,000 receipts, every hour and when it stops, unless it is configured otherwise",
            ),
            ProveError::Altered { .. } => {
                Failure::new(&error).with_hint("`agent-receipts verify --anchors FILE` says where")
            }
            error => Failure::new(&error),
        }
    }
}
