//! From a database to a proof that one checkpoint of its log extends another.

use agent_receipts_chain::checkpoint::{ExtensionProof, ExtensionProofError, SignedCheckpoint};
use agent_receipts_chain::tree::{BuildError, prove_consistency};
use agent_receipts_core::PublicKey;
use agent_receipts_store::{CheckpointReader as _, SqliteReader, StoreError};

use super::tree::StoredTree;
use super::{Keys, MOST_CHECKPOINTS, signed_by};

/// The checkpoint that is to be extended.
pub(crate) enum Earlier {
    /// The one that the database has over so many receipts.
    Over(u64),
    /// One that somebody kept.
    Kept(Box<SignedCheckpoint>),
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ExtendError {
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database has no checkpoint over so many receipts that one of the keys has signed.
    #[error("there is no checkpoint over {size} receipts that a known key has signed")]
    NoCheckpoint {
        /// How many receipts were asked for.
        size: u64,
    },
    /// The database has no checkpoint at all that one of the keys has signed.
    #[error("there is no checkpoint that a known key has signed")]
    None,
    /// Only keys that nobody vouches for have signed the later checkpoint.
    #[error(
        "the later checkpoint, over {size} receipts, is signed by an earlier key alone, which no verifier trusts by itself"
    )]
    EarlierKey {
        /// How many receipts it is over.
        size: u64,
    },
    /// The two cannot be shown to belong together, whatever the receipts are.
    #[error(transparent)]
    Unfit(ExtensionProofError),
    /// The receipts are not those that both were signed for.
    #[error(
        "the receipts are not those that the checkpoints over {earlier} and {later} receipts were signed for: the database was altered"
    )]
    Altered {
        /// The smaller size.
        earlier: u64,
        /// The larger size.
        later: u64,
    },
}

/// The proof that the checkpoint over `later` receipts, or else the newest, extends the earlier one. A trusted key must have signed
/// the later one, and any of the keys the other. A proof that is given has been checked.
pub(crate) fn prove_extension(
    reader: &SqliteReader,
    earlier: &Earlier,
    later: Option<u64>,
    keys: Keys<'_>,
) -> Result<ExtensionProof, ExtendError> {
    let all = [keys.trusted, keys.earlier].concat();
    let earlier = match earlier {
        Earlier::Over(size) => over(reader, *size, &all)?,
        Earlier::Kept(signed) => (**signed).clone(),
    };
    let find = |keys: &[PublicKey]| match later {
        Some(size) => over(reader, size, keys),
        None => newest(reader, keys),
    };
    let later = match find(keys.trusted) {
        Err(error @ (ExtendError::NoCheckpoint { .. } | ExtendError::None)) => match find(keys.earlier) {
            Ok(later) => return Err(ExtendError::EarlierKey { size: later.checkpoint().size }),
            Err(_) => return Err(error),
        },
        found => found?,
    };
    let (first, second) = (earlier.checkpoint().size, later.checkpoint().size);
    // What no receipts can mend is said before they are read.
    match ExtensionProof::new(earlier.clone(), later.clone(), Vec::new()).verify(keys.trusted, keys.earlier) {
        Ok(_) | Err(ExtensionProofError::Consistency(_)) => {}
        Err(error) => return Err(ExtendError::Unfit(error)),
    }
    // What is stored of the tree saves reading every receipt. It may have been tampered with, and the receipts not.
    for tree in [StoredTree::stored, StoredTree::computed] {
        let path = match prove_consistency(&mut tree(reader)?, first, second) {
            Ok(proof) => proof.path,
            Err(BuildError::Read(error)) => return Err(error.into()),
            Err(_) => continue,
        };
        let proof = ExtensionProof::new(earlier.clone(), later.clone(), path);
        if proof.verify(keys.trusted, keys.earlier).is_ok() {
            return Ok(proof);
        }
    }
    Err(ExtendError::Altered { earlier: first, later: second })
}

fn over(reader: &SqliteReader, size: u64, keys: &[PublicKey]) -> Result<SignedCheckpoint, ExtendError> {
    let found = reader.checkpoints_up_to(size, 1)?.into_iter().find(|found| found.tree_size == size);
    let signed = found
        .and_then(|found| signed_by(&found.note, keys))
        .map(|(signed, _)| signed)
        .filter(|it| it.checkpoint().size == size);
    signed.ok_or(ExtendError::NoCheckpoint { size })
}

fn newest(reader: &SqliteReader, keys: &[PublicKey]) -> Result<SignedCheckpoint, ExtendError> {
    let stored = reader.checkpoints_up_to(u64::MAX, MOST_CHECKPOINTS)?;
    let newest = stored.iter().find_map(|stored| signed_by(&stored.note, keys));
    newest.map(|(signed, _)| signed).ok_or(ExtendError::None)
}
