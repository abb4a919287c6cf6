//! The last step of `agent-receipts retire`: chains that stand whole in an archive are taken out of the database.
//!
//! Whoever made the archive has found its chains valid, old enough and covered by a checkpoint, and has made it durable. Here each
//! receipt is held against the database's once more, under the lock that keeps a daemon out, and closed chains alone are let go:
//! an open one could not be continued.

use std::path::Path;

use agent_receipts_chain::tree::hash_of_text;
use agent_receipts_core::Received;
use agent_receipts_store::{
    Archive, ArchiveError, ArchiveFolder, ArchiveKind, ReceiptReader as _, RetireError as StoreRetireError,
    Retired, SqliteReader, SqliteStore, StoreError,
};

/// Why an archive's chains were not taken out. Of archives before it they were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetireError {
    /// The database or an archive's could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archives beside the database could not be looked at.
    #[error(transparent)]
    Archives(#[from] ArchiveError),
    /// An archive is not what the database holds.
    #[error(transparent)]
    Refused(#[from] StoreRetireError),
    /// The chain's last receipt does not close it.
    #[error(
        "chain `{chain_id}` in archive `{archive}` is not closed: move the folder of archive `{archive}` away"
    )]
    Open {
        /// The archive.
        archive: String,
        /// The chain.
        chain_id: String,
    },
}

/// Takes the chains of every archive of moved chains out of the database at `db`, where they stand there yet, each archive's in
/// one transaction. Each archive of which any were taken out is told to `done` then: it is, whatever comes of those behind it.
///
/// # Errors
///
/// [`RetireError`]; [`StoreError::Locked`] where a daemon is at work.
pub fn retire(db: &Path, mut done: impl FnMut(&str, Retired)) -> Result<(), RetireError> {
    let mut store = SqliteStore::open(db)?;
    for archive in ArchiveFolder::beside(store.path()).archives()? {
        if archive.manifest.kind != ArchiveKind::Moved {
            continue;
        }
        check_closed(&archive)?;
        let retired = store.retire(&archive, &|text| *hash_of_text(text.as_bytes()).as_bytes())?;
        if retired != Retired::default() {
            done(&archive.name, retired);
        }
    }
    Ok(())
}

fn check_closed(archive: &Archive) -> Result<(), RetireError> {
    let reader = SqliteReader::open(&archive.database)?;
    for chain_id in reader.chain_ids()? {
        let head = reader.head(&chain_id)?;
        let last = head.and_then(|head| Received::parse(head.receipt_json.as_bytes()).ok());
        if last.is_none_or(|last| last.receipt().subject.chain.terminal != Some(true)) {
            return Err(RetireError::Open { archive: archive.name.clone(), chain_id });
        }
    }
    Ok(())
}
