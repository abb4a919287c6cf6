//! `keys`: the signing key and those before it. One verb, one file.

mod generate;
mod pubkey;

use super::Context;
use crate::failure::Failure;

/// Flags of `keys`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a key pair; never overwrites.
    Generate(generate::Args),
    /// Print the public half of a signing key.
    Pubkey(pubkey::Args),
}

/// Does what the verb says.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    match &args.verb {
        Verb::Generate(args) => generate::run(args, context),
        Verb::Pubkey(args) => pubkey::run(args, context),
    }
}
