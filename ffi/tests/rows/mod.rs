//! Receipts as rows of a database, for the tests in Rust and in C.

use agent_receipts_core::Received;
use agent_receipts_store::Row;

/// The rows that a daemon would have written of these receipts, one a line.
pub(crate) fn of_lines(lines: &str) -> Vec<Row> {
    lines.lines().map(row).collect()
}

fn row(line: &str) -> Row {
    let received = Received::parse(line.as_bytes()).expect("a receipt");
    let (receipt, subject) = (received.receipt(), &received.receipt().subject);
    Row {
        id: receipt.id.clone(),
        chain_id: subject.chain.chain_id.clone(),
        sequence: subject.chain.sequence,
        action_type: subject.action.kind.clone(),
        tool_name: subject.action.tool_name.clone().unwrap_or_default(),
        risk_level: subject.action.risk_level.clone(),
        status: subject.outcome.status.clone(),
        timestamp: subject.action.timestamp.clone(),
        issuer_id: receipt.issuer.id.clone(),
        principal_id: Some(subject.principal.id.clone()),
        receipt_json: line.to_owned(),
        receipt_hash: received.hash().to_string(),
        previous_receipt_hash: subject.chain.previous_receipt_hash.clone(),
        session_id: receipt.issuer.session_id.clone(),
    }
}
