//! Reading without a trace: a database in use, closed, or left by a crash.
#![allow(clippy::unwrap_used)]

mod support;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use agent_receipts_store::{Query, ReceiptReader, ReceiptStore, SqliteReader, SqliteStore, StoreError};
use support::{collect, command, foreign, row, rows, sequences, traces};
use tempfile::{TempDir, tempdir};

const CHILD: &str = "STORE_TEST_READER";

fn store_of(count: u64) -> (TempDir, PathBuf, SqliteStore) {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&rows("audit", 1..=count)).unwrap();
    (folder, path, store)
}

/// The files as a killed writer leaves them, in a folder of their own.
fn crashed(with_shm: bool) -> (TempDir, PathBuf) {
    let (live, path, store) = store_of(3);
    let folder = tempdir().unwrap();
    let copy = folder.path().canonicalize().unwrap().join("receipts.db");
    std::fs::copy(&path, &copy).unwrap();
    let suffixes: &[&str] = if with_shm { &["-wal", "-shm"] } else { &["-wal"] };
    for suffix in suffixes {
        std::fs::copy(side(&path, suffix), side(&copy, suffix)).unwrap();
    }
    drop((store, live));
    (folder, copy)
}

fn side(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Asks everything there is to ask.
fn read_everything(path: &Path, expected: &[u64]) {
    let reader = SqliteReader::open(path).unwrap();
    assert_eq!(sequences(&reader, &Query::chain("audit")), expected);
    let last = expected.last().copied();
    assert_eq!(reader.head("audit").unwrap().map(|head| head.sequence), last);
    assert_eq!(reader.chains().unwrap()[0].length, expected.len() as u64);
    assert_eq!(reader.latest_root_chain(), Ok(Some("audit".to_owned())));
    assert_eq!(reader.max_rowid(), Ok(expected.len() as i64));
    let in_session = Query { session_id: Some("s1".to_owned()), ..Query::default() };
    assert_eq!(sequences(&reader, &in_session), expected);
    reader.check_integrity().unwrap();
    assert!(reader.still_current());
}

#[test]
fn a_closed_database_is_read_without_a_trace() {
    let (folder, path, store) = store_of(3);
    drop(store);
    assert!(!side(&path, "-wal").exists());
    let before = traces(folder.path());
    read_everything(&path, &[1, 2, 3]);
    assert_eq!(traces(folder.path()), before);
}

#[test]
fn what_a_crash_left_is_read_without_a_trace() {
    for with_shm in [true, false] {
        let (folder, path) = crashed(with_shm);
        let before = traces(folder.path());
        read_everything(&path, &[1, 2, 3]);
        assert_eq!(traces(folder.path()), before, "-shm present: {with_shm}");
    }
}

#[test]
fn a_copy_of_the_database_without_its_wal_shows_what_had_been_folded_in() {
    let (_folder, path) = crashed(false);
    std::fs::remove_file(side(&path, "-wal")).unwrap();
    // The schema itself was still in the -wal.
    assert!(matches!(SqliteReader::open(&path), Err(StoreError::ForeignSchema { .. })));
}

#[test]
fn an_empty_wal_is_nothing_to_recover() {
    let (folder, path, store) = store_of(2);
    drop(store);
    std::fs::write(side(&path, "-wal"), b"").unwrap();
    let before = traces(folder.path());
    read_everything(&path, &[1, 2]);
    assert_eq!(traces(folder.path()), before);
}

#[test]
fn a_database_in_use_is_read_without_a_trace() {
    if let Ok(path) = std::env::var(CHILD) {
        // In a process of its own, for within one process SQLite shares what the writer has mapped.
        let path = Path::new(&path);
        let count = SqliteReader::open(path).unwrap().max_rowid().unwrap();
        return read_everything(path, &(1..=count as u64).collect::<Vec<_>>());
    }
    let read = |folder: &TempDir, path: &Path| {
        let before = traces(folder.path());
        let outcome = command("a_database_in_use_is_read_without_a_trace", CHILD, path).output().unwrap();
        assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
        assert_eq!(traces(folder.path()), before);
    };
    let (folder, path, mut store) = store_of(3);
    read(&folder, &path);
    store.append(&[row("audit", 4)]).unwrap();
    read(&folder, &path);
    drop(store);
    let mut store = SqliteStore::open(&path).unwrap();
    read(&folder, &path);
    for sequence in 5..=7 {
        store.append(&[row("audit", sequence)]).unwrap();
        read(&folder, &path);
    }
}

#[test]
fn a_reader_of_a_database_in_use_sees_what_is_added() {
    let (_folder, path, mut store) = store_of(1);
    let reader = SqliteReader::open(&path).unwrap();
    for sequence in 2..=20 {
        store.append(&[row("audit", sequence)]).unwrap();
        assert_eq!(reader.head("audit").unwrap().unwrap().sequence, sequence);
        assert!(reader.still_current());
    }
}

#[test]
fn a_stream_shows_one_state_while_the_writer_goes_on() {
    let (_folder, path, mut store) = store_of(50);
    let reader = SqliteReader::open(&path).unwrap();
    let mut seen = Vec::new();
    let outcome = reader.stream(&Query::chain("audit"), &mut |stored| {
        seen.push(stored.row.sequence);
        store.append(&[row("audit", 50 + stored.row.sequence)]).unwrap();
        ControlFlow::Continue(())
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(seen, (1..=50).collect::<Vec<_>>());
    assert_eq!(reader.head("audit").unwrap().unwrap().sequence, 100);
}

#[test]
fn a_writer_that_comes_while_a_closed_database_is_read_is_noticed() {
    let (_folder, path, store) = store_of(3);
    drop(store);
    let mut reader = SqliteReader::open(&path).unwrap();
    let mut store = SqliteStore::open(&path).unwrap();
    store.append(&[row("audit", 4)]).unwrap();
    assert!(!reader.still_current());
    let changed = StoreError::Changed { path: path.clone() };
    assert_eq!(reader.head("audit"), Err(changed.clone()));
    assert_eq!(collect(&reader, &Query::chain("audit")), Err(changed.clone()));
    assert!(!changed.is_fatal());
    reader.reopen().unwrap();
    assert_eq!(sequences(&reader, &Query::chain("audit")), [1, 2, 3, 4]);
}

#[test]
fn a_writer_that_came_and_went_is_noticed() {
    for crashed_before in [false, true] {
        let (folder, path) = if crashed_before {
            crashed(false)
        } else {
            let (folder, path, store) = store_of(3);
            drop(store);
            (folder, path)
        };
        let mut reader = SqliteReader::open(&path).unwrap();
        let mut seen = 0;
        let outcome = reader.stream(&Query::chain("audit"), &mut |_| {
            seen += 1;
            let mut store = SqliteStore::open(&path).unwrap();
            store.append(&[row("audit", 3 + seen)]).unwrap();
            ControlFlow::Continue(())
        });
        assert_eq!(outcome, Err(StoreError::Changed { path: path.clone() }));
        reader.reopen().unwrap();
        assert_eq!(reader.head("audit").unwrap().unwrap().sequence, 3 + seen);
        drop(folder);
    }
}

#[test]
fn a_database_put_in_anothers_place_is_noticed() {
    let (folder, path, _store) = store_of(3);
    let reader = SqliteReader::open(&path).unwrap();
    assert!(reader.still_current());
    let moved = folder.path().join("old.db");
    std::fs::rename(&path, &moved).unwrap();
    let changed = StoreError::Changed { path: path.clone() };
    assert_eq!(reader.max_rowid(), Err(changed.clone()));
    std::fs::copy(&moved, &path).unwrap();
    assert!(!reader.still_current());
    assert_eq!(reader.max_rowid(), Err(changed));
}

#[test]
fn a_name_full_of_meaning_in_a_uri_is_read_as_it_is() {
    let folder = tempdir().unwrap();
    let odd = folder.path().join("a b?mode=rwc&x#y%41 ü");
    std::fs::create_dir(&odd).unwrap();
    let path = odd.join("re%63eipts?immutable=0#.db");
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&rows("audit", 1..=2)).unwrap();
    read_everything(&path, &[1, 2]);
    drop(store);
    let before = traces(&odd);
    read_everything(&path, &[1, 2]);
    assert_eq!(traces(&odd), before);
    assert_eq!(std::fs::read_dir(&odd).unwrap().count(), 1);
}

#[test]
fn a_missing_database_is_refused_and_not_made() {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    let refusal = SqliteReader::open(&path).unwrap_err();
    assert_eq!(refusal, StoreError::Missing { path: path.clone() });
    assert!(refusal.to_string().contains(path.to_str().unwrap()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_unfinished_rollback_journal_is_refused() {
    let (folder, path, store) = store_of(1);
    drop(store);
    std::fs::write(side(&path, "-journal"), b"a hot journal").unwrap();
    let before = traces(folder.path());
    let refusal = SqliteReader::open(&path).unwrap_err();
    assert_eq!(refusal, StoreError::UnfinishedJournal { path: side(&path, "-journal") });
    assert_eq!(traces(folder.path()), before);
}

#[test]
fn a_link_in_the_folders_of_the_path_is_followed() {
    let (folder, path, _store) = store_of(2);
    let other = tempdir().unwrap();
    let link = other.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    let reader = SqliteReader::open(link.join("receipts.db")).unwrap();
    assert_eq!(reader.path(), path);
    assert_eq!(sequences(&reader, &Query::chain("audit")), [1, 2]);
}

#[test]
fn a_foreign_writer_with_rollback_journal_is_read_too() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    drop(SqliteStore::create(&path).unwrap());
    drop(foreign(&path, "PRAGMA journal_mode = DELETE"));
    let before = traces(folder.path());
    assert_eq!(SqliteReader::open(&path).unwrap().max_rowid(), Ok(0));
    assert_eq!(traces(folder.path()), before);
}
