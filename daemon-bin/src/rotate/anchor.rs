//! The anchor log: rotations told to a file that other hands may keep (operations §5.4).

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use agent_receipts_core::Timestamp;
use agent_receipts_core::json::{Object, Rules, Value, canonical, parse};
use agent_receipts_store::Row;

use super::RotateError;
use super::files::failed;

/// Appends one line a rotation receipt, on disk before this returns.
pub(super) fn append(path: &Path, rows: &[Row], now: Timestamp) -> Result<(), RotateError> {
    let lines: Vec<u8> = rows.iter().flat_map(|row| line(row, now)).collect();
    write(path, &lines).map_err(failed("write the anchor log", path))
}

fn line(row: &Row, now: Timestamp) -> Vec<u8> {
    let payload = parse(row.receipt_json.as_bytes(), Rules::Receipt).unwrap_or(Value::Null);
    let record: Object = [
        ("anchored_at", Value::from(now.to_rfc3339_nanos())),
        ("event_type", Value::from("rotation")),
        ("payload", payload),
    ]
    .into_iter()
    .collect();
    let mut line = canonical(&record.into());
    line.push(b'\n');
    line
}

/// One write, so that a line is never torn by another writer; never through a link.
fn write(path: &Path, lines: &[u8]) -> io::Result<()> {
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut file =
        OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(no_follow).open(path)?;
    file.write_all(lines)?;
    file.sync_all()
}
