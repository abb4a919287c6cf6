//! Taking up another's database: its rows stay as they are to the byte, whatever fails on the way.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use agent_receipts_store::{ReceiptReader, ReceiptStore, SCHEMA_VERSION, SqliteReader, SqliteStore};
use rusqlite::Connection;
use rusqlite::types::Value;
use support::{foreign, row};
use tempfile::{TempDir, tempdir};

const COLUMNS: &str = "id, chain_id, sequence, action_type, risk_level, status, timestamp, issuer_id, principal_id, \
    receipt_json, receipt_hash, previous_receipt_hash, created_at";

/// Three ages of the table: before `tool_name`, as the reference makes it now, and as our version 1 had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    BeforeToolNames,
    OfTheReference,
    OfVersionOne,
}

const AGES: [Age; 3] = [Age::BeforeToolNames, Age::OfTheReference, Age::OfVersionOne];
const RECEIPTS: u64 = 25;

/// A database of that age, with gaps between its row numbers, and a clock that stepped back an hour in the middle; left by a crash:
/// a part of it is in its log only.
fn database(age: Age) -> (TempDir, PathBuf) {
    let (elsewhere, folder) = (tempdir().unwrap(), tempdir().unwrap());
    let path = elsewhere.path().join("receipts.db");
    let tool_name = if age == Age::BeforeToolNames { "" } else { "tool_name TEXT NOT NULL DEFAULT ''," };
    let journal = if age == Age::BeforeToolNames { "DELETE" } else { "WAL" };
    let connection = foreign(
        &path,
        &format!(
            "PRAGMA journal_mode = {journal}; PRAGMA wal_autocheckpoint = 0; CREATE TABLE receipts (id TEXT PRIMARY KEY, \
             chain_id TEXT NOT NULL, sequence INTEGER NOT NULL, action_type TEXT NOT NULL, {tool_name} \
             risk_level TEXT NOT NULL, status TEXT NOT NULL, timestamp TEXT NOT NULL, issuer_id TEXT NOT NULL, \
             principal_id TEXT, receipt_json TEXT NOT NULL, receipt_hash TEXT NOT NULL, previous_receipt_hash TEXT, \
             created_at TEXT DEFAULT CURRENT_TIMESTAMP); \
             CREATE UNIQUE INDEX idx_receipts_chain ON receipts(chain_id, sequence); \
             CREATE INDEX idx_receipts_timestamp ON receipts(timestamp);"
        ),
    );
    if age == Age::OfVersionOne {
        connection
            .execute_batch(
                "CREATE TABLE ar_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID; \
                 INSERT INTO ar_meta VALUES ('schema_version', '1'); \
                 CREATE TABLE ar_sessions (receipt_id TEXT PRIMARY KEY, session_id TEXT NOT NULL) WITHOUT ROWID; \
                 INSERT INTO ar_sessions VALUES ('urn:receipt:audit:3', 's1'), ('urn:receipt:audit:4', 's2');",
            )
            .unwrap();
    }
    for sequence in 1..=RECEIPTS {
        let row = row("audit", sequence);
        let sql = format!(
            "INSERT INTO receipts (rowid, {COLUMNS}) VALUES (?1, ?2, 'audit', ?3, 'a b', 'low', \
            'success', CASE WHEN ?3 < 12 THEN '2026-11-22T03:39:59Z' ELSE '2026-11-22T02:39:59Z' END, 'i', NULL, ?4, ?5, ?6, '2026-01-0' || (?3 % 9))"
        );
        let json = format!("{{\"n\" : {sequence}, \"e\":\"\\u003c\",\n\"x\":\"{}\"}}", "é".repeat(900));
        let values = rusqlite::params![
            sequence as i64 * 3,
            row.id,
            sequence as i64,
            json,
            row.receipt_hash,
            row.previous_receipt_hash
        ];
        connection.execute(&sql, values).unwrap();
    }
    // Copied while it is open, so that what a crash leaves is copied too.
    for entry in std::fs::read_dir(elsewhere.path()).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    let path = folder.path().join("receipts.db");
    (folder, path)
}

/// Every value of every row, the row's number first.
fn literally(path: &Path) -> Vec<Vec<Value>> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare(&format!("SELECT rowid, {COLUMNS} FROM receipts NOT INDEXED ORDER BY rowid"))
        .unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}

fn is_taken_up(path: &Path, before: &[Vec<Value>], because: &str) {
    let mut store = SqliteStore::open(path).unwrap_or_else(|error| panic!("{because}: {error}"));
    store.check_integrity().unwrap();
    store.append(&[row("audit", RECEIPTS + 1)]).unwrap();
    assert_eq!(store.max_rowid(), Ok(RECEIPTS as i64 * 3 + 1), "{because}");
    drop(store);
    assert_eq!(SqliteReader::open(path).unwrap().schema_version(), Ok(Some(SCHEMA_VERSION)), "{because}");
    let after = literally(path);
    assert_eq!(after.len(), before.len() + 1, "{because}");
    assert!(after[..before.len()] == *before, "{because}: a row was touched");
}

#[test]
fn no_row_is_touched() {
    for age in AGES {
        let (_folder, path) = database(age);
        let untouched = {
            // Looked at in a copy, since looking with another program already folds the log in.
            let copy = tempdir().unwrap();
            for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
            literally(&copy.path().join("receipts.db"))
        };
        assert_eq!(untouched.len() as u64, RECEIPTS);
        is_taken_up(&path, &untouched, &format!("{age:?}"));
        let sessions = SqliteReader::open(&path).unwrap();
        let third = sessions.by_position("audit", 3).unwrap().unwrap().row.session_id;
        assert_eq!(third.as_deref(), (age == Age::OfVersionOne).then_some("s1"), "{age:?}");
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod failing {
    use super::*;
    use agent_receipts_store::StoreError;
    use nix::errno::Errno;
    use support::command;
    use support::faults::{Fared, Fault, at_every_call, wait_for_tracer};

    const VICTIM: &str = "STORE_TEST_MIGRATING";

    #[test]
    fn open_when_traced() {
        // Only does something as the child of the tests below.
        let Ok(path) = std::env::var(VICTIM) else { return };
        wait_for_tracer();
        if let Err(error) = SqliteStore::open(path) {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }

    /// After each fault the rows are there to the byte, a reader reads them or says why not, and the next start goes on.
    fn survives(fault: Fault) {
        for age in AGES {
            let (pristine, _) = database(age);
            let folder = tempdir().unwrap();
            let path = folder.path().join("receipts.db");
            let renew = || {
                for entry in std::fs::read_dir(folder.path()).unwrap() {
                    std::fs::remove_file(entry.unwrap().path()).unwrap();
                }
                for entry in std::fs::read_dir(pristine.path()).unwrap() {
                    let entry = entry.unwrap();
                    std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
                }
            };
            renew();
            let before = literally(&path);
            let begin = || {
                renew();
                command("failing::open_when_traced", VICTIM, &path)
            };
            let calls = at_every_call(begin, fault, |at, fared| {
                let because = format!("{age:?}, {fault:?} at call {at}, {fared:?}");
                match SqliteReader::open(&path).and_then(|reader| reader.by_position("audit", RECEIPTS)) {
                    Ok(last) => assert_eq!(last.unwrap().rowid, RECEIPTS as i64 * 3, "{because}"),
                    Err(error) => {
                        assert!(matches!(error, StoreError::UnfinishedJournal { .. }), "{because}: {error}")
                    }
                }
                assert!(fault != Fault::Crash || fared == Fared::Struck(None), "{because}");
                is_taken_up(&path, &before, &because);
            });
            assert!(calls > 8, "{age:?}: only {calls} calls were seen");
        }
    }

    #[test]
    fn a_crash_at_any_call_is_repaired_by_the_next_start() {
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
