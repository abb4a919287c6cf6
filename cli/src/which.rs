//! The one receipt that a command is about.

use std::collections::BTreeMap;

use agent_receipts_store::{ReceiptReader, Row, StoreError, StoredRow};

use crate::failure::Failure;
use crate::output::printable;
use crate::sources::Source;

/// A row, and the place among the sources of the one that it stands in.
pub(crate) type Found = (Row, usize);

/// Finds a receipt by its sequence number in `chain_id`, or in the only chain there is, or by its id.
///
/// # Errors
///
/// A failure with exit code 1 where there is no such receipt, 2 where several chains could be meant.
pub(crate) fn find(which: &str, chain_id: Option<String>, sources: &mut [Source]) -> Result<Found, Failure> {
    let Ok(sequence) = which.parse::<u64>() else { return find_by_id(which, sources) };
    let chain_id = match chain_id {
        Some(chain_id) => chain_id,
        None => only_chain(sources)?,
    };
    first(sources, |reader| reader.by_position(&chain_id, sequence))?.ok_or_else(|| {
        let chain_id = printable(&chain_id);
        Failure::new(format_args!("chain `{chain_id}` has no receipt with sequence {sequence}"))
    })
}

/// Finds a receipt by its id.
pub(crate) fn find_by_id(id: &str, sources: &mut [Source]) -> Result<Found, Failure> {
    let missing = || Failure::new(format_args!("there is no receipt `{}`", printable(id)));
    first(sources, |reader| reader.by_id(id))?.ok_or_else(missing)
}

/// The first answer: the database's own before those of its archives.
fn first(
    sources: &mut [Source],
    ask: impl Fn(&dyn ReceiptReader) -> Result<Option<StoredRow>, StoreError>,
) -> Result<Option<Found>, StoreError> {
    for (at, source) in sources.iter_mut().enumerate() {
        if let Some(stored) = source.reading.ask(|reader| ask(reader))? {
            return Ok(Some((stored.row, at)));
        }
    }
    Ok(None)
}

fn only_chain(sources: &mut [Source]) -> Result<String, Failure> {
    let mut chains = BTreeMap::new();
    for source in sources {
        for chain in source.reading.ask(|reader| reader.chains())? {
            let (first, last) = (chain.first_sequence, chain.last_sequence);
            let ends = chains.entry(chain.chain_id).or_insert((first, last));
            *ends = (ends.0.min(first), ends.1.max(last));
        }
    }
    match chains.len() {
        0 => Err(Failure::new("the database holds no receipts")),
        1 => Ok(chains.into_keys().next().unwrap_or_default()),
        several => {
            const SHOWN: usize = 20;
            let lines = chains
                .iter()
                .take(SHOWN)
                .map(|(chain_id, (first, last))| format!("\n  {} ({first} to {last})", printable(chain_id)));
            let more = several.saturating_sub(SHOWN);
            let tail = if more > 0 { format!("\n  … and {more} more") } else { String::new() };
            Err(Failure::usage(format_args!(
                "the database holds several chains:{}{tail}",
                lines.collect::<String>()
            ))
            .with_hint("name one with --chain-id, or give the receipt's id"))
        }
    }
}
