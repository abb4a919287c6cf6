//! `checkpoints`: what the daemon has signed for.

use agent_receipts_chain::checkpoint::{Checkpoint, SignedCheckpoint};
use agent_receipts_core::PublicKey;
use agent_receipts_store::{CheckpointReader as _, StoredCheckpoint};
use serde::Serialize;

use super::Context;
use crate::args::{DatabaseArgs, KnownKeysArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::output::{Screen, Tone, count, printable};
use crate::reading::Reading;
use crate::verification::Trust;

/// Flags of `checkpoints`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// At most so many, the newest.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    limit: u64,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    known: KnownKeysArgs,
}

/// One checkpoint as it stands in the database.
#[derive(Debug, Serialize)]
struct Listed {
    /// How many receipts it is over.
    size: u64,
    /// `published`, `earlier` (a key that was archived), `unknown` or `none`: who signed it. That the database holds what it says,
    /// `verify --anchors` tells, from a copy that was kept elsewhere.
    signed_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Chains that moved since the one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    heads: Option<u64>,
    /// The signed note.
    note: String,
    /// The list of heads that it commits to.
    head_list: String,
}

/// Lists the newest checkpoints, newest first.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let database = context.settings.database(args.database.db.as_deref())?;
    let public_key = context.settings.public_key(args.trust.public_key.as_deref(), None)?;
    let trust = Trust::load(&public_key, &args.known.trust_keys)?;
    let stored = Reading::open(&database)?.ask(|reader| reader.checkpoints_up_to(u64::MAX, args.limit))?;
    let (trusted, earlier) = (trust.trusted(), trust.earlier());
    let listed: Vec<_> = stored.into_iter().map(|stored| Listed::of(stored, &trusted, &earlier)).collect();
    let mut screen = context.stdout();
    if context.json {
        screen.json(&listed)?;
    } else if listed.is_empty() {
        screen.line("no checkpoints")?;
    } else {
        listed.iter().try_for_each(|one| one.write(&mut screen))?;
    }
    screen.flush()?;
    Ok(exit::OK)
}

impl Listed {
    fn of(stored: StoredCheckpoint, trusted: &[PublicKey], earlier: &[PublicKey]) -> Self {
        let StoredCheckpoint { tree_size: size, note, heads: head_list } = stored;
        let signed = SignedCheckpoint::parse(note.as_bytes()).ok();
        // Filed under a size that is not its own, it was put there by somebody else.
        let signed = signed.filter(|signed| signed.checkpoint().size == size);
        let by = |keys: &[PublicKey]| {
            signed
                .as_ref()
                .is_some_and(|signed| signed.named_among(keys).is_some_and(|key| signed.verify(key).is_ok()))
        };
        let signed_by = match &signed {
            _ if by(trusted) => "published",
            _ if by(earlier) => "earlier",
            Some(_) => "unknown",
            None => "none",
        };
        let said = signed.as_ref().map(SignedCheckpoint::checkpoint);
        let of = |read: fn(&Checkpoint) -> String| said.map(read);
        Self {
            size,
            signed_by,
            time: of(|said| said.time.to_rfc3339()),
            origin: of(|said| said.origin.to_string()),
            root: of(|said| said.root.to_base64()),
            key: of(|said| said.key.to_string()),
            heads: said.map(|said| said.heads.count),
            note,
            head_list,
        }
    }

    fn write(&self, screen: &mut Screen) -> Result<(), Failure> {
        let (tone, who) = match self.signed_by {
            "published" => (Tone::Good, "signed by the published key"),
            "earlier" => (Tone::Good, "signed by an earlier key"),
            "unknown" => (Tone::Bad, "signed by NO KEY THAT IS KNOWN HERE"),
            _ => (Tone::Bad, "NOT A CHECKPOINT"),
        };
        let time = self.time.as_deref().unwrap_or("                    ");
        let heads = self.heads.map_or_else(String::new, |heads| format!(", {} moved", count(heads, "chain")));
        let size = count(self.size, "receipt");
        let who = screen.tone(tone, who);
        screen.line(&format!("{}  over {size}{heads}, {who}", printable(time)))?;
        Ok(())
    }
}
