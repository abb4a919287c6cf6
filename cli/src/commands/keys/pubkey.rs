//! `keys pubkey`: the public half of a signing key, from the private one.

use std::path::PathBuf;

use agent_receipts_keysource::{FileKeySource, KeySource as _};
use serde::Serialize;

use super::super::Context;
use crate::exit;
use crate::failure::Failure;
use crate::set_up::SetUpError;

/// Flags of `keys pubkey`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The private key [env: AGENTRECEIPTS_KEY] [default: <data>/signing.key].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    key: PathBuf,
    fingerprint: String,
    pem: String,
    multibase: String,
    did: String,
}

/// Prints the public key as PEM, or in every spelling as JSON.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let key = context.settings.private_key(args.key.as_deref())?;
    // The verification method goes into signatures, of which none is made here.
    let mut source = FileKeySource::new(&key, "");
    source.init().map_err(SetUpError::from)?;
    let public = source.public_key().map_err(SetUpError::from)?;
    source.teardown();
    let mut screen = context.stdout();
    if context.json {
        screen.json(&Answer {
            key,
            fingerprint: public.fingerprint().to_string(),
            pem: public.to_pem(),
            multibase: public.to_multibase(),
            did: public.to_did_key(),
        })?;
    } else {
        screen.bytes(public.to_pem().as_bytes())?;
    }
    screen.flush()?;
    Ok(exit::OK)
}
