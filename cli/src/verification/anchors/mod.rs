//! A database held against what was kept elsewhere.

mod attestation;
mod evidence;
mod page;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::thread;

use agent_receipts_chain::KeyRing;
use agent_receipts_chain::audit::{Audit, AuditReport};
use agent_receipts_chain::tree::hash_of_text;
use agent_receipts_core::ReceiptHash;
use agent_receipts_store::{Leaf, LeafContent, ReceiptReader as _, StoreError};
use serde::Serialize;

use crate::failure::Failure;
use crate::reading::Reading;
use attestation::Attestations;
use evidence::Kept;

pub(crate) use attestation::Strangers;
pub(crate) use evidence::EvidenceFileError;
pub(crate) use page::write;

/// What came of holding a database against what was kept elsewhere.
#[derive(Debug, Serialize)]
pub(crate) struct AnchorsReport {
    /// What the log's own signatures say.
    #[serde(flatten)]
    pub(crate) audit: AuditReport,
    /// What strangers' signatures say.
    pub(super) attestations: Attestations,
}

/// Reads the evidence, then every row of the database in the order of commitment; of one that was moved to an archive, what is left.
pub(crate) fn audit(
    reading: &mut Reading,
    ring: &KeyRing,
    paths: &[PathBuf],
    strangers: &Strangers,
) -> Result<AnchorsReport, Failure> {
    let kept = Kept::read(paths, strangers, ring)?;
    let audit = reading.ask(|reader| {
        // Begun anew with each attempt, so that no verdict mixes two states of the database.
        let mut audit = Audit::new(&kept.evidence, &kept.found, ring);
        let mut batch = Batch::default();
        reader.leaves(i64::MIN, None, &mut |leaf| {
            if let Some(rows) = batch.add(leaf) {
                push(&mut audit, &rows);
            }
            ControlFlow::Continue(())
        })?;
        push(&mut audit, &batch.rows);
        Ok::<_, StoreError>(audit.finish())
    })?;
    Ok(AnchorsReport { audit, attestations: kept.attestations })
}

/// Rows that are hashed together.
#[derive(Default)]
struct Batch {
    rows: Vec<Place>,
    bytes: usize,
}

/// A row as far as it counts here.
struct Place {
    chain_id: String,
    sequence: u64,
    receipt: Receipt,
}

enum Receipt {
    Text(String),
    Hash(ReceiptHash),
}

impl Place {
    fn of(leaf: Leaf<'_>) -> Self {
        let receipt = match leaf.content {
            LeafContent::Stored(text) => Receipt::Text(text.to_owned()),
            LeafContent::Moved(left) => Receipt::Hash(ReceiptHash::from_bytes(*left)),
        };
        Self { chain_id: leaf.chain_id.to_owned(), sequence: leaf.sequence, receipt }
    }

    fn hash(&self) -> ReceiptHash {
        match &self.receipt {
            Receipt::Text(text) => hash_of_text(text.as_bytes()),
            Receipt::Hash(hash) => *hash,
        }
    }
}

impl Batch {
    /// Gives a batch when it is full.
    fn add(&mut self, leaf: Leaf<'_>) -> Option<Vec<Place>> {
        if let LeafContent::Stored(text) = leaf.content {
            self.bytes += text.len();
        }
        self.rows.push(Place::of(leaf));
        (self.rows.len() >= BATCH || self.bytes >= BATCH_BYTES).then(|| {
            self.bytes = 0;
            std::mem::take(&mut self.rows)
        })
    }
}

/// Hashes on every core, and counts in turn.
fn push(audit: &mut Audit<'_>, rows: &[Place]) {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = rows.len().div_ceil(cores).max(WORTH_A_THREAD);
    let hash = |rows: &[Place]| -> Vec<ReceiptHash> { rows.iter().map(Place::hash).collect() };
    let hashes: Vec<ReceiptHash> = thread::scope(|scope| {
        let shares: Vec<_> = rows.chunks(share).map(|rows| (rows, scope.spawn(move || hash(rows)))).collect();
        // A thread that failed must not make receipts vanish: its share is hashed here again.
        shares.into_iter().flat_map(|(rows, thread)| thread.join().unwrap_or_else(|_| hash(rows))).collect()
    });
    for (row, hash) in rows.iter().zip(hashes) {
        audit.push(&row.chain_id, row.sequence, hash);
    }
}

/// Rows that are held in memory at a time, in number and in bytes.
const BATCH: usize = 2048;
const BATCH_BYTES: usize = 16 << 20;
const WORTH_A_THREAD: usize = 64;
