//! Rows of several databases in one list.

use std::collections::HashMap;
use std::ops::ControlFlow;

use agent_receipts_store::{Query, ReceiptReader, Row, StoreError};

use super::open::Source;

/// The newest rows of all sources, each with the name of its archive. A source's own order is kept; between sources the time
/// decides. A receipt that stands in several is shown once, from the first of them; one that differs is shown again.
pub(crate) fn newest(
    sources: &mut [Source],
    query: &Query,
) -> Result<Vec<(Row, Option<String>)>, StoreError> {
    let mut queues = Vec::with_capacity(sources.len());
    for source in sources {
        let rows = source.reading.ask(|reader| {
            let mut rows = Vec::new();
            reader.stream(query, &mut |stored| {
                rows.push(stored.row);
                ControlFlow::Continue(())
            })?;
            Ok(rows)
        })?;
        queues.push((source.name().map(str::to_owned), rows.into_iter().peekable()));
    }
    let mut merged: Vec<(Row, Option<String>)> = Vec::new();
    let mut shown: HashMap<String, Vec<usize>> = HashMap::new();
    let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    while merged.len() < limit {
        let mut next: Option<(usize, String)> = None;
        for (at, (_, rows)) in queues.iter_mut().enumerate() {
            if let Some(row) = rows.peek()
                && next.as_ref().is_none_or(|(_, newest)| row.timestamp > *newest)
            {
                next = Some((at, row.timestamp.clone()));
            }
        }
        let Some((at, _)) = next else { break };
        let (name, rows) = &mut queues[at];
        let Some(row) = rows.next() else { break };
        let places = shown.entry(row.id.clone()).or_default();
        if places.iter().all(|place| merged[*place].0.receipt_json != row.receipt_json) {
            places.push(merged.len());
            merged.push((row, name.clone()));
        }
    }
    Ok(merged)
}
