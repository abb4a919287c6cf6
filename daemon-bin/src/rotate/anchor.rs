//! The anchor log: rotations told to a file that other hands may keep (operations §5.4).
//!
//! A line stands for a rotation that happened: it is written after the commit. Before it, only that the log can be written is
//! tried. What a crash leaves out is added by the next start, which the journal tells of; a line that stands already is not
//! written again, and one that was torn is mended.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use agent_receipts_core::json::{Rules, parse};
use rustix::fs::OFlags;

use super::RotateError;
use crate::anchor_log;
use crate::disk::Disk;

/// Fails where a line could not be written later; makes the file if it is missing.
pub(super) fn try_out(disk: &Disk, path: &Path) -> Result<(), RotateError> {
    disk.call("open the anchor log", path, || open(path).and_then(|file| file.sync_all()))?;
    Ok(disk.sync_folder(path)?)
}

/// Has one line a receipt in the log, whichever of them stand there already, on disk before this returns.
///
/// `receipts` holds the canonical JSON of each; `time` is the same however often this is repeated.
pub(super) fn complete(disk: &Disk, path: &Path, receipts: &[String], time: &str) -> Result<(), RotateError> {
    let lines: Vec<Vec<u8>> = receipts.iter().filter_map(|json| line(json, time)).collect();
    let _turn = anchor_log::turn();
    let file = disk.call("open the anchor log", path, || open(path))?;
    let found = disk.call("read the anchor log", path, || look(&file, &lines))?;
    if let Some(whole) = found.torn {
        disk.call("mend the anchor log", path, || file.set_len(whole))?;
    }
    let mut rest = found.missing.concat();
    if found.foreign_end {
        // Somebody else's half line: ours must not be lost to it.
        rest.insert(0, b'\n');
    }
    if !rest.is_empty() {
        disk.call("write the anchor log", path, || (&file).write_all(&rest))?;
    }
    disk.call("sync the anchor log", path, || file.sync_all())?;
    Ok(disk.sync_folder(path)?)
}

fn line(receipt_json: &str, time: &str) -> Option<Vec<u8>> {
    Some(anchor_log::record("rotation", parse(receipt_json.as_bytes(), Rules::Receipt).ok()?, time))
}

/// Never through a link, and never a FIFO, which would keep us waiting with the database locked.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600).custom_flags(flags.bits().cast_signed());
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}

/// What the log lacks.
struct Found {
    missing: Vec<Vec<u8>>,
    /// The log ends in a piece of one of our lines, and this is its length without it.
    torn: Option<u64>,
    /// The log ends in a piece of something else.
    foreign_end: bool,
}

/// Reads the log line by line; of one that is longer than ours can be, only so much is held.
fn look(file: &File, lines: &[Vec<u8>]) -> io::Result<Found> {
    let longest = lines.iter().map(Vec::len).max().unwrap_or(0) as u64 + 1;
    let mut reader = BufReader::new(file);
    let mut missing = lines.to_vec();
    let (mut at, mut piece, mut begins) = (0_u64, Vec::new(), true);
    let (mut torn, mut foreign_end) = (None, false);
    loop {
        piece.clear();
        let count = reader.by_ref().take(longest).read_until(b'\n', &mut piece)? as u64;
        if count == 0 {
            return Ok(Found { missing, torn, foreign_end });
        }
        let ends = piece.last() == Some(&b'\n');
        if begins && ends {
            missing.retain(|line| *line != piece);
        }
        // True of the last piece only in the end.
        let ours = begins && lines.iter().any(|line| line.starts_with(&piece));
        torn = (!ends && ours).then_some(at);
        foreign_end = !ends && !ours;
        begins = ends;
        at += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-11-22T03:39:59.000000000Z";

    /// However much of the lines a crash has left, and whatever stands before them, each stands there once in the end.
    #[test]
    fn lines_that_a_crash_left_out_or_tore_are_completed_and_none_is_doubled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        let receipts = [r#"{"id":"a"}"#.to_owned(), r#"{"id":"b"}"#.to_owned()];
        let whole = receipts.iter().flat_map(|json| line(json, TIME).unwrap()).collect::<Vec<_>>();
        let long = format!("{}\n", "x".repeat(10_000));
        for before in ["", "{\"somebody\":\"else\"}\n", &long] {
            for kept in 0..=whole.len() {
                std::fs::write(&path, [before.as_bytes(), &whole[..kept]].concat()).unwrap();
                complete(&Disk::system(), &path, &receipts, TIME).unwrap();
                complete(&Disk::system(), &path, &receipts, TIME).unwrap();
                let text = std::fs::read(&path).unwrap();
                assert_eq!(text, [before.as_bytes(), &whole].concat(), "{kept} bytes behind {before:.30}");
            }
        }
    }

    #[test]
    fn half_a_line_of_somebody_else_costs_us_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        std::fs::write(&path, "{\"half\":").unwrap();
        let receipts = [r#"{"id":"a"}"#.to_owned()];
        complete(&Disk::system(), &path, &receipts, TIME).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().nth(1).unwrap().contains(r#""event_type":"rotation""#));
    }

    #[test]
    fn links_and_pipes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink(at("target"), at("link")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for name in ["link", "pipe"] {
            assert!(try_out(&Disk::system(), &at(name)).is_err(), "{name}");
        }
        assert!(!at("target").exists());
    }
}
