//! `keys`: the signing key and those before it. One verb, one file.

mod generate;
mod list;
mod pubkey;
mod rotate;
mod signed;

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
    /// Replace the signing key: every open chain is handed over, by the running daemon or, if none runs, offline.
    Rotate(Box<rotate::Args>),
    /// List the current key and those before it, where they are kept, and what each has signed.
    List(list::Args),
}

/// Does what the verb says.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    match &args.verb {
        Verb::Generate(args) => generate::run(args, context),
        Verb::Pubkey(args) => pubkey::run(args, context),
        Verb::Rotate(args) => rotate::run(args, context),
        Verb::List(args) => list::run(args, context),
    }
}
