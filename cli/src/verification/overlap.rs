//! A chain that stands in two places must be one chain.

use std::collections::BTreeMap;

use agent_receipts_core::{ReceiptHash, Received};
use agent_receipts_store::ReceiptReader;

use super::stored::StoreVerification;
use crate::failure::Failure;

/// The chains that stand in more than one part.
pub(super) struct Overlaps;

/// One chain, and two parts that it stands in.
pub(super) struct Overlap {
    chain_id: String,
    /// Their places, in order.
    pub(super) parts: [usize; 2],
}

/// What the two say of the chain.
pub(super) struct Comparison {
    /// For people.
    pub(super) text: String,
    /// Whether one of them cannot be right.
    pub(super) conflicts: bool,
}

/// A part: the name of its archive, and its rows.
type Side<'a> = (Option<&'a str>, &'a mut StoreVerification);

impl Overlaps {
    /// Each further place of a chain with its first.
    pub(super) fn find<'a>(parts: impl Iterator<Item = &'a [String]>) -> Vec<Overlap> {
        let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut found = Vec::new();
        for (at, chain_ids) in parts.enumerate() {
            for chain_id in chain_ids {
                match firsts.get(chain_id.as_str()) {
                    Some(first) => found.push(Overlap { chain_id: chain_id.clone(), parts: [*first, at] }),
                    None => {
                        firsts.insert(chain_id, at);
                    }
                }
            }
        }
        found
    }
}

impl Overlap {
    /// Compares the last receipt that both have. Each chain is judged by itself, and its links make all before it the same.
    pub(super) fn compare(&self, first: Side<'_>, second: Side<'_>) -> Result<Comparison, Failure> {
        let chain_id = &self.chain_id;
        let places = format!("{} and {}", place(first.0), place(second.0));
        let (left, right) = (last(first.1, chain_id)?, last(second.1, chain_id)?);
        let common = left.min(right);
        if hash_at(first.1, chain_id, common)? != hash_at(second.1, chain_id, common)? {
            let text = format!(
                "chain `{chain_id}` is not the same in {places}: it differs at sequence {common} or before"
            );
            return Ok(Comparison { text, conflicts: true });
        }
        // Only the database goes on; what it had when a copy was made it must still have.
        let is_cut = first.0.is_none() && right > left;
        let text = match left.cmp(&right) {
            std::cmp::Ordering::Equal => {
                format!("chain `{chain_id}` stands in {places}, the same to its end")
            }
            _ if is_cut => format!(
                "chain `{chain_id}` ends at sequence {left} in the database, and {} has it up to {right}: it was cut off",
                place(second.0)
            ),
            _ => format!("chain `{chain_id}` stands in {places}, the same up to sequence {common}"),
        };
        Ok(Comparison { text, conflicts: is_cut })
    }
}

fn place(name: Option<&str>) -> String {
    name.map_or_else(|| "the database".to_owned(), |name| format!("archive `{name}`"))
}

fn last(verification: &mut StoreVerification, chain_id: &str) -> Result<u64, Failure> {
    let head = verification.reading().ask(|reader| reader.head(chain_id))?;
    Ok(head.map_or(0, |head| head.sequence))
}

/// Recomputed, for the column beside the receipt could say anything.
fn hash_at(
    verification: &mut StoreVerification,
    chain_id: &str,
    sequence: u64,
) -> Result<Option<ReceiptHash>, Failure> {
    let stored = verification.reading().ask(|reader| reader.by_position(chain_id, sequence))?;
    Ok(stored
        .and_then(|stored| Received::parse(stored.row.receipt_json.as_bytes()).ok())
        .map(|read| read.hash()))
}
