//! `keys generate`: a new key pair where there is none.

use std::path::{Path, PathBuf};

use agent_receipts_keysource::{generate_forensic_pair, generate_key_pair, random_seed};
use serde::Serialize;

use super::super::Context;
use crate::args::TrustArgs;
use crate::exit;
use crate::failure::Failure;
use crate::output::Tone;
use crate::set_up::SetUpError;

/// Flags of `keys generate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the private key is made, mode 0600 [env: AGENTRECEIPTS_KEY] [default: <data>/signing.key].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Make the pair that disclosed parameters and responses are sealed to instead (X25519), at <data>/forensic.key by default
    /// [env: AGENTRECEIPTS_FORENSIC_KEY, AGENTRECEIPTS_FORENSIC_PUBLIC_KEY]. The private half belongs on another machine.
    #[arg(long)]
    forensic: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

/// A pair that was made.
#[derive(Serialize)]
struct Answer {
    key: PathBuf,
    public_key: PathBuf,
    fingerprint: String,
}

/// Makes the pair, or says what stands in the way.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    if args.forensic {
        return make_forensic(args, context);
    }
    let settings = &context.settings;
    let key = settings.private_key(args.key.as_deref())?;
    let public_key = settings.public_key(args.trust.public_key.as_deref(), args.key.as_deref())?;
    refuse_second_history(&key, &settings.database(None)?, &settings.private_key(None)?)?;
    let public = generate_key_pair(&key, &public_key, &random_seed().map_err(SetUpError::from)?)
        .map_err(SetUpError::from)?;
    let answer = Answer { key, public_key, fingerprint: public.fingerprint().to_string() };
    let mut screen = context.stdout();
    if context.json {
        screen.json(&answer)?;
    } else {
        screen.line(&screen.tone(Tone::Good, "a new signing key was made"))?;
        screen.line(&format!("  signing key   {}   keep it from the agents", answer.key.display()))?;
        screen.line(&format!(
            "  public key    {}   give it to whoever verifies",
            answer.public_key.display()
        ))?;
        screen.line(&format!("  fingerprint   {}", answer.fingerprint))?;
    }
    screen.flush()?;
    Ok(exit::OK)
}

/// Makes the forensic pair. No history hangs on it: what was sealed to an earlier one is opened with that one.
fn make_forensic(args: &Args, context: &Context) -> Result<u8, Failure> {
    let settings = &context.settings;
    let key = settings.forensic_key(args.key.as_deref())?;
    let public_key = settings.forensic_public_key(args.trust.public_key.as_deref(), args.key.as_deref())?;
    let public = generate_forensic_pair(&key, &public_key, &random_seed().map_err(SetUpError::from)?)
        .map_err(SetUpError::from)?;
    let answer = Answer { key, public_key, fingerprint: public.fingerprint().to_string() };
    let mut screen = context.stdout();
    if context.json {
        screen.json(&answer)?;
    } else {
        let (key, public_key) = (answer.key.display(), answer.public_key.display());
        screen.line(&screen.tone(Tone::Good, "a new forensic key was made"))?;
        screen.line(&format!(
            "  private half  {key}   move it to another machine: it opens all that is disclosed"
        ))?;
        screen
            .line(&format!("  public half   {public_key}   name it to the daemon: --forensic-public-key"))?;
        screen.line(&format!("  fingerprint   {}", answer.fingerprint))?;
    }
    screen.flush()?;
    Ok(exit::OK)
}

/// Where the daemon's key was lost, another in its place would begin a history that no verifier joins to the old one. A key
/// that is made elsewhere harms nothing.
fn refuse_second_history(key: &Path, database: &Path, daemons: &Path) -> Result<(), SetUpError> {
    let missing = std::fs::symlink_metadata(key).is_err();
    if key == daemons && missing && database.exists() {
        return Err(SetUpError::KeyLost { database: database.to_owned(), key: key.to_owned() });
    }
    Ok(())
}
