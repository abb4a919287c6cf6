//! The queue as it stands in a database of receipts, opened for reading only.

use std::ops::{ControlFlow, Range};
use std::path::PathBuf;

use agent_receipts_chain::checkpoint::{CheckpointError, HeadList, SignedCheckpoint};
use agent_receipts_chain::tree::{GROUP, NodeHash, TreeReader, hash_of_text, prove_consistency};
use agent_receipts_core::ReceiptHash;
use agent_receipts_store::{
    CheckpointReader as _, LeafContent, ReceiptReader as _, SqliteReader, StoreError, StoredCheckpoint,
};

use super::{Entry, KeyFiles, Queue, QueueError};

/// A database, opened when it is first asked, and anew whenever a writer came or went.
pub struct StoreQueue {
    path: PathBuf,
    keys: KeyFiles,
    reader: Option<SqliteReader>,
}

impl StoreQueue {
    /// The queue of the database at a path, which need not be there yet. Only what one of the keys has signed is given.
    pub fn new(path: PathBuf, keys: KeyFiles) -> Self {
        Self { path, keys, reader: None }
    }

    /// Asks the database; once more where it moved under the question.
    fn ask<T>(
        &mut self,
        mut question: impl FnMut(&SqliteReader) -> Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        let mut answer = self.ask_once(&mut question);
        for _ in 1..ATTEMPTS {
            if !matches!(&answer, Err(QueueError::Store(StoreError::Changed { .. }))) {
                break;
            }
            answer = self.ask_once(&mut question);
        }
        answer
    }

    fn ask_once<T>(
        &mut self,
        question: &mut impl FnMut(&SqliteReader) -> Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        let reader = match self.reader.take().filter(SqliteReader::still_current) {
            Some(reader) => reader,
            None => SqliteReader::open(&self.path)?,
        };
        let answer = question(&reader)?;
        self.reader = Some(reader);
        Ok(answer)
    }
}

impl Queue for StoreQueue {
    fn at(&mut self, size: u64) -> Result<Option<Entry>, QueueError> {
        let found = self.ask(|reader| Ok(reader.checkpoints_up_to(size, 1)?))?;
        found
            .into_iter()
            .find(|found| found.tree_size == size)
            .map(|found| read(found, &self.keys))
            .transpose()
    }

    fn after(&mut self, size: u64) -> Result<Option<Entry>, QueueError> {
        let found = self.ask(|reader| Ok(reader.checkpoints_after(size, 1)?))?;
        found.into_iter().next().map(|found| read(found, &self.keys)).transpose()
    }

    fn newest(&mut self) -> Result<u64, QueueError> {
        let found = self.ask(|reader| Ok(reader.checkpoints_up_to(LARGEST, 1)?))?;
        Ok(found.first().map_or(0, |found| found.tree_size))
    }

    fn pending(&mut self, size: u64, limit: u64) -> Result<u64, QueueError> {
        // One at a time: a list of heads may have megabytes.
        let mut count = 0;
        let mut at = size;
        while count < limit {
            let found = self.ask(|reader| Ok(reader.checkpoints_after(at, 1)?))?;
            let Some(next) = found.first().map(|found| found.tree_size).filter(|next| *next > at) else {
                break;
            };
            (at, count) = (next, count + 1);
        }
        Ok(count)
    }

    fn consistency(&mut self, first: u64, second: u64) -> Result<Vec<NodeHash>, QueueError> {
        self.ask(|reader| {
            let proof = prove_consistency(&mut Tree { reader }, first, second);
            proof.map(|proof| proof.path).map_err(|error| match error {
                agent_receipts_chain::tree::BuildError::Read(error) => error,
                other => QueueError::NoProof { first, second, reason: other.to_string() },
            })
        })
    }
}

/// Whoever can write the database can plant a checkpoint: what is delivered is what the daemon has signed.
fn read(found: StoredCheckpoint, keys: &KeyFiles) -> Result<Entry, QueueError> {
    let size = found.tree_size;
    let (signed, heads) = parsed(&found).map_err(|reason| QueueError::Damaged { size, reason })?;
    let keys = keys.load()?;
    let key = signed.named_among(&keys);
    let key = key.ok_or_else(|| QueueError::UnknownKey { size, key: signed.checkpoint().key })?;
    signed.verify(key).map_err(|reason| QueueError::BadSignature { size, reason })?;
    let entry = Entry { signed, heads, keys };
    if entry.size() == size { Ok(entry) } else { Err(QueueError::Misplaced { size, says: entry.size() }) }
}

/// The note, and the heads that it was signed with.
fn parsed(found: &StoredCheckpoint) -> Result<(SignedCheckpoint, HeadList), CheckpointError> {
    let signed = SignedCheckpoint::parse(found.note.as_bytes())?;
    let heads = HeadList::parse(&found.heads)?;
    signed.checkpoint().check_heads(&heads)?;
    Ok((signed, heads))
}

/// The tree over the rows in the order of their numbers, and over what is left of those that were moved to archives.
struct Tree<'a> {
    reader: &'a SqliteReader,
}

impl Tree<'_> {
    fn missing(number: u64) -> QueueError {
        let (first, second) = (number * GROUP, (number + 1) * GROUP);
        QueueError::NoProof { first, second, reason: "the database does not have their root hash".to_owned() }
    }
}

impl TreeReader for Tree<'_> {
    type Error = QueueError;

    fn group(&mut self, number: u64) -> Result<NodeHash, QueueError> {
        let found = self.reader.groups(number, 1)?;
        let group = found.first().filter(|group| group.number == number);
        group.map(|group| NodeHash::from_bytes(group.hash)).ok_or_else(|| Self::missing(number))
    }

    fn leaves(&mut self, range: Range<u64>) -> Result<Vec<NodeHash>, QueueError> {
        let number = range.start / GROUP;
        let after_rowid = match number.checked_sub(1) {
            None => 0,
            Some(before) => {
                let found = self.reader.groups(before, 1)?;
                let group = found.first().filter(|group| group.number == before);
                group.map(|group| group.last_rowid).ok_or_else(|| Self::missing(before))?
            }
        };
        let mut leaves = Vec::new();
        let wanted = range.end - number * GROUP;
        self.reader.leaves(after_rowid, Some(wanted), &mut |leaf| {
            leaves.push(NodeHash::of_receipt(&match leaf.content {
                LeafContent::Stored(text) => hash_of_text(text.as_bytes()),
                LeafContent::Moved(left) => ReceiptHash::from_bytes(*left),
            }));
            ControlFlow::Continue(())
        })?;
        let skipped = usize::try_from(range.start - number * GROUP).unwrap_or(usize::MAX);
        Ok(leaves.split_off(skipped.min(leaves.len())))
    }
}

/// How often a database is asked that is opened and closed by a writer meanwhile.
const ATTEMPTS: usize = 4;
/// No database has a larger number.
const LARGEST: u64 = i64::MAX as u64;
