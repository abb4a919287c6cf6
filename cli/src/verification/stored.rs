//! Chains of a database.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use agent_receipts_chain::{KeyLineage, KeyRing, Options, Step};
use agent_receipts_core::Receipt;
use agent_receipts_store::{ChainSummary, Order, Query, ReceiptReader, Row, SqliteReader, StoreError};

use super::batch::{BATCH, BATCH_BYTES, Judged, judge};
use super::report::{ChainReport, Report};
use super::trust::Trust;
use super::walk::Walk;
use crate::failure::Failure;
use crate::output::Progress;
use crate::reading::Reading;

/// Verifies chains of one database with the keys that the published key vouches for.
pub(crate) struct StoreVerification {
    reading: Reading,
    ring: Arc<KeyRing>,
    options: Options,
    progress: Option<Progress>,
    notes: Vec<String>,
}

/// A receipt that was asked for, and how it fared in its chain.
pub(crate) struct Witness {
    pub(crate) receipt: Receipt,
    pub(crate) step: Step,
}

impl StoreVerification {
    /// Loads the keys and looks all rotations of the database up, whatever chain they stand in.
    pub(crate) fn begin(mut reading: Reading, public_key: &Path) -> Result<Self, Failure> {
        let trust = Trust::load(public_key)?;
        let ring = reading.ask(|reader| lineage(reader, &trust))?;
        let mut notes = trust.notes();
        if ring.overlooked_rotations() > 0 {
            notes.push(format!(
                "{} key rotations were not looked at: there are too many",
                ring.overlooked_rotations()
            ));
        }
        Ok(Self { reading, ring: ring.into(), options: Options::default(), progress: None, notes })
    }

    /// Asks more of every chain.
    pub(crate) fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Shows progress, where somebody can see it.
    pub(crate) fn with_progress(mut self) -> Result<Self, StoreError> {
        let total = self.chains()?.iter().map(|chain| chain.length).sum();
        self.progress = Some(Progress::towards(total));
        Ok(self)
    }

    /// The chains of the database.
    pub(crate) fn chains(&mut self) -> Result<Vec<ChainSummary>, StoreError> {
        self.reading.ask(|reader| reader.chains())
    }

    /// The database.
    pub(crate) fn reading(&mut self) -> &mut Reading {
        &mut self.reading
    }

    /// The verdict on one chain; one that has no receipts is unknown.
    pub(crate) fn chain(&mut self, chain_id: &str) -> Result<ChainReport, Failure> {
        Ok(self.chain_with(chain_id, |_| false)?.0)
    }

    /// The verdict on one chain, and the receipts that `wanted` asks for.
    pub(crate) fn chain_with(
        &mut self,
        chain_id: &str,
        wanted: impl Fn(&Row) -> bool,
    ) -> Result<(ChainReport, Vec<Witness>), Failure> {
        let (ring, options) = (&self.ring, &self.options);
        let progress = &mut self.progress;
        let answer = self.reading.ask(|reader| {
            // Begun anew with each attempt, so that no verdict mixes two states of the database.
            let mut walk = Walk::new(chain_id, Arc::clone(ring), options);
            let mut witnesses = Vec::new();
            let (mut rows, mut bytes) = (Vec::with_capacity(BATCH), 0);
            reader.stream(&Query::chain(chain_id), &mut |stored| {
                bytes += stored.row.receipt_json.len();
                rows.push(stored.row);
                if rows.len() == BATCH || bytes >= BATCH_BYTES {
                    take(&mut walk, &rows, &wanted, &mut witnesses);
                    rows.clear();
                    bytes = 0;
                }
                if let Some(progress) = progress.as_mut() {
                    progress.step();
                }
                ControlFlow::Continue(())
            })?;
            take(&mut walk, &rows, &wanted, &mut witnesses);
            Ok((walk.finish(), witnesses))
        })?;
        Ok(answer)
    }

    /// The report over these chains.
    pub(crate) fn report(&mut self, chain_ids: &[String]) -> Result<Report, Failure> {
        let chains = chain_ids.iter().map(|id| self.chain(id)).collect::<Result<_, _>>()?;
        self.progress = None;
        Ok(Report::over(chains, std::mem::take(&mut self.notes)))
    }
}

fn lineage(reader: &SqliteReader, trust: &Trust) -> Result<KeyRing, StoreError> {
    let mut lineage = KeyLineage::new(trust.published(), trust.archived());
    let all = Query { order: Order::Chain, ..Query::default() };
    reader.stream(&all, &mut |stored| {
        lineage.observe(&stored.row.chain_id, stored.row.receipt_json.as_bytes());
        ControlFlow::Continue(())
    })?;
    Ok(lineage.resolve())
}

fn take(walk: &mut Walk, rows: &[Row], wanted: impl Fn(&Row) -> bool, witnesses: &mut Vec<Witness>) {
    for (row, Judged { receipt, altered }) in rows.iter().zip(judge(rows, &walk.verifier().active_key())) {
        let kept = match &receipt {
            Ok(examined) if wanted(row) => Some(examined.received().receipt().clone()),
            _ => None,
        };
        let step = walk.take(receipt);
        if let Some(receipt) = kept {
            witnesses.push(Witness { receipt, step });
        }
        if let Some(altered) = altered {
            walk.altered_row(altered);
        }
    }
}
