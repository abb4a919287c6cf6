//! The part of verification that needs no neighbour.

use agent_receipts_chain::{Examined, examine};
use agent_receipts_core::{DecodeError, Form, PublicKey, ReceiptHash, Received};
use agent_receipts_store::Row;

/// Receipts that a thread takes at a time: few enough that all threads end at about the same moment.
const BATCH: usize = 64;
/// The same in bytes, for receipts of unusual size.
const BATCH_BYTES: usize = 1 << 20;

/// Rows on their way into a batch.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) rows: Vec<Row>,
    bytes: usize,
}

impl Gathered {
    /// Adds a row, and gives the batch if that is whole now.
    pub(crate) fn add(&mut self, row: Row) -> Option<Vec<Row>> {
        self.bytes += row.receipt_json.len();
        self.rows.push(row);
        if self.rows.len() < BATCH && self.bytes < BATCH_BYTES {
            return None;
        }
        self.bytes = 0;
        Some(std::mem::replace(&mut self.rows, Vec::with_capacity(BATCH)))
    }
}

/// A receipt examined, and what its row says otherwise.
pub(crate) struct Judged {
    pub(crate) receipt: Result<Examined, DecodeError>,
    pub(crate) altered: Option<Contradiction>,
}

/// Each row's receipt by itself, with `key` as the guess.
pub(super) fn judge(rows: &[Row], key: &PublicKey) -> Vec<Judged> {
    rows.iter().map(|row| judge_one(row, key)).collect()
}

fn judge_one(row: &Row, key: &PublicKey) -> Judged {
    match Received::parse(row.receipt_json.as_bytes()) {
        Ok(received) => {
            let examined = examine(received, key);
            let hash = examined.signature().as_ref().ok().map(|verified| verified.hash);
            let altered = contradiction_besides(row, examined.received(), hash);
            Judged { receipt: Ok(examined), altered }
        }
        Err(error) => Judged { receipt: Err(error), altered: None },
    }
}

/// A column that says something else than the receipt beside it.
pub(crate) struct Contradiction {
    /// The column.
    pub(crate) column: &'static str,
    /// The same for people.
    pub(crate) message: String,
}

/// Columns are not signed: who can write the database can make `list` tell lies that `verify` should find. (The chain's id
/// is held against every receipt by the verifier itself.)
pub(crate) fn contradiction(row: &Row, received: &Received) -> Option<Contradiction> {
    contradiction_besides(row, received, None)
}

/// The same, where one of the receipt's hashes is `known` and need not be computed again.
fn contradiction_besides(
    row: &Row,
    received: &Received,
    known: Option<ReceiptHash>,
) -> Option<Contradiction> {
    let receipt = received.receipt();
    let (subject, position) = (&receipt.subject, &receipt.subject.chain);
    let texts = [
        ("id", &row.id, receipt.id.as_str()),
        ("action_type", &row.action_type, &subject.action.kind),
        ("tool_name", &row.tool_name, subject.action.tool_name.as_deref().unwrap_or_default()),
        ("risk_level", &row.risk_level, &subject.action.risk_level),
        ("status", &row.status, &subject.outcome.status),
        ("timestamp", &row.timestamp, &subject.action.timestamp),
        ("issuer_id", &row.issuer_id, &receipt.issuer.id),
    ];
    let texts = texts.into_iter().find(|(_, column, signed)| column != signed).map(|(name, ..)| name);
    // Other writers leave these two empty, and a session that is in no table of ours is looked up in the receipt.
    let differs = |column: &Option<String>, signed: Option<&str>| {
        column.as_deref().is_some_and(|column| Some(column) != signed)
    };
    let forms = [Form::Received, Form::NullsLeftOut, Form::AllNullsLeftOut];
    let column = texts
        .or_else(|| (row.sequence != position.sequence).then_some("sequence"))
        .or_else(|| differs(&row.principal_id, Some(&subject.principal.id)).then_some("principal_id"))
        .or_else(|| differs(&row.session_id, receipt.issuer.session_id.as_deref()).then_some("session_id"))
        .or_else(|| {
            (row.previous_receipt_hash != position.previous_receipt_hash).then_some("previous_receipt_hash")
        })
        .or_else(|| {
            let hash = row.receipt_hash.parse::<ReceiptHash>().ok();
            let is_hash = hash.is_some_and(|hash| {
                known == Some(hash) || forms.into_iter().any(|form| received.hash_as(form) == hash)
            });
            (!is_hash).then_some("receipt_hash")
        })?;
    let message = format!("sequence {}: column `{column}` is not the receipt's", row.sequence);
    Some(Contradiction { column, message })
}
