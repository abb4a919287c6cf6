//! The text of a checkpoint.

use agent_receipts_core::{Fingerprint, Timestamp};

use super::CheckpointError;
use super::heads::{Head, HeadList, HeadsDigest, number};
use super::key::KeyName;
use crate::tree::NodeHash;

/// How much of a list of heads stands in the checkpoint itself, in bytes.
pub const INLINE_BYTES: usize = 400;

/// What a checkpoint says. Read from a note, it is only worth what [`SignedCheckpoint::verify`](super::SignedCheckpoint::verify) says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: KeyName,
    /// How many receipts the log has.
    pub size: u64,
    /// The root hash over them.
    pub root: NodeHash,
    /// When the checkpoint was made, in whole seconds.
    pub time: Timestamp,
    /// Fingerprint of the key that was to sign it.
    pub key: Fingerprint,
    /// The whole list of the heads that moved since the checkpoint before.
    pub heads: HeadsDigest,
    /// The first of that list, as many as fit into [`INLINE_BYTES`].
    pub newest: Vec<Head>,
    /// Lines of a later version, which are signed and not understood here.
    pub unknown_lines: u64,
}

impl Checkpoint {
    /// What is to be signed of a log of `size` receipts.
    pub fn new(
        origin: KeyName,
        (size, root): (u64, NodeHash),
        time: Timestamp,
        key: Fingerprint,
        heads: &HeadList,
    ) -> Self {
        let mut used = 0;
        let mut fits = |head: &&Head| {
            used += head.to_line().len() + 1;
            used <= INLINE_BYTES
        };
        let newest = heads.heads().iter().take_while(|head| fits(head)).cloned().collect();
        Self { origin, size, root, time, key, heads: heads.digest(), newest, unknown_lines: 0 }
    }

    /// The text, line by line as the module shows it; what is not understood is not written.
    pub fn to_text(&self) -> String {
        let Self { origin, size, root, time, key, heads, .. } = self;
        let time = time.to_rfc3339();
        let HeadsDigest { count, hash } = heads;
        let newest: String = self.newest.iter().map(|head| head.to_line() + "\n").collect();
        format!("{origin}\n{size}\n{root}\ntime {time}\nkey {key}\nheads {count} {hash}\n{newest}")
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Line`] with the first line that is wrong; every line has one spelling.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = Lines { rest: text, line: 0 };
        let origin = lines.read("the name of a log", |line| KeyName::new(line).ok())?;
        let size = lines.read("a number of receipts", number)?;
        let root = lines.read("a root hash in base64", |line| NodeHash::from_base64(line).ok())?;
        let time = lines.read("`time <RFC 3339, UTC, whole seconds>`", time)?;
        let key = lines.read("`key sha256:<fingerprint>`", |line| {
            line.strip_prefix("key ").and_then(|key| key.parse().ok())
        })?;
        let heads = lines.read("`heads <number> <hash>`", digest)?;
        let (mut newest, mut unknown_lines) = (Vec::new(), 0);
        while !lines.rest.is_empty() {
            let line = lines.read("a line of text", |line| (!line.is_empty()).then(|| line.to_owned()))?;
            match Head::from_line(&line) {
                Some(head) if unknown_lines == 0 && (newest.len() as u64) < heads.count => newest.push(head),
                None if !line.starts_with("head ") => unknown_lines += 1,
                _ => return Err(CheckpointError::Line { line: lines.line, wanted: Head::WANTED }),
            }
        }
        Ok(Self { origin, size, root, time, key, heads, newest, unknown_lines })
    }

    /// Whether `list` is the list that this checkpoint was made with.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::ForeignHeads`].
    pub fn check_heads(&self, list: &HeadList) -> Result<(), CheckpointError> {
        let begins = list.heads().starts_with(&self.newest);
        if begins && list.digest() == self.heads { Ok(()) } else { Err(CheckpointError::ForeignHeads) }
    }
}

struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    fn read<T>(
        &mut self,
        wanted: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, CheckpointError> {
        self.line += 1;
        let (line, rest) = self.rest.split_once('\n').unzip();
        self.rest = rest.unwrap_or_default();
        line.and_then(read).ok_or(CheckpointError::Line { line: self.line, wanted })
    }
}

fn time(line: &str) -> Option<Timestamp> {
    let text = line.strip_prefix("time ")?;
    Timestamp::parse(text).ok().filter(|time| time.to_rfc3339() == text)
}

fn digest(line: &str) -> Option<HeadsDigest> {
    let (count, hash) = line.strip_prefix("heads ")?.split_once(' ')?;
    Some(HeadsDigest { count: number(count)?, hash: NodeHash::from_base64(hash).ok()? })
}
