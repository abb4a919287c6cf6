//! The evidence that was kept, verified once more: by whom a checkpoint was signed, cosigned and stamped.
//!
//! What is in a folder may have been changed since it was put there. Whether the database still is what the checkpoints say is
//! for `agent-receipts verify --anchors`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use agent_receipts_chain::checkpoint::{HeadList, MAX_NOTE, SignedCheckpoint, WitnessKey};
use agent_receipts_core::json::{Rules, Value, parse};
use agent_receipts_core::{PublicKey, ReceiptHash};
use agent_receipts_timestamp::{Options, TrustedCertificates, token_of_response, verify_token};

use crate::config::{Config, SinkConfig, SinkKind};
use crate::disk;
use crate::queue::KeyFiles;
use crate::sink::{HEADS, NOTE, TOKEN};
use crate::sinks::timestamp::trusted_certificates;
use crate::state::Folder;

/// What became of one sink's evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkReview {
    /// The sink's name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// How many checkpoints hold, with all that the sink is to give for them.
    pub good: u64,
    /// What does not hold, the first of it.
    pub faults: Vec<String>,
    /// How much more does not.
    pub more_faults: u64,
}

impl SinkReview {
    /// Verifies the evidence of every sink of a configuration.
    pub fn of(config: &Config) -> Vec<Self> {
        let folder = Folder::at(config.state.clone());
        config.sinks.iter().map(|sink| Self::of_sink(sink, &folder, config)).collect()
    }

    /// Whether all that there is holds.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// For people: a line, and a line a fault.
    pub fn to_text(&self) -> String {
        let Self { name, kind, good, .. } = self;
        let mut text = format!("{name} ({kind}): {good} checkpoints hold\n");
        for fault in &self.faults {
            text += &format!("  {}\n", crate::surroundings::on_one_line(fault));
        }
        if self.more_faults > 0 {
            text += &format!("  and {} more\n", self.more_faults);
        }
        text
    }

    fn of_sink(sink: &SinkConfig, folder: &Folder, config: &Config) -> Self {
        let (name, kind) = (sink.name.clone(), sink.kind.word());
        let mut review = Self { name, kind, good: 0, faults: Vec::new(), more_faults: 0 };
        let keys = match (KeyFiles { public_key: config.public_key.clone() }).load() {
            Ok(keys) => keys,
            Err(error) => {
                review.fault(error);
                return review;
            }
        };
        let evidence = folder.evidence(&sink.name);
        let read = match &sink.kind {
            SinkKind::File { path } => {
                let path = path.clone().unwrap_or_else(|| evidence.join("checkpoints.ndjson"));
                review.read_lines(&path, &keys)
            }
            SinkKind::Timestamp { certificates, .. } => match trusted_certificates(certificates) {
                Ok(trusted) => {
                    review.read_folder(&evidence, &keys, &|note, tsr| stamped(note, tsr, &trusted))
                }
                Err(error) => {
                    review.fault(error);
                    Ok(())
                }
            },
            SinkKind::Witness { key, .. } => {
                review.read_folder(&evidence, &keys, &|note, _| cosigned(note, key))
            }
            #[cfg(feature = "s3")]
            SinkKind::S3 { .. } => review.read_folder(&evidence, &keys, &|_, _| Ok(())),
        };
        if let Err(error) = read {
            review.fault(format!("cannot read the evidence: {error}"));
        }
        match folder.cursor(&sink.name) {
            Ok(cursor) if review.good < cursor.delivered && review.faults.is_empty() => {
                review.fault(format!(
                    "{} checkpoints were delivered, and there is evidence of {}",
                    cursor.delivered, review.good
                ))
            }
            Ok(_) => {}
            Err(error) => review.fault(error),
        }
        review
    }

    fn fault(&mut self, fault: impl ToString) {
        if self.faults.len() < MOST { self.faults.push(fault.to_string()) } else { self.more_faults += 1 }
    }

    fn count(&mut self, place: &str, judged: Result<(), String>) {
        match judged {
            Ok(()) => self.good += 1,
            Err(fault) => self.fault(format!("{place}: {fault}")),
        }
    }

    fn read_lines(&mut self, path: &Path, keys: &[PublicKey]) -> std::io::Result<()> {
        let mut lines = BufReader::new(File::open(path)?);
        for number in 1_u64.. {
            let mut line = Vec::new();
            (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                break;
            }
            if line.len() as u64 == LONGEST_LINE {
                self.fault(format!("line {number} is longer than any record"));
                break;
            }
            match record(&line) {
                Some(Some((note, heads))) => {
                    let judged = checkpoint(note.as_bytes(), heads.as_deref(), keys).map(drop);
                    self.count(&format!("line {number}"), judged);
                }
                // A record of another kind is somebody else's.
                Some(None) => {}
                None => self.fault(format!("line {number} is not a record")),
            }
        }
        Ok(())
    }

    fn read_folder(&mut self, folder: &Path, keys: &[PublicKey], also: &Also<'_>) -> std::io::Result<()> {
        let mut stems = BTreeSet::new();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let stem = [NOTE, HEADS, TOKEN].iter().find_map(|suffix| name.strip_suffix(suffix));
            stems.extend(stem.map(str::to_owned));
        }
        for stem in stems {
            let judged = judge(folder, &stem, keys, also);
            self.count(&stem, judged);
        }
        Ok(())
    }
}

/// What a sink gives beyond the checkpoint: judged from the note and, if there is one, the file beside it.
type Also<'a> = dyn Fn(&SignedCheckpoint, Option<&[u8]>) -> Result<(), String> + 'a;

fn judge(folder: &Path, stem: &str, keys: &[PublicKey], also: &Also<'_>) -> Result<(), String> {
    let read = |suffix: &str, limit: u64| match disk::read(&folder.join(format!("{stem}{suffix}")), limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{suffix}`: {error}")),
    };
    let note = read(NOTE, MAX_NOTE as u64)?.ok_or("there is no `.note`")?;
    let heads = read(HEADS, LONGEST_LINE)?.map(|heads| String::from_utf8_lossy(&heads).into_owned());
    let signed = checkpoint(&note, heads.as_deref(), keys)?;
    if format!("{:012}", signed.checkpoint().size) != stem {
        return Err(format!("the note is over {} receipts", signed.checkpoint().size));
    }
    also(&signed, read(TOKEN, LONGEST_LINE)?.as_deref())
}

/// A checkpoint that one of the daemon's keys has signed, with the heads that it was signed with.
fn checkpoint(note: &[u8], heads: Option<&str>, keys: &[PublicKey]) -> Result<SignedCheckpoint, String> {
    let signed = SignedCheckpoint::parse(note).map_err(|error| error.to_string())?;
    if let Some(heads) = heads {
        let heads = HeadList::parse(heads).map_err(|error| error.to_string())?;
        signed.checkpoint().check_heads(&heads).map_err(|error| error.to_string())?;
    }
    let key = signed.named_among(keys).ok_or("signed by a key that is neither published nor archived")?;
    signed.verify(key).map_err(|error| error.to_string())?;
    Ok(signed)
}

fn cosigned(note: &SignedCheckpoint, key: &WitnessKey) -> Result<(), String> {
    key.cosignature(note.note()).map(drop).map_err(|error| error.to_string())
}

fn stamped(
    note: &SignedCheckpoint,
    answer: Option<&[u8]>,
    trusted: &TrustedCertificates,
) -> Result<(), String> {
    let imprint = *ReceiptHash::of(note.to_string().as_bytes()).as_bytes();
    let token = token_of_response(answer.ok_or("there is no `.tsr`")?).map_err(|error| error.to_string())?;
    // The nonce was held against the request when the answer came; it says nothing later.
    verify_token(token, &imprint, trusted, &Options::default()).map(drop).map_err(|error| error.to_string())
}

/// A record's note and heads; nothing inside if it is of another kind, nothing at all if it is no record.
fn record(line: &[u8]) -> Option<Option<(String, Option<String>)>> {
    let line = line.strip_suffix(b"\n")?;
    let record = parse(line, Rules::Receipt).ok()?;
    let record = record.as_object()?;
    let payload = record.get("payload")?;
    if record.get("event_type").and_then(Value::as_str)? != "checkpoint" {
        return Some(None);
    }
    let text = |name| payload.as_object().and_then(|payload| payload.get(name)).and_then(Value::as_str);
    Some(Some((text("note")?.to_owned(), text("heads").map(str::to_owned))))
}

/// Faults that are shown of a sink.
const MOST: usize = 20;
/// Bytes; a record with the most heads has some 2 MB.
const LONGEST_LINE: u64 = 16 << 20;
