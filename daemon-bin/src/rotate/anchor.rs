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

/// One write, so that a line is never torn by another writer; never through a link, and never into a FIFO, which would keep
/// us waiting with the database locked. What could be written in part only is taken back: the next line would be lost to it.
fn write(path: &Path, lines: &[u8]) -> io::Result<()> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).custom_flags(flags.bits().cast_signed());
    let mut file = options.open(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    file.write_all(lines).and_then(|()| file.sync_all()).inspect_err(|_| {
        // The first error is what the operator must know.
        let _ = file.set_len(before.len());
    })
}
