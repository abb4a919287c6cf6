//! Waiting for a daemon that is not ours to write what it has received.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use agent_receipts_store::ReceiptReader;

use crate::reading::Reading;

/// Returns when the database has been still for a moment, or after a few seconds: a daemon that others use is never still.
pub(crate) fn settle(database: &Path) {
    let deadline = Instant::now() + AT_MOST;
    let mut last = None;
    let mut still_since = Instant::now();
    while Instant::now() < deadline && still_since.elapsed() < STILL {
        let newest =
            Reading::open(database).and_then(|mut reading| reading.ask(|reader| reader.max_rowid())).ok();
        if newest != last {
            last = newest;
            still_since = Instant::now();
        }
        sleep(PAUSE);
    }
}

const AT_MOST: Duration = Duration::from_secs(3);
const STILL: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(25);
