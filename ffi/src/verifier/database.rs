//! The chains of a database, which is read and never written.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use agent_receipts_chain::{KeyRing, Options, RowFacts, StoreVerifier, Verdict};
use agent_receipts_store::{Query, ReceiptReader, SqliteReader, StoreError};

use super::report::{Report, quoted};
use super::session::Trust;
use crate::code::Err;
use crate::failure::Failure;

/// A daemon that starts or stops changes the way in which a database is read; that often in a row none does.
const ATTEMPTS: usize = 8;

/// The verdicts over all chains of the database at `path`, or over the one asked for.
pub(super) fn verify(
    path: &Path,
    trust: &Trust,
    only: Option<&str>,
    options: &Options,
) -> Result<Report, Failure> {
    let mut outcome = verify_once(path, trust, only, options);
    for _ in 1..ATTEMPTS {
        // Begun anew, so that no verdict mixes two states of the database.
        let Err(StoreError::Changed { .. }) = outcome else { break };
        outcome = verify_once(path, trust, only, options);
    }
    outcome.map_err(|error| Failure::new(Err::Database, error.to_string()))
}

fn verify_once(
    path: &Path,
    trust: &Trust,
    only: Option<&str>,
    options: &Options,
) -> Result<Report, StoreError> {
    let reader = SqliteReader::open(path)?;
    let mark = reader.max_rowid()?;
    // By the table itself: a forged row must not hide behind an index that was tampered with.
    let lengths = reader.lengths(mark)?;
    let mut lineage = trust.lineage();
    reader.texts(&mut |chain_id, receipt| {
        lineage.observe(chain_id, receipt.as_bytes());
        ControlFlow::Continue(())
    })?;
    let ring = Arc::new(lineage.resolve());
    let unchecked = moved(&reader, only)?;
    let chain_ids = match only {
        // What was moved is not here, and not unknown either.
        Some(only) if unchecked.is_none() || lengths.contains_key(only) => vec![only],
        Some(_) => Vec::new(),
        None => lengths.keys().map(String::as_str).collect(),
    };
    let mut verdicts = Vec::with_capacity(chain_ids.len());
    for chain_id in chain_ids {
        let expected = lengths.get(chain_id).copied().unwrap_or(0);
        let verdict = verify_chain(&reader, chain_id, (mark, expected), &ring, options)?;
        verdicts.push((chain_id.to_owned(), verdict));
    }
    Ok(Report::over(verdicts).with_conflicts(unchecked.into_iter().collect()))
}

/// What was moved to archives, which this library does not read: a database whose archives are gone must not pass for valid.
fn moved(reader: &SqliteReader, only: Option<&str>) -> Result<Option<String>, StoreError> {
    let mut chains = reader.moved_chains()?;
    chains.retain(|chain| only.is_none_or(|only| only == chain.chain_id));
    let receipts = chains.iter().fold(0, |sum: u64, chain| sum.saturating_add(chain.receipts));
    if let Some(first) = chains.first() {
        return Ok(Some(format!(
            "moved to archives and not checked here: {receipts} receipts of chain `{}`{}; `agent-receipts verify` checks them",
            quoted(&first.chain_id),
            match chains.len() {
                1 => String::new(),
                number => format!(" and {} more", number - 1),
            }
        )));
    }
    let mut any = false;
    if only.is_none() {
        reader.moved_receipts(&mut |_| {
            any = true;
            ControlFlow::Break(())
        })?;
    }
    Ok(any.then(|| {
        "receipts were moved to archives, and the database no longer says of which chains: it was altered"
            .to_owned()
    }))
}

fn verify_chain(
    reader: &SqliteReader,
    chain_id: &str,
    (mark, expected): (i64, u64),
    ring: &Arc<KeyRing>,
    options: &Options,
) -> Result<Verdict, StoreError> {
    let mut verifier = StoreVerifier::new(Arc::clone(ring), options.clone());
    let (mut present, mut last, mut twice) = (0_u64, None, None);
    reader.stream(&Query::chain(chain_id), &mut |stored| {
        let row = &stored.row;
        if last.replace(row.sequence) == Some(row.sequence) {
            twice.get_or_insert(row.sequence);
        }
        present += u64::from(stored.rowid <= mark);
        let facts = RowFacts {
            chain_id: &row.chain_id,
            sequence: row.sequence,
            receipt_id: &row.id,
            receipt_hash: &row.receipt_hash,
        };
        verifier.push(facts, row.receipt_json.as_bytes());
        ControlFlow::Continue(())
    })?;
    if present != expected {
        let detail = "an index leaves rows out, or has rows that are not there".to_owned();
        return Err(StoreError::Corrupt { path: reader.path().to_owned(), detail });
    }
    // No order of two such rows is theirs, so no verdict is either. The table lacks its unique index.
    if let Some(sequence) = twice {
        let detail = format!("two receipts stand at sequence {sequence} of one chain");
        return Err(StoreError::ForeignSchema { path: reader.path().to_owned(), detail });
    }
    Ok(verifier.finish().0.unwrap_or_else(|| empty(chain_id, ring, options)))
}

/// The verdict on a chain that was asked for and is not there.
fn empty(chain_id: &str, ring: &Arc<KeyRing>, options: &Options) -> Verdict {
    let options = Options { expected_chain_id: Some(chain_id.to_owned()), ..options.clone() };
    agent_receipts_chain::ChainVerifier::new(Arc::clone(ring), options).finish()
}
