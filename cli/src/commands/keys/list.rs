//! `keys list`: the current key and those before it.

use std::path::{Path, PathBuf};

use agent_receipts_chain::KeyRing;
use agent_receipts_core::PublicKey;
use agent_receipts_store::{ArchiveFolder, ArchiveKind, SqliteReader, StoreError};
use serde::Serialize;

use super::super::Context;
use super::signed::{Account, Signed};
use crate::args::{DatabaseArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::output::{Screen, Tone, count, printable};
use crate::reading::Reading;
use crate::verification::Trust;

/// Flags of `keys list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The private key, beside which an unfinished rotation would be found [env: AGENTRECEIPTS_KEY] [default:
    /// <data>/signing.key].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Serialize)]
struct Answer {
    keys: Vec<Listed>,
    /// Receipts of the database that none of these keys has signed; `None` without a database.
    signed_by_none: Option<u64>,
    notes: Vec<String>,
}

/// One key.
#[derive(Serialize)]
struct Listed {
    state: &'static str,
    fingerprint: String,
    file: PathBuf,
    /// Whether the current key vouches for it: it handed over towards the current one, which has signed behind that.
    vouched: Option<bool>,
    signed: Option<Signed>,
}

/// Lists keys with what they signed; a database that is not there yet is nothing that they signed.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let settings = &context.settings;
    let key = settings.private_key(args.key.as_deref())?;
    let public_key = settings.public_key(args.trust.public_key.as_deref(), args.key.as_deref())?;
    let trust = Trust::load(&public_key, &[])?;
    let mut files = vec![(public_key, *trust.published())];
    files.extend(trust.archived().iter().cloned());
    let answer = answer(&files, &trust, &settings.database(args.database.db.as_deref())?, &key)?;
    let mut screen = context.stdout();
    if context.json {
        screen.json(&answer)?;
    } else {
        write(&answer, &mut screen)?;
    }
    screen.flush()?;
    Ok(exit::OK)
}

/// What the keys have signed in a database, and in the archives that chains were moved to from there.
fn read(
    reading: &mut Reading,
    database: &Path,
    trust: &Trust,
    keys: &[PublicKey],
) -> Result<(Account, KeyRing), Failure> {
    let mut archives = ArchiveFolder::beside(database).archives()?;
    archives.retain(|archive| archive.manifest.kind == ArchiveKind::Moved);
    let read = reading.ask(|reader| {
        let (mut account, mut lineage) = (Account::of_keys(keys), trust.lineage());
        account.take(reader, keys, |chain, json| lineage.observe(chain, json))?;
        for archive in &archives {
            // Its first chain does not go on with the last one before it.
            lineage.observe("", b"");
            let archived = SqliteReader::open(&archive.database)?;
            account.take(&archived, keys, |chain, json| lineage.observe(chain, json))?;
        }
        Ok((account, lineage.resolve()))
    })?;
    Ok(read)
}

fn answer(
    files: &[(PathBuf, PublicKey)],
    trust: &Trust,
    database: &Path,
    private_key: &Path,
) -> Result<Answer, Failure> {
    let keys: Vec<PublicKey> = files.iter().map(|(_, key)| *key).collect();
    let read = match Reading::open(database) {
        Err(StoreError::Missing { .. }) => None,
        reading => Some(read(&mut reading?, database, trust, &keys)?),
    };
    let mut notes = read.as_ref().map(|(_, ring)| trust.notes(ring)).unwrap_or_default();
    let mut listed = Vec::new();
    for (at, (file, key)) in files.iter().enumerate() {
        let archived = at > 0;
        if archived && *key == keys[0] {
            notes.push(format!("`{}` is the current key: a rotation was undone", file.display()));
            continue;
        }
        listed.push(Listed {
            state: if archived { "archived" } else { "current" },
            fingerprint: key.fingerprint().to_string(),
            file: file.clone(),
            vouched: read.as_ref().map(|(_, ring)| ring.vouches_for(key)),
            signed: read.as_ref().map(|(account, _)| account.of(at)),
        });
    }
    let mut journal = private_key.as_os_str().to_owned();
    journal.push(".rotation");
    if Path::new(&journal).exists() {
        notes.push(
            "a rotation is not finished: the next start of the daemon finishes or undoes it".to_owned(),
        );
    }
    Ok(Answer { keys: listed, signed_by_none: read.map(|(account, _)| account.unknown), notes })
}

fn write(answer: &Answer, screen: &mut Screen) -> Result<(), Failure> {
    for Listed { state, fingerprint, file, vouched, signed } in &answer.keys {
        let tone = if *state == "current" { Tone::Good } else { Tone::Strong };
        screen.line(&format!("{}  {fingerprint}", screen.tone(tone, &format!("{state:<8}"))))?;
        screen.line(&format!("  file     {}", printable(&file.to_string_lossy())))?;
        match signed {
            None => screen.line("  signed   unknown: there is no database")?,
            Some(signed) => screen.line(&format!("  signed   {}", summary(signed)))?,
        }
        if *vouched == Some(false) {
            let text = "the current key does not vouch for it: no chain is valid by it alone";
            screen.line(&format!("  {}", screen.tone(Tone::Warning, text)))?;
        }
    }
    if let Some(unknown @ 1..) = answer.signed_by_none {
        let text = format!("{} signed by none of these keys", count(unknown, "receipt"));
        screen.line(&screen.tone(Tone::Warning, &text))?;
    }
    for note in &answer.notes {
        screen.line(&format!("note: {}", printable(note)))?;
    }
    Ok(())
}

fn summary(signed: &Signed) -> String {
    let Signed { receipts, chains, from: Some(from), to: Some(to) } = signed else {
        return "nothing".to_owned();
    };
    let (receipts, chains) = (count(*receipts, "receipt"), count(chains.len() as u64, "chain"));
    format!("{receipts} in {chains}, {} to {}", printable(from), printable(to))
}
