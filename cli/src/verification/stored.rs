//! Chains of a database.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use agent_receipts_chain::{KeyLineage, KeyRing, Options, Step};
use agent_receipts_core::Received;
use agent_receipts_store::{ChainSummary, Query, ReceiptReader, Row, SqliteReader, StoreError};

use super::batch::{Contradiction, Gathered, Judged, judge};
use super::judges::Judges;
use super::report::{ChainReport, Report};
use super::trust::Trust;
use super::walk::Walk;
use crate::failure::Failure;
use crate::output::{Progress, total};
use crate::reading::Reading;

/// Verifies chains of one database with the keys that the published key vouches for.
pub(crate) struct StoreVerification {
    reading: Reading,
    census: Census,
    ring: Arc<KeyRing>,
    options: Options,
    extent: Extent,
    judges: Judges,
    progress: Option<Progress>,
    notes: Vec<String>,
}

/// How far a verification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Over every receipt.
    Whole,
    /// To the first receipt that is wrong, or a few hundred behind it.
    UntilBroken,
}

/// A receipt that was asked for, and how it fared in its chain.
pub(crate) struct Witness {
    pub(crate) received: Received,
    pub(crate) step: Step,
    /// What its row says otherwise.
    pub(crate) altered: Option<Contradiction>,
}

impl StoreVerification {
    /// Loads the keys and looks all rotations of the database up, whatever chain they stand in.
    pub(crate) fn begin(mut reading: Reading, trust: &Trust) -> Result<Self, Failure> {
        let (census, ring) = reading.ask(|reader| Ok((Census::take(reader)?, lineage(reader, trust)?)))?;
        let notes = trust.notes(&ring);
        Ok(Self {
            reading,
            census,
            ring: ring.into(),
            options: Options::default(),
            extent: Extent::Whole,
            judges: Judges::default(),
            progress: None,
            notes,
        })
    }

    /// With keys that were looked up already, over more than this database.
    pub(crate) fn with_ring(mut reading: Reading, ring: Arc<KeyRing>) -> Result<Self, Failure> {
        let census = reading.ask(Census::take)?;
        Ok(Self {
            reading,
            census,
            ring,
            options: Options::default(),
            extent: Extent::Whole,
            judges: Judges::default(),
            progress: None,
            notes: Vec::new(),
        })
    }

    /// Judges by other keys from here on.
    pub(super) fn set_ring(&mut self, ring: Arc<KeyRing>) {
        self.ring = ring;
    }

    /// Asks more of every chain.
    pub(crate) fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Goes no further than this.
    pub(crate) fn with_extent(mut self, extent: Extent) -> Self {
        self.extent = extent;
        self
    }

    /// Shows progress, where somebody can see it.
    pub(crate) fn with_progress(mut self) -> Result<Self, StoreError> {
        self.show_progress()?;
        Ok(self)
    }

    /// The same.
    pub(super) fn show_progress(&mut self) -> Result<(), StoreError> {
        let receipts = total(self.chains()?.iter().map(|chain| chain.length));
        self.progress = Some(Progress::towards(receipts));
        Ok(())
    }

    /// The chains of the database.
    pub(crate) fn chains(&mut self) -> Result<Vec<ChainSummary>, StoreError> {
        let census = &self.census;
        self.reading.ask(|reader| {
            let chains = reader.chains()?;
            let listed = chains.iter().filter(|chain| census.lengths.contains_key(&chain.chain_id)).count();
            if listed == census.lengths.len() { Ok(chains) } else { Err(left_out(reader)) }
        })
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
        let (ring, options, census) = (&self.ring, &self.options, &self.census);
        let until_broken = self.extent == Extent::UntilBroken;
        let (progress, judges) = (&mut self.progress, &mut self.judges);
        let answer = self.reading.ask(|reader| {
            let (mut present, mut last, mut twice) = (0, None, None);
            // Begun anew with each attempt, so that no verdict mixes two states of the database.
            let mut walk = Walk::new(chain_id, Arc::clone(ring), options);
            let mut witnesses = Vec::new();
            let mut all_read = true;
            let mut pending = judges.pending();
            let mut gathered = Gathered::default();
            reader.stream(&Query::chain(chain_id), &mut |stored| {
                if last.replace(stored.row.sequence) == Some(stored.row.sequence) {
                    twice.get_or_insert(stored.row.sequence);
                }
                present += u64::from(stored.rowid <= census.mark);
                if let Some(progress) = progress.as_mut() {
                    progress.step();
                }
                if let Some(batch) = gathered.add(stored.row) {
                    // While these are judged, some before them are walked over, and more are read.
                    let key = walk.verifier().active_key();
                    pending.exchange(batch, key, |row, judged| {
                        take(&mut walk, row, judged, &wanted, &mut witnesses)
                    });
                    all_read = !(until_broken && walk.verifier().is_broken());
                }
                if all_read { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            if all_read {
                let rest = judge(&gathered.rows, &walk.verifier().active_key());
                pending.finish(|row, judged| take(&mut walk, row, judged, &wanted, &mut witnesses));
                for (row, judged) in gathered.rows.iter().zip(rest) {
                    take(&mut walk, row, judged, &wanted, &mut witnesses);
                }
            }
            if all_read {
                census.check(chain_id, present, reader)?;
            }
            // No order of two such rows is theirs, so no verdict is either. The table lacks its unique index.
            if let Some(sequence) = twice {
                let detail = format!("two receipts stand at sequence {sequence} of one chain");
                return Err(StoreError::ForeignSchema { path: reader.path().to_owned(), detail });
            }
            Ok((walk.finish(), witnesses))
        })?;
        Ok(answer)
    }

    /// The report over these chains.
    pub(crate) fn report(&mut self, chain_ids: &[String]) -> Result<Report, Failure> {
        let mut chains = Vec::with_capacity(chain_ids.len());
        for id in chain_ids {
            chains.push(self.chain(id)?);
            if self.extent == Extent::UntilBroken && !chains.iter().all(ChainReport::is_valid) {
                break;
            }
        }
        self.progress = None;
        Ok(Report::over(chains, std::mem::take(&mut self.notes)))
    }
}

/// How many rows there are, whatever the indexes say: a forged row that `list` shows must not be hidden from us.
struct Census {
    mark: i64,
    lengths: BTreeMap<String, u64>,
}

impl Census {
    fn take(reader: &SqliteReader) -> Result<Self, StoreError> {
        let mark = reader.max_rowid()?;
        Ok(Self { mark, lengths: reader.lengths(mark)? })
    }

    /// `present`: the rows of a chain, up to the mark, that were read.
    fn check(&self, chain_id: &str, present: u64, reader: &SqliteReader) -> Result<(), StoreError> {
        let counted = self.lengths.get(chain_id).copied().unwrap_or(0);
        if counted == present { Ok(()) } else { Err(left_out(reader)) }
    }
}

fn left_out(reader: &SqliteReader) -> StoreError {
    let detail = "an index leaves rows out, or has rows that are not there".to_owned();
    StoreError::Corrupt { path: reader.path().to_owned(), detail }
}

/// The keys of a database: whom the published key vouches for, by all rotations in it.
fn lineage(reader: &SqliteReader, trust: &Trust) -> Result<KeyRing, StoreError> {
    let mut lineage = trust.lineage();
    observe(reader, &mut lineage)?;
    Ok(lineage.resolve())
}

/// Shows a database's receipts to a lineage.
pub(super) fn observe(reader: &SqliteReader, lineage: &mut KeyLineage) -> Result<(), StoreError> {
    // Where another database was shown before, its last chain does not go on here.
    lineage.observe("", b"");
    reader.texts(&mut |chain_id, receipt_json| {
        lineage.observe(chain_id, receipt_json.as_bytes());
        ControlFlow::Continue(())
    })
}

fn take(
    walk: &mut Walk,
    row: &Row,
    Judged { receipt, altered }: Judged,
    wanted: impl Fn(&Row) -> bool,
    witnesses: &mut Vec<Witness>,
) {
    let kept = match &receipt {
        Ok(examined) if wanted(row) => Some(examined.received().clone()),
        _ => None,
    };
    let step = walk.take(receipt);
    if let Some(altered) = &altered {
        walk.altered_row(step.index, &altered.message);
    }
    if let Some(received) = kept {
        witnesses.push(Witness { received, step, altered });
    }
}
