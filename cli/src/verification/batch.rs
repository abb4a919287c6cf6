//! The part of verification that needs no neighbour, spread over the cores.

use std::num::NonZeroUsize;
use std::thread;

use agent_receipts_chain::{Examined, examine};
use agent_receipts_core::{DecodeError, Form, PublicKey, Received};
use agent_receipts_store::Row;

/// Receipts that are held in memory at a time: this and not the chain's length bounds memory.
pub(crate) const BATCH: usize = 1024;
/// The same in bytes, for receipts of unusual size.
pub(crate) const BATCH_BYTES: usize = 16 << 20;
/// Below this a thread costs more than it saves.
const WORTH_A_THREAD: usize = 64;

/// A receipt examined, and what its row says otherwise.
pub(crate) struct Judged {
    pub(crate) receipt: Result<Examined, DecodeError>,
    pub(crate) altered: Option<Contradiction>,
}

/// Examines rows, in their order, with `key` as the guess.
pub(crate) fn judge(rows: &[Row], key: &PublicKey) -> Vec<Judged> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = rows.len().div_ceil(cores).max(WORTH_A_THREAD);
    if rows.len() <= share {
        return rows.iter().map(|row| judge_one(row, key)).collect();
    }
    thread::scope(|scope| {
        let threads: Vec<_> = rows
            .chunks(share)
            .map(|chunk| {
                (chunk, scope.spawn(move || chunk.iter().map(|row| judge_one(row, key)).collect::<Vec<_>>()))
            })
            .collect();
        // A thread that failed must not make receipts vanish: its share is judged here again.
        threads
            .into_iter()
            .flat_map(|(chunk, thread)| {
                thread.join().unwrap_or_else(|_| chunk.iter().map(|row| judge_one(row, key)).collect())
            })
            .collect()
    })
}

fn judge_one(row: &Row, key: &PublicKey) -> Judged {
    match Received::parse(row.receipt_json.as_bytes()) {
        Ok(received) => {
            let altered = contradiction(row, &received);
            Judged { receipt: Ok(examine(received, key)), altered }
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
            let is_hash =
                forms.into_iter().any(|form| received.hash_as(form).to_string() == row.receipt_hash);
            (!is_hash).then_some("receipt_hash")
        })?;
    let message = format!("sequence {}: column `{column}` is not the receipt's", row.sequence);
    Some(Contradiction { column, message })
}
