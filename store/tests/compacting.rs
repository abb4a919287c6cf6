//! Compacting: the same rows under the same numbers in fewer bytes, or the file as it was.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use agent_receipts_store::{
    Order, Query, ReceiptReader, ReceiptStore, SqliteReader, SqliteStore, StoreError, StoredRow,
};
use support::{collect, foreign, mode, row, rows, set_mode};
use tempfile::tempdir;

/// A database in which every third receipt is left: gaps between row numbers, and room to give back.
fn sparse(path: &Path) {
    let mut store = SqliteStore::create(path).unwrap();
    let mut batch = rows("audit", 1..=120);
    batch.iter_mut().for_each(|row| row.receipt_json = format!("{{\"x\":\"{}\"}}", "x".repeat(2_000)));
    store.append(&batch).unwrap();
    drop(store);
    let connection = foreign(path, "DELETE FROM receipts WHERE sequence % 3 > 0 AND sequence < 120");
    connection.close().unwrap();
}

fn all(path: &Path) -> Vec<StoredRow> {
    let query = Query { order: Order::Insertion, ..Query::default() };
    collect(&SqliteReader::open(path).unwrap(), &query).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn room_is_given_back_and_every_row_keeps_its_number() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    sparse(&path);
    set_mode(&path, 0o640);
    let before = all(&path);
    let compacted = SqliteStore::open(&path).unwrap().compact().unwrap();
    assert!(compacted.after * 4 < compacted.before * 3, "{compacted:?}");
    assert_eq!(compacted.after, path.metadata().unwrap().len());
    assert_eq!(all(&path), before);
    assert_eq!(mode(&path), 0o640);
    assert_eq!(names(folder.path()), ["receipts.db"]);
    let mut store = SqliteStore::open(&path).unwrap();
    store.check_integrity().unwrap();
    store.append(&[row("audit", 121)]).unwrap();
    assert_eq!(store.max_rowid(), Ok(121));
    let unchanged = store.compact().unwrap();
    assert_eq!(unchanged.before, unchanged.after, "nothing is to be gained twice");
    assert_eq!(all(&path).len(), before.len() + 1);
}

#[test]
fn nobody_may_be_at_work_on_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    sparse(&path);
    let before = all(&path);
    let store = SqliteStore::open(&path).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Locked { .. })), "a daemon is at work");
    let reader = SqliteReader::open(&path).unwrap();
    assert!(matches!(store.compact(), Err(StoreError::Busy { .. })), "a reader is at work");
    assert_eq!(reader.max_rowid(), Ok(120));
    drop(reader);
    assert_eq!(all(&path), before);
    SqliteStore::open(&path).unwrap().compact().unwrap();
    assert_eq!(all(&path), before);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod failing {
    use super::*;
    use nix::errno::Errno;
    use support::command;
    use support::faults::{Fared, Fault, at_every_call, wait_for_tracer};

    const VICTIM: &str = "STORE_TEST_COMPACTING";

    #[test]
    fn compact_when_traced() {
        // Only does something as the child of the tests below.
        let Ok(path) = std::env::var(VICTIM) else { return };
        wait_for_tracer();
        let compacted = SqliteStore::open(&path).and_then(SqliteStore::compact);
        if compacted.is_err() {
            std::process::exit(1);
        }
    }

    fn survives(fault: Fault) {
        let folder = tempdir().unwrap();
        let pristine = folder.path().join("pristine");
        sparse(&pristine);
        let before = all(&pristine);
        let work = folder.path().join("work");
        let path = work.join("receipts.db");
        let begin = || {
            let _ = std::fs::remove_dir_all(&work);
            std::fs::create_dir(&work).unwrap();
            std::fs::copy(&pristine, &path).unwrap();
            command("failing::compact_when_traced", VICTIM, &path)
        };
        let calls = at_every_call(begin, fault, |at, fared| {
            let because = format!("{fault:?} at call {at}, {fared:?}");
            // The next start is what repairs; a reader before it may be told that a change is unfinished.
            let store = SqliteStore::open(&path).unwrap_or_else(|error| panic!("{because}: {error}"));
            store.check_integrity().unwrap();
            let compacted = store.compact().unwrap_or_else(|error| panic!("{because}: {error}"));
            assert!(fared != Fared::Struck(Some(0)) || compacted.before == compacted.after, "{because}");
            assert_eq!(all(&path), before, "{because}");
            assert_eq!(names(&work), ["receipts.db"], "{because}");
        });
        assert!(calls > 20, "only {calls} calls were seen");
    }

    #[test]
    fn a_crash_at_any_call_loses_nothing() {
        survives(Fault::Crash);
    }

    #[test]
    fn a_full_disk_at_any_call_loses_nothing() {
        survives(Fault::Refuse(Errno::ENOSPC));
    }

    #[test]
    fn a_failing_disk_at_any_call_loses_nothing() {
        survives(Fault::Refuse(Errno::EIO));
    }
}
