//! From a database to a proof that one receipt is in its log, or that one checkpoint extends another.

mod extension;
mod tree;

use agent_receipts_chain::checkpoint::{ReceiptProof, SignedCheckpoint};
use agent_receipts_chain::tree::{BuildError, prove_inclusion};
use agent_receipts_core::PublicKey;
use agent_receipts_store::{
    ArchiveError, ArchiveFolder, CheckpointReader as _, ReceiptReader as _, SqliteReader, StoreError,
};

use tree::StoredTree;

pub(crate) use extension::{Earlier, ExtendError, prove_extension};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProveError {
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archives could not be looked at.
    #[error(transparent)]
    Archives(#[from] ArchiveError),
    /// The receipt was moved to an archive that is gone, or does not hold it.
    #[error("receipt `{id}` was moved to archive `{archive}`, where it is not")]
    NotInArchive {
        /// The receipt.
        id: String,
        /// The archive.
        archive: String,
    },
    /// There is no such receipt.
    #[error("there is no receipt `{id}`")]
    NoReceipt {
        /// The id that was asked for.
        id: String,
    },
    /// No checkpoint is over the receipt yet.
    #[error("no checkpoint is signed over receipt `{id}` yet")]
    NoCheckpoint {
        /// The receipt.
        id: String,
    },
    /// Only keys that nobody vouches for have signed checkpoints over the receipt.
    #[error(
        "the checkpoints over receipt `{id}` are signed by an earlier key alone, which no verifier trusts by itself"
    )]
    EarlierKey {
        /// The receipt.
        id: String,
    },
    /// The receipts are not those that any checkpoint over them was signed for.
    #[error(
        "the receipts are not those that the checkpoints over receipt `{id}` were signed for: the database was altered"
    )]
    Altered {
        /// The receipt.
        id: String,
    },
    /// What is stored as the receipt is none.
    #[error("receipt `{id}` cannot be proven: {reason}")]
    NoProof {
        /// The receipt.
        id: String,
        /// Why.
        reason: String,
    },
}

/// The keys that a proof is judged by, as its verifier judges it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys<'a> {
    /// Those that are vouched for: one of them must have signed the checkpoint, of two the later.
    pub(crate) trusted: &'a [PublicKey],
    /// Those that stand archived beside the published one.
    pub(crate) earlier: &'a [PublicKey],
}

/// The proof of the receipt with this id, from the newest checkpoint that a trusted key has signed and that still holds. A proof
/// that is given has been checked.
pub(crate) fn prove(reader: &SqliteReader, id: &str, keys: Keys<'_>) -> Result<ReceiptProof, ProveError> {
    let (rowid, text) = find(reader, id)?;
    let (mut signed, mut by_earlier) = (Vec::new(), 0);
    for stored in reader.checkpoints_up_to(u64::MAX, MOST_CHECKPOINTS)? {
        if let Some((checkpoint, key)) = signed_by(&stored.note, keys.trusted) {
            signed.push((checkpoint, key));
        } else if let Some((checkpoint, _)) = signed_by(&stored.note, keys.earlier) {
            by_earlier = by_earlier.max(checkpoint.checkpoint().size);
        }
    }
    let (mut found_none, mut earlier_only) = (true, false);
    // What is stored of the tree saves reading every receipt. It may have been tampered with, and the receipts not.
    for tree in [StoredTree::stored, StoredTree::computed] {
        let mut tree = tree(reader)?;
        let Some(index) = tree.index_of(rowid)? else { continue };
        earlier_only |= by_earlier > index;
        for (checkpoint, key) in signed.iter().filter(|(signed, _)| signed.checkpoint().size > index) {
            found_none = false;
            let inclusion = match prove_inclusion(&mut tree, index, checkpoint.checkpoint().size) {
                Ok(inclusion) => inclusion,
                Err(BuildError::Read(error)) => return Err(error.into()),
                Err(_) => continue,
            };
            let proof = ReceiptProof::new(text.as_bytes(), inclusion, checkpoint.clone(), Some(*key))
                .map_err(|error| ProveError::NoProof { id: id.to_owned(), reason: error.to_string() })?;
            match proof.verify(keys.trusted, keys.earlier) {
                Ok(_) => return Ok(proof),
                Err(agent_receipts_chain::checkpoint::ReceiptProofError::Inclusion(_)) => {}
                Err(error) => {
                    return Err(ProveError::NoProof { id: id.to_owned(), reason: error.to_string() });
                }
            }
        }
    }
    let id = id.to_owned();
    Err(match (found_none, earlier_only) {
        (true, true) => ProveError::EarlierKey { id },
        (true, false) => ProveError::NoCheckpoint { id },
        (false, _) => ProveError::Altered { id },
    })
}

/// A stored note, if one of the keys has signed it.
fn signed_by(note: &str, keys: &[PublicKey]) -> Option<(SignedCheckpoint, PublicKey)> {
    let signed = SignedCheckpoint::parse(note.as_bytes()).ok()?;
    let key = *signed.named_among(keys)?;
    signed.verify(&key).is_ok().then_some((signed, key))
}

/// The number of a receipt's row, and its text, from the archive where it was moved there. Neither is believed.
fn find(reader: &SqliteReader, id: &str) -> Result<(i64, String), ProveError> {
    if let Some(stored) = reader.by_id(id)? {
        return Ok((stored.rowid, stored.row.receipt_json));
    }
    let moved = reader.moved_receipt(id)?.ok_or_else(|| ProveError::NoReceipt { id: id.to_owned() })?;
    let gone = || ProveError::NotInArchive { id: id.to_owned(), archive: moved.archive.clone() };
    let archives = ArchiveFolder::beside(reader.path()).archives()?;
    let archive = archives.iter().find(|archive| archive.name == moved.archive).ok_or_else(gone)?;
    let archived = SqliteReader::open(&archive.database)?.by_id(id)?.ok_or_else(gone)?;
    Ok((moved.rowid, archived.row.receipt_json))
}

/// Checkpoints that are looked at, the newest first.
const MOST_CHECKPOINTS: u64 = 64;
