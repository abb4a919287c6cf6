//! How many receipts a daemon's database holds, seen from outside.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use agent_receipts_store::{ReceiptReader, SqliteReader};

use crate::Failure;
use crate::process::monotonic_nanoseconds;

/// How many rows the database has; none if it is not there yet.
pub(super) fn rows(db: &Path) -> Result<u64, Failure> {
    if !db.exists() {
        return Ok(0);
    }
    // Rows are only ever appended, so that the greatest number is their count, and is found at once.
    Ok(u64::try_from(SqliteReader::open(db)?.max_rowid()?).unwrap_or(0))
}

/// Waits until the database has `wanted` rows; says when that was seen, on the clock that all processes share.
///
/// # Errors
///
/// [`Failure::TooLate`] after `patience`, with the number of rows.
pub(crate) fn wait_for_rows(db: &Path, wanted: u64, patience: Duration) -> Result<u64, Failure> {
    let begun = Instant::now();
    loop {
        let found = rows(db)?;
        if found >= wanted {
            return Ok(monotonic_nanoseconds());
        }
        if begun.elapsed() > patience {
            let what = format!("the daemon, which recorded {found} of {wanted} receipts,");
            return Err(Failure::TooLate { what, seconds: patience.as_secs() });
        }
        sleep(POLL);
    }
}

/// Short against any run that is worth timing, long enough that the looking costs nothing.
const POLL: Duration = Duration::from_millis(10);
