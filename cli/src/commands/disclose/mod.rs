//! `disclose`: what a receipt holds sealed, opened with the forensic private key.

mod opening;
mod page;
mod signature;

use std::path::PathBuf;

use agent_receipts_core::Received;
use agent_receipts_keysource::read_forensic_key;

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::output::{complain, printable};
use crate::sources::{ArchivesArgs, open};
use crate::which::{find, find_by_id};
use opening::{Content, Part};
use page::Page;
use signature::{Signature, judge, trust_of};

/// Flags of `disclose`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("receipt").required(true)))]
pub(crate) struct Args {
    /// A sequence number, or a receipt's id (`urn:receipt:…`).
    #[arg(value_name = "SEQ|ID", group = "receipt")]
    which: Option<String>,
    /// The receipt with this id.
    #[arg(long, value_name = "RECEIPT", group = "receipt")]
    id: Option<String>,
    /// The chain that the sequence number is of [env: AGENTRECEIPTS_CHAIN_ID] [default: the only one].
    #[arg(long, value_name = "ID")]
    chain_id: Option<String>,
    /// The private key: 32 raw bytes, their hex or base64, or PKCS#8 PEM (X25519) [env: AGENTRECEIPTS_FORENSIC_KEY]
    /// [default: <data>/forensic.key].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    archives: ArchivesArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    known: KnownKeysArgs,
}

/// Checks the signature, opens what is sealed, and says what came of both. Exit code 0 also where nothing is disclosed, 1 where
/// there is no such receipt or its signature does not hold, 3 where something cannot be opened.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let database = context.settings.database(args.database.db.as_deref())?;
    let mut sources = open(&database, &args.archives)?;
    let (row, at) = match (&args.id, &args.which) {
        (Some(id), _) => find_by_id(id, &mut sources)?,
        (None, which) => {
            let chain_id = context.settings.chain_id(args.chain_id.as_deref());
            find(which.as_deref().unwrap_or_default(), chain_id, &mut sources)?
        }
    };
    let signature = judge(&row, trust_of(&args.trust, &args.known, context)?, sources, at)?;
    // The row that was judged is the row that is opened.
    let received = Received::parse(row.receipt_json.as_bytes()).map_err(|error| {
        Failure::new(format_args!("receipt `{}` cannot be read: {error}", printable(&row.id)))
    })?;
    let parts = args.open(&Part::of(received.receipt()), context)?;
    let failed = parts.iter().any(|(_, content)| matches!(content, Content::Closed { .. }));
    let invalid = matches!(signature, Signature::Invalid { .. });
    let page = Page { receipt: received.receipt(), signature, parts };
    let mut screen = context.stdout();
    if context.json {
        page.write_json(&mut screen)?
    } else {
        page.write(&mut screen)?
    }
    screen.flush()?;
    Ok(match (failed, invalid) {
        (true, _) => exit::NOT_OPENED,
        (false, true) => exit::FAILED,
        (false, false) => exit::OK,
    })
}

impl Args {
    /// The key is only asked for where something is sealed.
    fn open<'r>(&self, parts: &[Part<'r>], context: &Context) -> Result<Vec<(Part<'r>, Content)>, Failure> {
        if !parts.iter().any(Part::is_sealed) {
            return Ok(parts.iter().map(|part| (*part, part.open_without_key())).collect());
        }
        let path = context.settings.forensic_key(self.key.as_deref())?;
        let key = read_forensic_key(&path)?;
        if key.others_have_access {
            complain(&format!(
                "warning: others than its owner have access to `{}`: run `chmod 600` on it",
                printable(&path.display().to_string())
            ));
        }
        Ok(parts.iter().map(|part| (*part, part.open(&key.secret))).collect())
    }
}
