//! A file that only grows: one JSON object a line, in the shape of the reference's anchor log (`receipts-operations.md` §5.4).
//!
//! ```text
//! {"anchored_at":"2026-11-22T08:15:02.123456789Z","event_type":"checkpoint","payload":{"heads":"…","note":"…", …}}
//! ```
//!
//! A line is written whole, and on disk before the next. One that a crash has torn is cut off at the next start, before it can
//! swallow the line behind it; a file that has become shorter than we left it is an alarm.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use agent_receipts_core::Timestamp;
use agent_receipts_core::json::{Object, Rules, Value, canonical, parse};

use crate::queue::{Entry, Queue};
use crate::sink::{Outcome, Sink, SinkError};
use crate::state::Cursor;
use crate::surroundings::Surroundings;

/// An append-only file.
pub(crate) struct FileSink {
    path: PathBuf,
    world: Surroundings,
    /// Open since the last delivery, and used again only while it is as that left it; and lines that were found in it, while they may
    /// still tell something.
    open: Option<(File, Vec<u8>)>,
}

impl FileSink {
    /// A sink that appends to `path`.
    pub(crate) fn new(path: PathBuf, world: Surroundings) -> Self {
        Self { path, world, open: None }
    }

    /// Whether an open file is still the one at the path, and as long as it was when it was last noted.
    fn is_as_left(&self, file: &File, noted: u64) -> bool {
        let (Ok(open), Ok(there)) = (file.metadata(), std::fs::symlink_metadata(&self.path)) else {
            return false;
        };
        (open.dev(), open.ino(), open.len()) == (there.dev(), there.ino(), noted)
    }

    /// Opens the file and mends what a crash has left behind the first `noted` bytes. Gives the whole lines that are there.
    fn open(&self, noted: u64) -> Result<(File, Vec<u8>), SinkError> {
        let failed = |what| SinkError::disk(what, &self.path);
        let mut file = self.world.disk.open_log(&self.path).map_err(failed("open"))?;
        let length = file.metadata().map_err(failed("read"))?.len();
        if length < noted {
            let path = self.path.display();
            return Err(SinkError::Alarm(format!(
                "`{path}` has {length} bytes, and had {noted} when it was last written: it was cut; keep it, and move the \
                 sink's state away to begin a new file"
            )));
        }
        file.seek(SeekFrom::Start(noted)).map_err(failed("read"))?;
        let mut behind = Vec::new();
        (&file).take(BEHIND_LIMIT).read_to_end(&mut behind).map_err(failed("read"))?;
        if behind.len() as u64 == BEHIND_LIMIT {
            let path = self.path.display();
            return Err(SinkError::Alarm(format!(
                "`{path}` has grown by more than {BEHIND_LIMIT} bytes that are not ours"
            )));
        }
        let whole = behind.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < behind.len() {
            (self.world.log)(&format!(
                "`{}`: a line that was cut short by a crash is taken back, {} bytes",
                self.path.display(),
                behind.len() - whole
            ));
            self.world
                .disk
                .cut(&file, &self.path, noted + whole as u64)
                .map_err(failed("cut the torn line off"))?;
            self.world.disk.sync(&file, &self.path).map_err(failed("sync"))?;
            behind.truncate(whole);
        }
        Ok((file, behind))
    }
}

impl Sink for FileSink {
    fn deliver(&mut self, entry: &Entry, cursor: &Cursor, _: &mut dyn Queue) -> Result<Outcome, SinkError> {
        let open = self.open.take().filter(|(file, _)| self.is_as_left(file, cursor.reach));
        let (mut file, mut behind) = match open {
            Some(open) => open,
            None => self.open(cursor.reach)?,
        };
        let note = entry.note().to_string();
        // A checkpoint that was written, and not noted any more, is not written again.
        if !behind.split(|byte| *byte == b'\n').any(|line| holds(line, &note)) {
            behind = Vec::new();
            let line = line(entry, &note, (self.world.clock)());
            let before = file.metadata().map_err(SinkError::disk("read", &self.path))?.len();
            let written = self.world.disk.write(&mut file, &line);
            let synced = written.and_then(|()| self.world.disk.sync(&file, &self.path));
            if let Err(error) = synced {
                // What could be written in part only is taken back; where that fails too, the next opening does it.
                let _ = self.world.disk.cut(&file, &self.path, before);
                return Err(SinkError::disk("append to", &self.path)(error));
            }
        }
        let reach = file.metadata().map_err(SinkError::disk("read", &self.path))?.len();
        self.open = Some((file, behind));
        Ok(Outcome::Delivered { evidence: Vec::new(), reach })
    }
}

/// The record of one checkpoint, with the members that the daemon's own anchor log has. The note and the heads are what counts;
/// the rest says in the reference's words what the newest head is.
fn line(entry: &Entry, note: &str, now: Timestamp) -> Vec<u8> {
    let mut payload: Object = [
        ("heads", Value::from(entry.heads().to_text())),
        ("note", Value::from(note)),
        ("public_key_fingerprint", Value::from(entry.checkpoint().key.to_string())),
    ]
    .into_iter()
    .collect();
    if let Some(newest) = entry.heads().heads().first() {
        payload.insert("chain_id", Value::from(newest.chain_id.as_str()));
        payload.insert("seq", Value::from(newest.sequence));
        payload.insert("tip_hash", Value::from(newest.tip.to_string()));
    }
    let record: Object = [
        ("anchored_at", Value::from(now.to_rfc3339_nanos())),
        ("event_type", Value::from("checkpoint")),
        ("payload", Value::from(payload)),
    ]
    .into_iter()
    .collect();
    let mut line = canonical(&record.into());
    line.push(b'\n');
    line
}

fn holds(line: &[u8], note: &str) -> bool {
    let record = parse(line, Rules::Receipt).ok();
    let payload = record.as_ref().and_then(Value::as_object).and_then(|record| record.get("payload"));
    let found = payload.and_then(Value::as_object).and_then(|payload| payload.get("note"));
    found.and_then(Value::as_str) == Some(note)
}

/// Bytes behind the mark: a record that was not noted any more, and what another program may have appended.
const BEHIND_LIMIT: u64 = 64 << 20;
