//! The anchor log: what is told to a file that other hands may keep (operations §5.4), one JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use agent_receipts_core::json::{Object, Value, canonical};

/// One line of the log; `time` with nanoseconds.
pub(crate) fn record(event_type: &str, payload: Value, time: &str) -> Vec<u8> {
    let record: Object =
        [("anchored_at", Value::from(time)), ("event_type", Value::from(event_type)), ("payload", payload)]
            .into_iter()
            .collect();
    let mut line = canonical(&record.into());
    line.push(b'\n');
    line
}

/// The right to write a log. Checkpoints and rotations are told by different threads, and each may take back what it could write
/// in part only.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Appends lines, on disk before this returns.
///
/// One write, so that a line is never torn by another writer; never through a link, and never into a FIFO, which would keep
/// us waiting with the database locked. What could be written in part only is taken back: the next line would be lost to it.
pub(crate) fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    let _turn = turn();
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).mode(0o600).custom_flags(flags()).open(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    file.write_all(lines).and_then(|()| file.sync_all()).inspect_err(|_| {
        // The first error is what the operator must know.
        let _ = file.set_len(before.len());
    })?;
    if before.len() == 0 {
        // A file that is new is only there once its folder says so.
        File::open(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
            .sync_all()?;
    }
    Ok(())
}

/// Whether these words stand in the last lines of the log. False where it cannot be read.
pub(crate) fn ends_with_mention_of(path: &Path, words: &str) -> bool {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = OpenOptions::new().read(true).custom_flags(flags()).open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LAST_LINES)))?;
        let mut end = Vec::new();
        file.take(LAST_LINES).read_to_end(&mut end)?;
        Ok(end)
    };
    read().is_ok_and(|end| end.windows(words.len()).any(|window| window == words.as_bytes()))
}

fn flags() -> i32 {
    (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed()
}

/// Bytes. The longest record, with every head that a checkpoint lists, is shorter.
const LAST_LINES: u64 = 4 << 20;
