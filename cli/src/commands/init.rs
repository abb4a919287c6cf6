//! `init`: the data directory and the signing key.

use std::path::PathBuf;

use serde::Serialize;

use super::Context;
use crate::args::{DatabaseArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::output::Tone;
use crate::set_up::{Origin, ensure_key_pair};

/// Flags of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The private key [env: AGENTRECEIPTS_KEY] [default: <data>/signing.key].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Serialize)]
struct Answer {
    made: bool,
    key: PathBuf,
    public_key: PathBuf,
    db: PathBuf,
    fingerprint: String,
}

/// Makes what is missing, checks what is there, and says what to do next.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let settings = &context.settings;
    let key = settings.private_key(args.key.as_deref())?;
    let public_key = settings.public_key(args.trust.public_key.as_deref(), args.key.as_deref())?;
    let db = settings.database(args.database.db.as_deref())?;
    let pair = ensure_key_pair(&key, &public_key, &db)?;
    let made = pair.origin == Origin::Made;
    let fingerprint = pair.public.fingerprint().to_string();
    let mut screen = context.stdout();
    if context.json {
        screen.json(&Answer { made, key, public_key, db, fingerprint })?;
    } else {
        let first = match pair.origin {
            Origin::Made => "set up: a new signing key was made",
            Origin::Published => "already set up: the public key was missing and is published again",
            Origin::Found => "already set up: the key pair is there and belongs together",
        };
        screen.line(&screen.tone(Tone::Good, first))?;
        screen.line(&format!("  signing key   {}   keep it from the agents", key.display()))?;
        screen.line(&format!("  public key    {}   give it to whoever verifies", public_key.display()))?;
        screen.line(&format!("  database      {}", db.display()))?;
        screen.line(&format!("  fingerprint   {fingerprint}"))?;
        screen.line("")?;
        screen.line("next: `agent-receipts daemon run` records until it is stopped;")?;
        screen.line("      `agent-receipts run -- COMMAND` records one command and shows the verdict.")?;
        screen.line("A daemon that agents cannot tamper with runs as an OS user of its own.")?;
    }
    screen.flush()?;
    Ok(exit::OK)
}
