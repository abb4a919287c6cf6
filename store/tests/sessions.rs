//! Sessions in a table of our own: beside rows that others wrote, and out of the first version's table.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use agent_receipts_store::{
    Query, ReceiptReader, ReceiptStore, SCHEMA_VERSION, SqliteReader, SqliteStore, StoreError,
};
use support::{collect, foreign, row, rows, sequences};
use tempfile::{TempDir, tempdir};

/// From what this version writes to what version 1 wrote: its sessions by receipt id, and all of the reference's indexes.
const TO_VERSION_1: &str = "
CREATE TABLE ar_sessions (receipt_id TEXT PRIMARY KEY, session_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX ar_sessions_session ON ar_sessions(session_id);
INSERT INTO ar_sessions SELECT r.id, n.name FROM receipts AS r
  JOIN ar_session_receipts AS m ON m.receipt_rowid = r.rowid JOIN ar_session_names AS n ON n.session = m.session;
DROP TABLE ar_session_names; DROP TABLE ar_session_receipts; DROP TABLE ar_foreign_receipts;
DROP INDEX ar_receipts_rotations;
CREATE INDEX idx_receipts_action ON receipts(action_type);
CREATE INDEX idx_receipts_risk ON receipts(risk_level);
CREATE INDEX idx_receipts_timestamp ON receipts(timestamp);
UPDATE ar_meta SET value = '1' WHERE key = 'schema_version';";

/// As another implementation adds a row: only to the table `receipts`.
fn theirs(sequence: u64) -> String {
    format!(
        "INSERT INTO receipts VALUES ('theirs-{sequence}', 'audit', {sequence}, 't', '', 'low', 'success', \
         '2026-11-22T04:00:00Z', 'did:x', NULL, '{{\"issuer\":{{\"session_id\":\"s1\"}}}}', 'sha256:1', NULL, NULL);"
    )
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    (folder, path)
}

fn of(session: &str) -> Query {
    Query {
        session_id: Some(session.to_owned()),
        order: agent_receipts_store::Order::Insertion,
        ..Query::default()
    }
}

/// Five rows of ours in turn in `s1`, `s2` and in none, and one of theirs, as version 1 kept them.
fn version_1(path: &Path) -> Vec<agent_receipts_store::StoredRow> {
    let mut batch = rows("audit", 1..=6);
    batch[1].session_id = Some("s2".to_owned());
    batch[2].session_id = None;
    batch[3].session_id = None;
    batch[4].session_id = Some("s2".to_owned());
    SqliteStore::create(path).unwrap().append(&batch).unwrap();
    let leftover = "INSERT INTO ar_sessions VALUES ('gone', 's1');";
    drop(foreign(path, &format!("{}{TO_VERSION_1}{leftover}", theirs(7))));
    let reader = SqliteReader::open(path).unwrap();
    assert_eq!(reader.schema_version(), Ok(Some(1)));
    collect(&reader, &Query::after(0)).unwrap()
}

#[test]
fn version_1_is_read_as_it_is_and_migrated_without_a_difference() {
    let (_folder, path) = place();
    let before = version_1(&path);
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!((sequences(&reader, &of("s1")), sequences(&reader, &of("s2"))), (vec![1, 6, 7], vec![2, 5]));
    drop(reader);

    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(collect(&store, &Query::after(0)).unwrap(), before);
    store.append(&[row("audit", 8)]).unwrap();
    assert_eq!((sequences(&store, &of("s1")), sequences(&store, &of("s2"))), (vec![1, 6, 7, 8], vec![2, 5]));
    drop(store);
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.schema_version(), Ok(Some(SCHEMA_VERSION)));
    assert_eq!(
        (sequences(&reader, &of("s1")), sequences(&reader, &of("s2"))),
        (vec![1, 6, 7, 8], vec![2, 5])
    );
    let connection = rusqlite::Connection::open(&path).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'ar_sessions'"), 0);
    assert_eq!(
        count("SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'idx_receipts_%'"),
        4,
        "indexes are kept"
    );
}

#[test]
fn a_migration_that_fails_leaves_version_1_as_it_was() {
    let (_folder, path) = place();
    let before = version_1(&path);
    drop(foreign(&path, "CREATE TABLE ar_foreign_receipts (something_else TEXT)"));
    let refusal = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(refusal, StoreError::Sqlite { .. }), "{refusal:?}");
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.schema_version(), Ok(Some(1)));
    assert_eq!(collect(&reader, &Query::after(0)).unwrap(), before);
    assert_eq!(sequences(&reader, &of("s2")), [2, 5]);
    drop(reader);
    drop(foreign(&path, "DROP TABLE ar_foreign_receipts"));
    assert_eq!(sequences(&SqliteStore::open(&path).unwrap(), &of("s2")), [2, 5]);
}

#[test]
fn rows_that_others_added_are_found_by_their_json_before_between_and_after_ours() {
    let (_folder, path) = place();
    drop(SqliteStore::create(&path).unwrap());
    let mut sessionless = row("audit", 2);
    sessionless.session_id = None;
    sessionless.receipt_json = "{\"issuer\":{\"session_id\":\"s1\"}}".to_owned();
    drop(foreign(&path, &theirs(1)));
    assert_eq!(sequences(&SqliteReader::open(&path).unwrap(), &of("s1")), [1]);
    SqliteStore::open(&path).unwrap().append(&[sessionless, row("audit", 3)]).unwrap();
    drop(foreign(&path, &format!("{}{}", theirs(4), theirs(5))));
    assert_eq!(
        sequences(&SqliteReader::open(&path).unwrap(), &of("s1")),
        [1, 3, 4, 5],
        "ours goes by its column"
    );
    SqliteStore::open(&path).unwrap().append(&[row("audit", 6)]).unwrap();
    drop(foreign(&path, &theirs(7)));
    assert_eq!(sequences(&SqliteReader::open(&path).unwrap(), &of("s1")), [1, 3, 4, 5, 6, 7]);
}

#[test]
fn a_row_that_takes_a_deleted_ones_number_does_not_inherit_its_session() {
    let (_folder, path) = place();
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&rows("audit", 1..=3)).unwrap();
    let mut other = row("audit", 4);
    other.session_id = Some("s2".to_owned());
    store.append(&[other.clone()]).unwrap();
    drop(foreign(&path, "DELETE FROM receipts WHERE sequence >= 2"));
    let mut none = row("audit", 2);
    none.session_id = None;
    other.sequence = 3;
    store.append(&[none, other]).unwrap();
    assert_eq!(sequences(&store, &of("s1")), [1]);
    assert_eq!(sequences(&store, &of("s2")), [3], "though it now begins at a lower number");
    assert_eq!(store.by_position("audit", 2).unwrap().unwrap().row.session_id, None);
}

#[test]
fn a_batch_that_fails_leaves_no_session_behind() {
    let (_folder, path) = place();
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&rows("audit", 1..=2)).unwrap();
    let mut fresh = row("audit", 3);
    fresh.session_id = Some("s9".to_owned());
    assert!(store.append(&[fresh.clone(), row("audit", 1)]).is_err());
    assert_eq!(sequences(&store, &of("s9")), [0; 0]);
    // The name that was known for a moment is not taken for one that is in the table.
    store.append(&[fresh]).unwrap();
    assert_eq!(sequences(&store, &of("s9")), [3]);
    drop(store);
    assert_eq!(sequences(&SqliteReader::open(&path).unwrap(), &of("s9")), [3]);
}

#[test]
fn many_sessions_are_told_apart() {
    let (_folder, path) = place();
    let mut store = SqliteStore::create(&path).unwrap();
    // More than the writer remembers, each twice, and not in one go.
    for pass in 0..2 {
        let mut batch = rows("audit", pass * 1500 + 1..=(pass + 1) * 1500);
        for row in &mut batch {
            row.session_id = Some(format!("session {}", row.sequence % 1500));
        }
        store.append(&batch).unwrap();
    }
    for session in [0, 1, 700, 1499] {
        let first = if session == 0 { 1500 } else { session };
        assert_eq!(sequences(&store, &of(&format!("session {session}"))), [first, first + 1500]);
    }
}
