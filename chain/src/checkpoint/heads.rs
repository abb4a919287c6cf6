//! Where chains ended when a checkpoint was made.

use std::collections::HashSet;

use agent_receipts_core::ReceiptHash;

use super::CheckpointError;
use super::escape::{escape, unescape};
use crate::tree::NodeHash;

/// The most heads in one list. A checkpoint is made every ten thousand receipts or sooner, so that seldom more can have moved;
/// where more did, the oldest are left out, and the root hash alone stands for them.
pub const MAX_HEADS: usize = 16_384;

/// The last receipt of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The chain.
    pub chain_id: String,
    /// Its last receipt's sequence.
    pub sequence: u64,
    /// Its last receipt's hash.
    pub tip: ReceiptHash,
}

/// Heads of chains, the newest first, each chain once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeadList(Vec<Head>);

/// What a checkpoint says of its list of heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadsDigest {
    /// How many heads are listed.
    pub count: u64,
    /// SHA-256 over the list's text.
    pub hash: NodeHash,
}

impl HeadList {
    /// A list, newest first; at most [`MAX_HEADS`] of them, and of each chain the newest, are kept. A chain whose line would be
    /// longer than any that is read is left out.
    pub fn new(heads: impl IntoIterator<Item = Head>) -> Self {
        let mut seen = HashSet::new();
        let fit = |head: &Head| head.to_line().len() <= LONGEST_LINE;
        let new = |head: &Head| seen.insert(head.chain_id.clone());
        Self(heads.into_iter().filter(fit).filter(new).take(MAX_HEADS).collect())
    }

    /// The heads, newest first.
    pub fn heads(&self) -> &[Head] {
        &self.0
    }

    /// One line a head, `head <sequence> <tip in base64> <chain id, percent-encoded>`.
    pub fn to_text(&self) -> String {
        self.0.iter().map(|head| head.to_line() + "\n").collect()
    }

    /// Reads [`HeadList::to_text`].
    ///
    /// # Errors
    ///
    /// [`CheckpointError`]; every way to write a list but one is refused.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut heads = Vec::new();
        let mut seen = HashSet::new();
        for (at, line) in text.split_inclusive('\n').enumerate() {
            if at == MAX_HEADS {
                return Err(CheckpointError::TooManyHeads);
            }
            let head = line.strip_suffix('\n').and_then(Head::from_line);
            let head = head.ok_or(CheckpointError::Line { line: at + 1, wanted: Head::WANTED })?;
            if !seen.insert(head.chain_id.clone()) {
                return Err(CheckpointError::ChainTwice { chain_id: head.chain_id });
            }
            heads.push(head);
        }
        Ok(Self(heads))
    }

    /// What a checkpoint says of this list.
    pub fn digest(&self) -> HeadsDigest {
        let hash = NodeHash::from_bytes(*ReceiptHash::of(self.to_text().as_bytes()).as_bytes());
        HeadsDigest { count: self.0.len() as u64, hash }
    }
}

impl Head {
    pub(super) const WANTED: &str = "`head <sequence> <hash> <chain id>`";

    pub(super) fn to_line(&self) -> String {
        let tip = NodeHash::from_bytes(*self.tip.as_bytes());
        format!("{PREFIX}{} {tip} {}", self.sequence, escape(&self.chain_id))
    }

    pub(super) fn from_line(line: &str) -> Option<Self> {
        let line = line.strip_prefix(PREFIX).filter(|_| line.len() <= LONGEST_LINE)?;
        let mut words = line.splitn(3, ' ');
        let sequence = number(words.next()?)?;
        let tip = NodeHash::from_base64(words.next()?).ok()?;
        let chain_id = unescape(words.next()?)?;
        Some(Self { chain_id, sequence, tip: tip.to_receipt_hash() })
    }
}

/// A decimal number in its one spelling, no greater than a database can hold.
pub(super) fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text && i64::try_from(number).is_ok()).then_some(number)
}

const PREFIX: &str = "head ";
/// Bytes of one line.
const LONGEST_LINE: usize = 8 << 10;
