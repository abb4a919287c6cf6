//! Retiring: receipts go to an archive, and what is left of them keeps their numbers, their ids and their leaves.
#![allow(clippy::unwrap_used)]

mod support;

use std::ops::ControlFlow;
use std::path::Path;

use agent_receipts_store::{
    Archive, ArchiveFolder, ArchiveKind, LeafContent, Manifest, MovedChain, Query, ReceiptReader,
    ReceiptStore, RetireError, Retired, Row, SqliteReader, SqliteStore, StoreError,
};
use support::{foreign, row, rows, sequences};
use tempfile::{TempDir, tempdir};

/// Stands for the hash of a text.
fn leaf(text: &str) -> [u8; 32] {
    let mut leaf = [b'.'; 32];
    leaf.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    leaf
}

fn manifest(receipts: u64) -> Manifest {
    Manifest {
        version: Manifest::VERSION,
        kind: ArchiveKind::Moved,
        source: "x".to_owned(),
        taken_in: "2026-11-22T03:39:59Z".to_owned(),
        sha256: "sha256:00".to_owned(),
        bytes: 1,
        receipts,
        chains: Vec::new(),
        public_key: "u".to_owned(),
        earlier_keys: Vec::new(),
        vouched_keys: Vec::new(),
    }
}

fn archive(path: &Path, name: &str, rows: &[Row]) -> Archive {
    let folder = ArchiveFolder::beside(path);
    let mut writer = folder.begin(name).unwrap();
    writer.append(rows).unwrap();
    writer.finish(&manifest(rows.len() as u64)).unwrap();
    folder.archives().unwrap().into_iter().find(|archive| archive.name == name).unwrap()
}

/// Two chains, written in turn, so that the row numbers of each have gaps: `old` has 1, 3, 5, and `new` 2, 4, 6.
fn database(path: &Path) {
    let mut store = SqliteStore::create(path).unwrap();
    for sequence in 1..=3 {
        store.append(&[row("old", sequence), row("new", sequence)]).unwrap();
    }
}

fn place() -> (TempDir, std::path::PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    database(&path);
    (folder, path)
}

/// Number, chain, sequence and leaf of everything.
fn leaves(store: &dyn ReceiptReader, after: i64, limit: Option<u64>) -> Vec<(i64, String, u64, [u8; 32])> {
    let mut found = Vec::new();
    let mut note = |at: agent_receipts_store::Leaf<'_>| {
        let hash = match at.content {
            LeafContent::Stored(text) => leaf(text),
            LeafContent::Moved(left) => *left,
        };
        found.push((at.rowid, at.chain_id.to_owned(), at.sequence, hash));
        ControlFlow::Continue(())
    };
    store.leaves(after, limit, &mut note).unwrap();
    found
}

#[test]
fn every_leaf_stays_where_it_was() {
    let (_folder, path) = place();
    let reader = SqliteReader::open(&path).unwrap();
    let (before, page) = (leaves(&reader, 0, None), leaves(&reader, 1, Some(3)));
    assert_eq!(before.len(), 6);
    drop(reader);
    let archive = archive(&path, "x", &rows("old", 1..=3));
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.retire(&archive, &leaf), Ok(Retired { chains: 1, receipts: 3 }));
    assert_eq!(leaves(&store, 0, None), before);
    assert_eq!(leaves(&store, 1, Some(3)), page);
    assert_eq!(leaves(&store, i64::MIN, None), before);
    store.check_integrity().unwrap();
    assert_eq!(store.chain_ids().unwrap(), ["new"]);
    assert_eq!(store.head("old"), Ok(None));
    let moved = MovedChain {
        chain_id: "old".to_owned(),
        archive: "x".to_owned(),
        receipts: 3,
        first_sequence: 1,
        last_sequence: 3,
        last_rowid: 5,
        tip_id: row("old", 3).id,
        tip_hash: row("old", 3).receipt_hash,
    };
    assert_eq!(store.moved_chain("old"), Ok(Some(moved.clone())));
    assert_eq!(store.newest_moved_root(), Ok(Some(moved.clone())));
    assert_eq!(store.moved_chain("new"), Ok(None));
    drop(store);
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(leaves(&reader, 0, None), before);
    assert_eq!(reader.moved_chains(), Ok(vec![moved]));
    let left = reader.moved_receipt(&row("old", 2).id).unwrap().unwrap();
    assert_eq!(
        (left.rowid, left.sequence, left.chain_id.as_str(), left.archive.as_str()),
        (3, 2, "old", "x")
    );
    assert_eq!(left.leaf, leaf(&row("old", 2).receipt_json));
    assert_eq!(reader.moved_receipt(&row("new", 2).id), Ok(None));
    let mut numbers = Vec::new();
    let mut note = |moved: agent_receipts_store::MovedReceipt| {
        numbers.push((moved.rowid, moved.id));
        ControlFlow::Continue(())
    };
    reader.moved_receipts(&mut note).unwrap();
    assert_eq!(numbers, [1, 3, 5].map(|at| (at, row("old", at as u64 / 2 + 1).id)));
}

/// SQLite numbers the next row after the greatest that is there.
#[test]
fn a_number_an_id_and_a_chain_are_given_once() {
    let (_folder, path) = place();
    let archive = archive(&path, "x", &[rows("old", 1..=3), rows("new", 1..=3)].concat());
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.retire(&archive, &leaf), Ok(Retired { chains: 2, receipts: 6 }));
    assert_eq!((store.max_rowid(), store.chain_ids()), (Ok(6), Ok(Vec::new())));
    for _ in 0..2 {
        let same = Row { chain_id: "other".to_owned(), ..row("old", 1) };
        let refused = store.append(&[row("next", 1), same]);
        assert_eq!(refused, Err(StoreError::DuplicateId { id: row("old", 1).id }));
    }
    for sequence in [1, 4] {
        let again = Row { id: "urn:receipt:fresh".to_owned(), ..row("new", sequence) };
        let moved = StoreError::ChainMoved { chain_id: "new".to_owned(), archive: "x".to_owned() };
        assert!(!moved.is_fatal());
        assert_eq!(store.append(&[again]), Err(moved));
    }
    assert_eq!(store.max_rowid(), Ok(6));
    store.append(&rows("next", 1..=2)).unwrap();
    store.append(&rows("next", 3..=3)).unwrap();
    let numbers: Vec<i64> = leaves(&store, 5, None).into_iter().map(|(number, ..)| number).collect();
    assert_eq!(numbers, [6, 7, 8, 9]);
    drop(store);
    let mut store = SqliteStore::open(&path).unwrap();
    store.append(&rows("next", 4..=4)).unwrap();
    assert_eq!(store.max_rowid(), Ok(10));
    let session = Query { session_id: Some("s1".to_owned()), ..Query::chain("next") };
    assert_eq!(sequences(&store, &session), [1, 2, 3, 4]);
}

#[test]
fn a_move_is_done_once_and_completed_by_another_call() {
    let (_folder, path) = place();
    let archive = archive(&path, "x", &rows("old", 1..=3));
    let mut store = SqliteStore::open(&path).unwrap();
    store.retire(&archive, &leaf).unwrap();
    assert_eq!(store.retire(&archive, &leaf), Ok(Retired::default()));
    let other = Archive { name: "y".to_owned(), ..archive };
    let before = RetireError::MovedBefore {
        archive: "y".to_owned(),
        chain_id: "old".to_owned(),
        before: "x".to_owned(),
    };
    assert_eq!(store.retire(&other, &leaf), Err(before));
}

#[test]
fn what_the_archive_has_not_exactly_stays() {
    let (_folder, path) = place();
    let (archive_of, chain_id) = ("x".to_owned(), "old".to_owned());
    let altered = |change: fn(&mut Row)| {
        let mut all = rows("old", 1..=3);
        change(&mut all[1]);
        all
    };
    let differs =
        |sequence| RetireError::Differs { archive: archive_of.clone(), chain_id: chain_id.clone(), sequence };
    let not_whole = |archived| RetireError::NotWhole {
        archive: archive_of.clone(),
        chain_id: chain_id.clone(),
        stored: 3,
        archived,
    };
    let unknown = RetireError::Unknown { archive: archive_of.clone(), chain_id: "none".to_owned() };
    let before = {
        let reader = SqliteReader::open(&path).unwrap();
        leaves(&reader, 0, None)
    };
    for (held, error) in [
        (altered(|row| row.receipt_json = "{\"n\":7}".to_owned()), differs(2)),
        (altered(|row| row.id.push('x')), differs(2)),
        (altered(|row| row.status = "failure".to_owned()), differs(2)),
        (rows("old", 1..=2), not_whole(2)),
        (rows("old", 2..=3), not_whole(2)),
        (rows("old", 1..=4), differs(4)),
        (rows("none", 1..=1), unknown),
        // What could be moved is not, either.
        ([rows("new", 1..=3), rows("old", 1..=2)].concat(), not_whole(2)),
    ] {
        let archive = archive(&path, "x", &held);
        let mut store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.retire(&archive, &leaf), Err(error));
        assert_eq!(leaves(&store, 0, None), before);
        assert_eq!(store.chain_ids().unwrap(), ["new", "old"]);
        assert_eq!((store.moved_chain("old"), store.moved_chain("new")), (Ok(None), Ok(None)));
        std::fs::remove_dir_all(ArchiveFolder::beside(&path).path()).unwrap();
    }
}

/// A row that an index leaves out is not in the archive, and would be gone for good.
#[test]
fn a_hidden_row_stops_the_move() {
    let (_folder, path) = place();
    let connection = foreign(&path, "");
    connection.execute_batch("DROP INDEX idx_receipts_chain").unwrap();
    connection
        .execute_batch("CREATE UNIQUE INDEX idx_receipts_chain ON receipts(chain_id, sequence)")
        .unwrap();
    connection.execute_batch("PRAGMA writable_schema = ON; PRAGMA journal_mode = DELETE;").unwrap();
    connection
        .execute_batch(
            "UPDATE sqlite_schema SET sql = sql || ' WHERE sequence < 3' WHERE name = 'idx_receipts_chain'",
        )
        .unwrap();
    connection.close().unwrap();
    let connection = foreign(&path, "REINDEX; PRAGMA writable_schema = ON;");
    connection
        .execute_batch(
            "UPDATE sqlite_schema SET sql = replace(sql, ' WHERE sequence < 3', '') WHERE name = 'idx_receipts_chain'",
        )
        .unwrap();
    connection.close().unwrap();
    let archive = archive(&path, "x", &rows("old", 1..=2));
    let mut store = SqliteStore::open(&path).unwrap();
    let refused = store.retire(&archive, &leaf);
    assert!(matches!(refused, Err(RetireError::NotWhole { stored: 3, archived: 2, .. })), "{refused:?}");
    assert_eq!(leaves(&store, 0, None).len(), 6);
}

/// Receipts of another implementation name their session in their text alone; the archive's table names it.
#[test]
fn a_session_that_only_the_archive_names_is_no_difference() {
    let (_folder, path) = place();
    drop(foreign(&path, "DELETE FROM ar_session_receipts; DELETE FROM ar_session_names;"));
    let archive = archive(&path, "x", &rows("old", 1..=3));
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.retire(&archive, &leaf), Ok(Retired { chains: 1, receipts: 3 }));
    store.append(&[row("new", 4)]).unwrap();
    let session = Query { session_id: Some("s1".to_owned()), ..Query::default() };
    assert_eq!(sequences(&store, &session), [4], "nothing inherits what was moved");
}

#[test]
fn a_receipt_leaves_less_than_120_bytes() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    let batch: Vec<Row> = (1..=5_000)
        .map(|sequence| Row {
            id: format!("urn:receipt:0193f7a0-1b2c-7d3e-8f40-{sequence:012x}"),
            receipt_json: format!("{{\"n\":{sequence},\"x\":\"{}\"}}", "x".repeat(1_500)),
            ..row("old", sequence)
        })
        .collect();
    let empty = SqliteStore::create(&path).unwrap().compact().unwrap().after;
    let mut store = SqliteStore::open(&path).unwrap();
    batch.chunks(500).for_each(|rows| store.append(rows).unwrap());
    let archive = archive(&path, "x", &batch);
    store.retire(&archive, &leaf).unwrap();
    let left = store.compact().unwrap().after - empty;
    assert!(left < 5_000 * 120, "{left} bytes");
    assert_eq!(leaves(&SqliteReader::open(&path).unwrap(), 0, None).len(), 5_000);
}

/// From version 3, in which nothing could be moved.
#[test]
fn an_earlier_database_is_taken_up_and_read() {
    let (_folder, path) = place();
    let earlier = "DROP TABLE ar_moved_receipts; DROP TABLE ar_moved_chains; \
                   UPDATE ar_meta SET value = '3' WHERE key = 'schema_version'";
    drop(foreign(&path, earlier));
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!((reader.moved_chains(), leaves(&reader, 0, None).len()), (Ok(Vec::new()), 6));
    assert_eq!(reader.moved_receipt("urn:receipt:x"), Ok(None));
    drop(reader);
    let archive = archive(&path, "x", &rows("old", 1..=3));
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.retire(&archive, &leaf), Ok(Retired { chains: 1, receipts: 3 }));
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod failing {
    use super::*;
    use nix::errno::Errno;
    use support::command;
    use support::faults::{Fared, Fault, at_every_call, synced, wait_for_tracer};

    const VICTIM: &str = "STORE_TEST_RETIRING";

    #[test]
    fn retire_when_traced() {
        // Only does something as the child of the tests below.
        let Ok(path) = std::env::var(VICTIM) else { return };
        let path = Path::new(&path);
        wait_for_tracer();
        let retired = SqliteStore::open(path).map_err(RetireError::from).and_then(|mut store| {
            let archives = ArchiveFolder::beside(path).archives().unwrap();
            archives.iter().try_for_each(|archive| store.retire(archive, &leaf).map(|_| ()))
        });
        if retired.is_err() {
            std::process::exit(1);
        }
    }

    /// Whatever is struck: all rows are there, or all that is left of them, and another call completes it.
    fn survives(fault: Fault) {
        let folder = tempdir().unwrap();
        let pristine = folder.path().join("pristine");
        database(&pristine);
        let before = leaves(&SqliteReader::open(&pristine).unwrap(), 0, None);
        let work = folder.path().join("work");
        let path = work.join("receipts.db");
        let begin = || {
            let _ = std::fs::remove_dir_all(&work);
            std::fs::create_dir(&work).unwrap();
            std::fs::copy(&pristine, &path).unwrap();
            archive(&path, "x", &rows("old", 1..=3));
            command("failing::retire_when_traced", VICTIM, &path)
        };
        let calls = at_every_call(begin, fault, |at, fared| {
            let because = format!("{fault:?} at call {at}, {fared:?}");
            let mut store = SqliteStore::open(&path).unwrap_or_else(|error| panic!("{because}: {error}"));
            store.check_integrity().unwrap();
            assert_eq!(leaves(&store, 0, None), before, "{because}");
            let stored = sequences(&store, &Query::chain("old")).len();
            let moved = store.moved_chain("old").unwrap().map_or(0, |chain| chain.receipts);
            assert!(matches!((stored, moved), (3, 0) | (0, 3)), "{because}: {stored} and {moved}");
            assert!(fared != Fared::Struck(Some(0)) || moved == 3, "{because}");
            let archives = ArchiveFolder::beside(&path).archives().unwrap();
            let completed = store.retire(&archives[0], &leaf);
            assert_eq!(completed.map(|retired| retired.receipts), Ok(3 - moved), "{because}");
            assert_eq!(leaves(&store, 0, None), before, "{because}");
        });
        assert!(calls > 10, "only {calls} calls were seen");
    }

    /// Whoever made the archive may have been killed, and the machine have lost its power, before any of its names were on disk.
    #[test]
    fn every_name_on_the_way_to_the_archive_is_on_disk_before_its_rows_go() {
        let folder = tempdir().unwrap();
        let work = folder.path().canonicalize().unwrap();
        let path = work.join("receipts.db");
        database(&path);
        archive(&path, "x", &rows("old", 1..=3));
        let synced = synced(command("failing::retire_when_traced", VICTIM, &path));
        let archives = work.join("receipts.db.archives");
        let x = archives.join("x");
        let way = [x.join("receipts.db"), x.join("manifest.json"), x, archives, work];
        assert!(synced.windows(way.len()).any(|window| *window == way), "{synced:?}");
    }

    #[test]
    fn a_crash_at_any_call_leaves_all_or_nothing() {
        survives(Fault::Crash);
    }

    #[test]
    fn a_full_disk_at_any_call_leaves_all_or_nothing() {
        survives(Fault::Refuse(Errno::ENOSPC));
    }

    #[test]
    fn a_failing_disk_at_any_call_leaves_all_or_nothing() {
        survives(Fault::Refuse(Errno::EIO));
    }
}
