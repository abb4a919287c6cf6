//! Copies: whole, of one moment, and there or not there, whatever fails.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use agent_receipts_store::{
    Existing, Query, ReceiptReader, ReceiptStore, SqliteReader, SqliteStore, StoreError,
};
use support::{collect, foreign, mode, rows, sequences, traces};
use tempfile::tempdir;

const BATCH: u64 = 7;

fn database(path: &Path, last: u64) -> SqliteStore {
    let mut store = SqliteStore::create(path).unwrap();
    store.append(&rows("audit", 1..=last)).unwrap();
    store
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_copy_holds_what_the_database_held_and_changes_nothing_of_it() {
    let (folder, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    let (path, copy) = (folder.path().join("receipts.db"), elsewhere.path().join("copy.db"));
    drop(database(&path, 20));
    let before = traces(folder.path());
    let reader = SqliteReader::open(&path).unwrap();
    let copied = reader.copy_to(&copy, Existing::Keep).unwrap();
    assert_eq!((copied.receipts, copied.bytes), (20, copy.metadata().unwrap().len()));
    assert_eq!(traces(folder.path()), before);
    assert_eq!(names(elsewhere.path()), ["copy.db"]);
    assert_eq!(mode(&copy), 0o600);
    let all = Query { order: agent_receipts_store::Order::Insertion, ..Query::default() };
    let copied = SqliteReader::open(&copy).unwrap();
    assert_eq!(collect(&copied, &all).unwrap(), collect(&reader, &all).unwrap());
    assert_eq!(copied.schema_version(), reader.schema_version());
    // The copy is a database that can be written to: what a restored backup is for.
    drop(copied);
    let mut restored = SqliteStore::open(&copy).unwrap();
    restored.append(&rows("audit", 21..=22)).unwrap();
    assert_eq!(restored.head("audit").unwrap().unwrap().sequence, 22);
}

#[test]
fn a_copy_made_under_a_writer_is_of_one_moment_and_holds_up_nobody() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    let mut store = database(&path, BATCH);
    let mut sizes = Vec::new();
    std::thread::scope(|scope| {
        let copier = scope.spawn(|| {
            let copy = folder.path().join("copy.db");
            let mut sizes = Vec::new();
            for _ in 0..20 {
                SqliteReader::open(&path).unwrap().copy_to(&copy, Existing::Replace).unwrap();
                sizes.push(sequences(&SqliteReader::open(&copy).unwrap(), &Query::chain("audit")));
            }
            sizes
        });
        for batch in 1..200 {
            store.append(&rows("audit", batch * BATCH + 1..=(batch + 1) * BATCH)).unwrap();
        }
        sizes = copier.join().unwrap();
    });
    for found in &sizes {
        assert_eq!(found.len() as u64 % BATCH, 0, "a batch is half there");
        assert_eq!(*found, (1..=found.len() as u64).collect::<Vec<_>>());
    }
    assert!(sizes.is_sorted(), "a later copy is older");
    assert_eq!(store.head("audit").unwrap().unwrap().sequence, 200 * BATCH);
}

#[test]
fn nothing_is_overwritten_that_was_not_to_be() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    let store = database(&path, 3);
    let copy = folder.path().join("copy.db");
    std::fs::write(&copy, "mine").unwrap();
    let reader = SqliteReader::open(&path).unwrap();
    let there = |path: &Path| Err(StoreError::AlreadyExists { path: path.canonicalize().unwrap() });
    assert_eq!(reader.copy_to(&copy, Existing::Keep), there(&copy));
    assert_eq!(std::fs::read(&copy).unwrap(), b"mine");
    // Not even when told: a backup over its own original, under whatever name.
    let alias = folder.path().join("alias.db");
    std::fs::hard_link(&path, &alias).unwrap();
    assert_eq!(reader.copy_to(&alias, Existing::Replace), there(&alias));
    assert!(matches!(reader.copy_to(&path, Existing::Replace), Err(StoreError::InUse { .. })));
    // The writer last, which then leaves nothing beside the database.
    drop(reader);
    drop(store);
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.copy_to(&path, Existing::Replace), there(&path));
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&copy, &link).unwrap();
    assert!(matches!(reader.copy_to(&link, Existing::Replace), Err(StoreError::Symlink { .. })));
    assert!(matches!(reader.copy_to(folder.path(), Existing::Replace), Err(StoreError::NotRegular { .. })));
    std::fs::write(folder.path().join("copy.db-wal"), "log").unwrap();
    assert!(matches!(reader.copy_to(&copy, Existing::Replace), Err(StoreError::InUse { .. })));
    std::fs::remove_file(folder.path().join("copy.db-wal")).unwrap();
    assert_eq!(reader.copy_to(&copy, Existing::Replace).unwrap().receipts, 3);
    assert_eq!(names(folder.path()), ["alias.db", "copy.db", "link.db", "receipts.db"]);
}

#[test]
fn a_damaged_database_gives_no_copy() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    drop(database(&path, 400));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 16384 * 16384;
    bytes[middle..middle + 64].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let copy = folder.path().join("copy.db");
    let refusal = SqliteReader::open(&path).unwrap().copy_to(&copy, Existing::Keep).unwrap_err();
    assert!(matches!(refusal, StoreError::Corrupt { .. }), "{refusal:?}");
    assert_eq!(names(folder.path()), ["receipts.db"]);
}

#[test]
fn a_database_of_the_reference_is_copied_as_it_is() {
    let folder = tempdir().unwrap();
    let (path, copy) = (folder.path().join("receipts.db"), folder.path().join("copy.db"));
    let statements = "CREATE TABLE receipts (id TEXT PRIMARY KEY, chain_id TEXT NOT NULL, sequence INTEGER NOT NULL, \
        action_type TEXT NOT NULL, risk_level TEXT NOT NULL, status TEXT NOT NULL, timestamp TEXT NOT NULL, \
        issuer_id TEXT NOT NULL, principal_id TEXT, receipt_json TEXT NOT NULL, receipt_hash TEXT NOT NULL, \
        previous_receipt_hash TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP); \
        INSERT INTO receipts (rowid, id, chain_id, sequence, action_type, risk_level, status, timestamp, issuer_id, \
        receipt_json, receipt_hash) VALUES (17, 'r', 'c', 1, 'a', 'low', 'success', 't', 'i', '{}', 'h');";
    drop(foreign(&path, statements));
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.copy_to(&copy, Existing::Keep).unwrap().receipts, 1);
    let copied = SqliteReader::open(&copy).unwrap();
    assert_eq!(copied.schema_version(), Ok(None));
    assert_eq!(copied.by_id("r").unwrap(), reader.by_id("r").unwrap());
    assert_eq!(copied.max_rowid(), Ok(17));
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod failing {
    use super::*;
    use nix::errno::Errno;
    use support::command;
    use support::faults::{Fared, Fault, at_every_call, wait_for_tracer};

    const VICTIM: &str = "STORE_TEST_COPYING";
    const RECEIPTS: u64 = 30;

    #[test]
    fn copy_when_traced() {
        // Only does something as the child of the tests below.
        let Ok(folder) = std::env::var(VICTIM) else { return };
        let folder = Path::new(&folder);
        let reader = SqliteReader::open(folder.join("receipts.db")).unwrap();
        let existing = if folder.join("replace").exists() { Existing::Replace } else { Existing::Keep };
        wait_for_tracer();
        if reader.copy_to(&folder.join("out/copy.db"), existing).is_err() {
            std::process::exit(1);
        }
    }

    /// After each fault: the original untouched; the copy absent, the earlier one, or whole; and the next copy good.
    fn survives(fault: Fault, replace: bool) {
        let folder = tempdir().unwrap();
        let (path, out) = (folder.path().join("receipts.db"), folder.path().join("out"));
        drop(database(&path, RECEIPTS));
        if replace {
            std::fs::write(folder.path().join("replace"), "").unwrap();
        }
        let before = traces(folder.path());
        let copy = out.join("copy.db");
        let begin = || {
            let _ = std::fs::remove_dir_all(&out);
            std::fs::create_dir(&out).unwrap();
            if replace {
                std::fs::write(&copy, "an earlier one").unwrap();
            }
            command("failing::copy_when_traced", VICTIM, folder.path())
        };
        let calls = at_every_call(begin, fault, |at, fared| {
            let is_whole = || {
                let copied = SqliteReader::open(&copy).unwrap();
                copied.check_integrity().unwrap();
                sequences(&copied, &Query::chain("audit")) == (1..=RECEIPTS).collect::<Vec<_>>()
            };
            match std::fs::read(&copy) {
                Err(_) => assert!(!replace, "{fault:?} at call {at}: the earlier copy is gone"),
                Ok(bytes) if bytes == b"an earlier one" => assert!(replace),
                Ok(_) => assert!(is_whole(), "{fault:?} at call {at}"),
            }
            if fared == Fared::Struck(Some(0)) {
                assert!(is_whole(), "{fault:?} at call {at}: said to be done");
            }
            let again = SqliteReader::open(&path).unwrap().copy_to(&copy, Existing::Replace);
            assert_eq!(again.unwrap().receipts, RECEIPTS, "{fault:?} at call {at}");
            assert!(is_whole());
            assert_eq!(names(&out), ["copy.db"], "{fault:?} at call {at}");
        });
        assert!(calls > 8, "only {calls} calls were seen");
        std::fs::remove_dir_all(&out).unwrap();
        let after = traces(folder.path());
        assert_eq!(after.get(&path), before.get(&path));
    }

    #[test]
    fn a_crash_at_any_call_leaves_a_whole_copy_or_none() {
        survives(Fault::Crash, false);
        survives(Fault::Crash, true);
    }

    #[test]
    fn a_full_disk_at_any_call_leaves_a_whole_copy_or_none() {
        survives(Fault::Refuse(Errno::ENOSPC), false);
        survives(Fault::Refuse(Errno::ENOSPC), true);
    }

    #[test]
    fn a_failing_disk_at_any_call_leaves_a_whole_copy_or_none() {
        survives(Fault::Refuse(Errno::EIO), true);
    }
}
