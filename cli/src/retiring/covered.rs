//! What the newest checkpoint is over.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use agent_receipts_chain::KeyRing;
use agent_receipts_chain::checkpoint::SignedCheckpoint;
use agent_receipts_chain::tree::{Frontier, NodeHash, hash_of_text};
use agent_receipts_core::ReceiptHash;
use agent_receipts_store::{
    CheckpointReader as _, LeafContent, ReceiptReader as _, SqliteReader, StoreError,
};

/// The newest checkpoint that counts, held against the database, and what else a pass over all receipts shows.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// How many receipts the checkpoint is over; nothing where there is none.
    pub(super) size: Option<u64>,
    /// Whether the receipts are those that it was signed for.
    pub(super) holds: bool,
    /// How many receipts of each chain it is over.
    pub(super) receipts: HashMap<String, u64>,
    /// Chains in which the hand-over of a key may stand.
    pub(super) hand_overs: BTreeSet<String>,
}

impl Coverage {
    /// Reads every receipt.
    pub(super) fn take(reader: &SqliteReader, ring: &KeyRing) -> Result<Self, StoreError> {
        let signed = newest(reader, ring)?;
        let size = signed.as_ref().map(|signed| signed.checkpoint().size);
        let mut coverage = Self { size, ..Self::default() };
        let mut tree = Frontier::default();
        reader.leaves(i64::MIN, None, &mut |leaf| {
            if let LeafContent::Stored(text) = leaf.content
                && text.contains(HAND_OVER)
            {
                coverage.hand_overs.insert(leaf.chain_id.to_owned());
            }
            if size.is_some_and(|size| tree.size() < size) {
                let hash = match leaf.content {
                    LeafContent::Stored(text) => hash_of_text(text.as_bytes()),
                    LeafContent::Moved(left) => ReceiptHash::from_bytes(*left),
                };
                tree.push(NodeHash::of_receipt(&hash));
                match coverage.receipts.get_mut(leaf.chain_id) {
                    Some(receipts) => *receipts += 1,
                    None => drop(coverage.receipts.insert(leaf.chain_id.to_owned(), 1)),
                }
            }
            ControlFlow::Continue(())
        })?;
        coverage.holds = signed.is_some_and(|signed| {
            let said = signed.checkpoint();
            said.size == tree.size() && said.root == tree.root()
        });
        Ok(coverage)
    }
}

/// The checkpoint over the most receipts that a key which is vouched for has signed. Others were planted.
fn newest(reader: &SqliteReader, ring: &KeyRing) -> Result<Option<SignedCheckpoint>, StoreError> {
    let keys: Vec<_> = ring.candidates().iter().filter(|key| ring.vouches_for(key)).copied().collect();
    let mut up_to = u64::MAX;
    loop {
        let page = reader.checkpoints_up_to(up_to, PAGE)?;
        let least = page.last().map(|stored| stored.tree_size);
        for stored in page {
            if let Ok(signed) = SignedCheckpoint::parse(stored.note.as_bytes())
                && signed.checkpoint().size == stored.tree_size
                && signed.named_among(&keys).is_some_and(|key| signed.verify(key).is_ok())
            {
                return Ok(Some(signed));
            }
        }
        match least {
            Some(size) if size > 0 => up_to = size - 1,
            _ => return Ok(None),
        }
    }
}

/// As the lineage of keys looks for them: a rotation whose name is written with escapes proves nothing to it.
const HAND_OVER: &str = "keyRotation";
const PAGE: u64 = 16;
