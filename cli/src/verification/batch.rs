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
    pub(crate) altered: Option<String>,
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

/// Columns are not signed: who can write the database can make `list` tell lies that `verify` should find.
fn contradiction(row: &Row, received: &Received) -> Option<String> {
    let receipt = received.receipt();
    let subject = &receipt.subject;
    let says =
        |column: &str| Some(format!("sequence {}: column `{column}` is not the receipt's", row.sequence));
    if row.id != receipt.id {
        return says("id");
    }
    if row.sequence != subject.chain.sequence {
        return says("sequence");
    }
    let pairs = [
        ("action_type", &row.action_type, &subject.action.kind),
        ("risk_level", &row.risk_level, &subject.action.risk_level),
        ("status", &row.status, &subject.outcome.status),
        ("timestamp", &row.timestamp, &subject.action.timestamp),
        ("issuer_id", &row.issuer_id, &receipt.issuer.id),
    ];
    if let Some((column, ..)) = pairs.into_iter().find(|(_, column, signed)| column != signed) {
        return says(column);
    }
    if row.tool_name != subject.action.tool_name.as_deref().unwrap_or_default() {
        return says("tool_name");
    }
    let forms = [Form::Received, Form::NullsLeftOut, Form::AllNullsLeftOut];
    if !forms.into_iter().any(|form| received.hash_as(form).to_string() == row.receipt_hash) {
        return says("receipt_hash");
    }
    None
}
