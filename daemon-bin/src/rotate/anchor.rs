//! Rotations in the anchor log.

use std::path::Path;

use agent_receipts_core::Timestamp;
use agent_receipts_core::json::{Rules, Value, parse};
use agent_receipts_store::Row;

use super::RotateError;
use super::files::failed;
use crate::anchor_log;

/// Appends one line a rotation receipt, on disk before this returns.
pub(super) fn append(path: &Path, rows: &[Row], now: Timestamp) -> Result<(), RotateError> {
    let lines: Vec<u8> = rows.iter().flat_map(|row| line(row, now)).collect();
    anchor_log::append(path, &lines).map_err(failed("write the anchor log", path))
}

fn line(row: &Row, now: Timestamp) -> Vec<u8> {
    let payload = parse(row.receipt_json.as_bytes(), Rules::Receipt).unwrap_or(Value::Null);
    anchor_log::record("rotation", payload, now)
}
