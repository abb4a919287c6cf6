//! All chains of a store in one pass.

use std::sync::Arc;

use agent_receipts_core::{ReceiptHash, Received};
use serde::Serialize;

use crate::finding::Code;
use crate::key_ring::KeyRing;
use crate::options::Options;
use crate::text::{plain, quoted};
use crate::verdict::{Outcome, Step, Verdict};
use crate::verifier::ChainVerifier;

/// What a store's row says of a receipt beside the receipt itself. Listings show these, so they must not lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowFacts<'a> {
    /// The chain under which the row is filed.
    pub chain_id: &'a str,
    /// The place under which it is filed.
    pub sequence: u64,
    /// The id under which it is filed.
    pub receipt_id: &'a str,
    /// The hash that stands beside it, `sha256:<hex>`.
    pub receipt_hash: &'a str,
}

/// Verifies all chains of a store with one [`KeyRing`], which [`KeyLineage`](crate::KeyLineage) got from the same
/// store before. Rows must come chain by chain, each chain in sequence.
pub struct StoreVerifier {
    ring: Arc<KeyRing>,
    options: Options,
    current: Option<(String, ChainVerifier)>,
    total: StoreVerdict,
}

/// What one row brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Pushed {
    /// The verdict over the chain before, if this row begins another.
    pub finished: Option<Verdict>,
    /// How the receipt fared.
    pub step: Step,
}

/// The verdict over a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StoreVerdict {
    /// Valid only if there is a chain and each is valid.
    pub outcome: Outcome,
    /// Number of chains.
    pub chains: u64,
    /// Number of chains that are not valid.
    pub broken: u64,
    /// Number of receipts.
    pub receipts: u64,
}

impl StoreVerifier {
    /// `options` hold for each chain; `expected_chain_id` is set from the rows.
    pub fn new(ring: impl Into<Arc<KeyRing>>, options: Options) -> Self {
        let total = StoreVerdict { outcome: Outcome::Empty, chains: 0, broken: 0, receipts: 0 };
        Self { ring: ring.into(), options, current: None, total }
    }

    /// Takes the next row.
    pub fn push(&mut self, row: RowFacts<'_>, receipt_json: &[u8]) -> Pushed {
        let continues = self.current.as_ref().is_some_and(|(chain_id, _)| chain_id == row.chain_id);
        let finished = if continues { None } else { self.finish_chain() };
        let (_, verifier) = self.current.get_or_insert_with(|| {
            let chain_id = row.chain_id.to_owned();
            let options = Options { expected_chain_id: Some(chain_id.clone()), ..self.options.clone() };
            (chain_id, ChainVerifier::new(Arc::clone(&self.ring), options))
        });
        self.total.receipts += 1;
        let received = Received::parse(receipt_json);
        let facts =
            received.as_ref().ok().map(|r| (r.receipt().id.clone(), r.receipt().subject.chain.sequence));
        let step = verifier.push(received);
        if let Some((id, sequence)) = facts {
            compare(verifier, &step, row, &id, sequence);
        }
        Pushed { finished, step }
    }

    /// The verdict over the last chain, if there is one, and the verdict over the store.
    pub fn finish(mut self) -> (Option<Verdict>, StoreVerdict) {
        let last = self.finish_chain();
        (last, self.total)
    }

    fn finish_chain(&mut self) -> Option<Verdict> {
        let (_, verifier) = self.current.take()?;
        let verdict = verifier.finish();
        self.total.chains += 1;
        self.total.broken += u64::from(!verdict.valid);
        self.total.outcome = if self.total.broken == 0 { Outcome::Valid } else { Outcome::Broken };
        Some(verdict)
    }
}

/// The hash beside a receipt is the one that the next receipt links to.
fn compare(verifier: &mut ChainVerifier, step: &Step, row: RowFacts<'_>, id: &str, sequence: u64) {
    let hash: Option<ReceiptHash> = row.receipt_hash.parse().ok();
    let index = step.index;
    if id != row.receipt_id {
        verifier.remark(Code::RowMismatch, index, || format!("filed under id {}", quoted(row.receipt_id)));
    }
    if sequence != row.sequence {
        verifier.remark(Code::RowMismatch, index, || format!("filed under sequence {}", row.sequence));
    }
    if hash.is_none_or(|hash| !verifier.last_is_known_as(&hash)) {
        verifier.remark(Code::RowMismatch, index, || format!("filed with hash {}", plain(row.receipt_hash)));
    }
}
