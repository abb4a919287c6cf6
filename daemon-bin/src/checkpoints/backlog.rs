//! Taking a tree up from a database, held against the last checkpoint in it.

use std::ops::ControlFlow;

use agent_receipts_chain::checkpoint::{Checkpoint, KeyName, SignedCheckpoint};
use agent_receipts_chain::tree::{GROUP, NodeHash, hash_of_text};
use agent_receipts_core::{PublicKey, ReceiptHash};
use agent_receipts_store::{
    CheckpointReader, LeafContent, ReceiptReader, StoreError, StoredCheckpoint, StoredGroup,
};

use super::growth::Growth;
use crate::pipeline::shared_store::AsStoreError;

/// Why the tree could not be taken up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BacklogError {
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are fewer receipts than were signed for.
    #[error(
        "a checkpoint in the database is signed for {signed} receipts, and there are {found}: receipts were deleted; \
         keep the database as evidence and run `agent-receipts verify`"
    )]
    Shorter {
        /// The size that was signed for.
        signed: u64,
        /// How many there are.
        found: u64,
    },
    /// The receipts are not those that were signed for.
    #[error(
        "the first {signed} receipts are not those that the checkpoint over them is signed for: the database was altered; \
         keep it as evidence and run `agent-receipts verify`"
    )]
    Altered {
        /// The size that was signed for.
        signed: u64,
    },
    /// The daemon stops.
    #[error("the daemon stops")]
    Stopped,
}

impl BacklogError {
    /// Whether what is stored is not what was signed for.
    pub(crate) fn is_contradiction(&self) -> bool {
        matches!(self, Self::Shorter { .. } | Self::Altered { .. })
    }
}

impl AsStoreError for BacklogError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// The last checkpoint of a database, as far as it goes by a key of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) origin: KeyName,
    pub(crate) size: u64,
    root: NodeHash,
    /// The row that it stands in.
    pub(crate) stored: StoredCheckpoint,
}

/// The checkpoint over the most receipts that one of these keys has signed. Others were planted, and count as little as none.
pub(crate) fn last_signed(
    store: &dyn CheckpointReader,
    keys: &[PublicKey],
) -> Result<Option<Signed>, StoreError> {
    let mut up_to = u64::MAX;
    loop {
        let page = store.checkpoints_up_to(up_to, PAGE_OF_CHECKPOINTS)?;
        let oldest = page.last().map(|stored| stored.tree_size);
        for stored in page {
            if let Ok(signed) = SignedCheckpoint::parse(stored.note.as_bytes())
                && let Some(key) = signed.named_among(keys)
                && signed.verify(key).is_ok()
                && signed.checkpoint().size == stored.tree_size
            {
                let Checkpoint { origin, size, root, .. } = signed.checkpoint().clone();
                return Ok(Some(Signed { origin, size, root, stored }));
            }
        }
        match oldest {
            Some(size) if size > 0 => up_to = size - 1,
            _ => return Ok(None),
        }
    }
}

/// The tree of all rows, as far as reading finds any: from the stored groups below the checkpoint where they fit to it, else
/// from every receipt.
pub(crate) fn take_up(
    store: &(impl ReceiptReader + CheckpointReader),
    signed: Option<&Signed>,
    go_on: &dyn Fn() -> bool,
) -> Result<Growth, BacklogError> {
    let groups = match signed.map_or(Ok(Vec::new()), |signed| stored_groups(store, signed.size)) {
        // What cannot be read there was not written by us.
        Err(StoreError::UnreadableRow { .. }) => Vec::new(),
        groups => groups?,
    };
    let mut growth = Growth::of_stored(&groups);
    match read_on(store, &mut growth, signed, go_on) {
        // Only the groups may have been tampered with, and not the receipts.
        Err(error) if error.is_contradiction() && !groups.is_empty() => {
            growth = Growth::default();
            read_on(store, &mut growth, signed, go_on)?;
        }
        outcome => outcome?,
    }
    Ok(growth)
}

/// Adds the rows behind those that are in the tree, at most `most` of them, and what is left of rows that were moved to an
/// archive. True if there may be more.
pub(crate) fn catch_up(
    store: &dyn ReceiptReader,
    growth: &mut Growth,
    most: u64,
) -> Result<bool, StoreError> {
    let mut count = 0;
    store.leaves(growth.last_rowid(), Some(most), &mut |leaf| {
        let hash = match leaf.content {
            LeafContent::Stored(text) => hash_of_text(text.as_bytes()),
            LeafContent::Moved(left) => ReceiptHash::from_bytes(*left),
        };
        growth.add(leaf.chain_id, leaf.sequence, hash, leaf.rowid);
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count == most)
}

/// The groups that lie below a tree of `size` receipts, as far as none is missing.
fn stored_groups(store: &dyn CheckpointReader, size: u64) -> Result<Vec<StoredGroup>, StoreError> {
    let mut groups = store.groups(0, size / GROUP)?;
    let fitting = groups.iter().enumerate().take_while(|(at, group)| group.number == *at as u64).count();
    groups.truncate(fitting);
    Ok(groups)
}

/// Reads all rows, and holds the tree against the checkpoint when it has as many.
fn read_on(
    store: &dyn ReceiptReader,
    growth: &mut Growth,
    signed: Option<&Signed>,
    go_on: &dyn Fn() -> bool,
) -> Result<(), BacklogError> {
    if let Some(signed) = signed {
        while growth.size() < signed.size {
            if !go_on() {
                return Err(BacklogError::Stopped);
            }
            let most = PAGE.min(signed.size - growth.size());
            if !catch_up(store, growth, most)? && growth.size() < signed.size {
                return Err(BacklogError::Shorter { signed: signed.size, found: growth.size() });
            }
        }
        if growth.root() != signed.root {
            return Err(BacklogError::Altered { signed: signed.size });
        }
        growth.signed(signed.size);
    }
    while catch_up(store, growth, PAGE)? {
        if !go_on() {
            return Err(BacklogError::Stopped);
        }
    }
    Ok(())
}

/// Rows that are read in one go: a long read would keep the write-ahead log growing.
const PAGE: u64 = 1024;
const PAGE_OF_CHECKPOINTS: u64 = 16;
