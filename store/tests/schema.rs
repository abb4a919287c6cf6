//! Databases as others made, altered or damaged them.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use agent_receipts_store::{
    Query, ReceiptReader, ReceiptStore, SCHEMA_VERSION, SqliteReader, SqliteStore, StoreError,
};
use support::{collect, foreign, row, rows, sequences, traces};
use tempfile::{TempDir, tempdir};

/// The reference's table before `tool_name` came, with two rows; one names its session in its JSON.
const OLD: &str = r#"
CREATE TABLE receipts (id TEXT PRIMARY KEY, chain_id TEXT NOT NULL, sequence INTEGER NOT NULL, action_type TEXT NOT NULL,
 risk_level TEXT NOT NULL, status TEXT NOT NULL, timestamp TEXT NOT NULL, issuer_id TEXT NOT NULL, principal_id TEXT,
 receipt_json TEXT NOT NULL, receipt_hash TEXT NOT NULL, previous_receipt_hash TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP);
INSERT INTO receipts VALUES ('one', 'audit', 1, 't', 'low', 'success', '2026-01-01T00:00:00Z', 'did:x', NULL,
 '{"issuer":{"session_id":"s1"}}', 'sha256:1', NULL, NULL);
INSERT INTO receipts VALUES ('two', 'audit', 2, 't', 'low', 'success', '2026-01-01T00:00:01Z', 'did:x', NULL,
 'not json', 'sha256:2', 'sha256:1', NULL);"#;

fn database(statements: &str) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    drop(foreign(&path, statements));
    (folder, path)
}

fn ours(statements: &str) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    SqliteStore::create(&path).unwrap().append(&rows("audit", 1..=3)).unwrap();
    drop(foreign(&path, statements));
    (folder, path)
}

/// Both openings refuse, and leave the file as it was.
fn refused(folder: &Path, path: &Path) -> StoreError {
    let before = std::fs::read(path).unwrap();
    let refusal = SqliteReader::open(path).unwrap_err();
    assert_eq!(SqliteStore::open(path).unwrap_err(), refusal);
    assert_eq!(SqliteStore::create_or_open(path).unwrap_err(), refusal);
    assert_eq!(std::fs::read(path).unwrap(), before);
    assert!(refusal.to_string().contains(path.to_str().unwrap()));
    assert!(refusal.is_fatal());
    assert!(traces(folder).len() <= 4);
    refusal
}

#[test]
fn the_schema_is_the_references() {
    let (_folder, path) = ours("");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut statement = connection
        .prepare("SELECT name, type, \"notnull\", COALESCE(dflt_value, '-'), pk FROM pragma_table_info('receipts')")
        .unwrap();
    let columns: Vec<String> = statement
        .query_map([], |row| {
            let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
            let (required, default, key): (i64, String, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(format!("{name} {kind} {required} {default} {key}"))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(
        columns,
        [
            "id TEXT 0 - 1",
            "chain_id TEXT 1 - 0",
            "sequence INTEGER 1 - 0",
            "action_type TEXT 1 - 0",
            "tool_name TEXT 1 '' 0",
            "risk_level TEXT 1 - 0",
            "status TEXT 1 - 0",
            "timestamp TEXT 1 - 0",
            "issuer_id TEXT 1 - 0",
            "principal_id TEXT 0 - 0",
            "receipt_json TEXT 1 - 0",
            "receipt_hash TEXT 1 - 0",
            "previous_receipt_hash TEXT 0 - 0",
            "created_at TEXT 0 CURRENT_TIMESTAMP 0",
        ]
    );
    let mut statement = connection
        .prepare("SELECT name FROM pragma_index_list('receipts') WHERE origin = 'c' ORDER BY name")
        .unwrap();
    let indexes: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(indexes, ["ar_receipts_rotations", "idx_receipts_chain"], "theirs that we need, and ours");
    let pragma =
        |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((pragma("user_version"), pragma("application_id")), (0, 0));
    let created: Option<String> =
        connection.query_row("SELECT created_at FROM receipts LIMIT 1", [], |row| row.get(0)).unwrap();
    assert!(created.is_some());
}

#[test]
fn an_old_file_of_the_reference_is_read_as_it_is() {
    let (folder, path) = database(OLD);
    let before = traces(folder.path());
    let reader = SqliteReader::open(&path).unwrap();
    let found = collect(&reader, &Query::chain("audit")).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].row.tool_name.as_str(), &found[0].row.session_id), ("", &None));
    let in_session = Query { session_id: Some("s1".to_owned()), ..Query::default() };
    assert_eq!(sequences(&reader, &in_session), [1]);
    assert_eq!(traces(folder.path()), before);
}

#[test]
fn an_old_file_of_the_reference_is_continued() {
    let (_folder, path) = database(OLD);
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.head("audit").unwrap().unwrap().receipt_hash, "sha256:2");
    store.append(&rows("audit", 3..=4)).unwrap();
    let by_session = |session: &str| Query { session_id: Some(session.to_owned()), ..Query::chain("audit") };
    assert_eq!(sequences(&store, &by_session("s1")), [1, 3, 4], "theirs by its JSON, ours by our table");
    drop(store);
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(sequences(&reader, &by_session("s1")), [1, 3, 4]);
    assert_eq!(collect(&reader, &by_session("s1")).unwrap()[2].row, row("audit", 4));
}

#[test]
fn opening_a_file_that_is_up_to_date_writes_nothing_to_it() {
    let (_folder, path) = ours("");
    let before = std::fs::read(&path).unwrap();
    drop(SqliteStore::open(&path).unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

fn page_size(path: &Path) -> usize {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
}

#[test]
fn a_new_database_has_large_pages_and_an_old_one_keeps_its_own() {
    let (_folder, path) = ours("");
    assert_eq!(page_size(&path), 16384);
    let folder = tempdir().unwrap();
    let empty = folder.path().join("receipts.db");
    std::fs::write(&empty, b"").unwrap();
    drop(SqliteStore::create_or_open(&empty).unwrap());
    assert_eq!(page_size(&empty), 16384);
    let (_folder, path) = database(&format!("PRAGMA page_size = 8192; {OLD}"));
    SqliteStore::open(&path).unwrap().append(&[row("audit", 3)]).unwrap();
    assert_eq!(page_size(&path), 8192);
}

#[test]
fn the_indexes_of_others_are_kept() {
    let (_folder, path) = database(&format!(
        "{OLD} CREATE INDEX idx_receipts_action ON receipts(action_type); CREATE INDEX idx_receipts_status ON receipts(status)"
    ));
    drop(SqliteStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut statement = connection
        .prepare("SELECT name FROM pragma_index_list('receipts') WHERE origin = 'c' ORDER BY name")
        .unwrap();
    let found: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    // Rotations are found by the index that is there.
    assert_eq!(found, ["idx_receipts_action", "idx_receipts_chain", "idx_receipts_status"]);
}

#[test]
fn a_newer_schema_is_read_but_not_written() {
    let next = (SCHEMA_VERSION + 1).to_string();
    for version in [next.as_str(), "4000000000", "1.5", "new"] {
        let (_folder, path) =
            ours(&format!("UPDATE ar_meta SET value = '{version}' WHERE key = 'schema_version'"));
        let before = std::fs::read(&path).unwrap();
        let refusal = SqliteStore::open(&path).unwrap_err();
        let expected = StoreError::NewerSchema {
            path: path.clone(),
            found: version.to_owned(),
            supported: SCHEMA_VERSION,
        };
        assert_eq!(refusal, expected);
        assert!(refusal.is_fatal() && refusal.to_string().contains("upgrade"));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let reader = SqliteReader::open(&path).unwrap();
        assert_eq!(sequences(&reader, &Query::chain("audit")), [1, 2, 3]);
        assert_eq!(reader.schema_version(), Err(refusal));
    }
}

#[test]
fn a_reader_tells_our_version_and_that_the_reference_has_none() {
    let (_folder, path) = ours("");
    assert_eq!(SqliteReader::open(&path).unwrap().schema_version(), Ok(Some(SCHEMA_VERSION)));
    let (_folder, path) = database(OLD);
    assert_eq!(SqliteReader::open(&path).unwrap().schema_version(), Ok(None));
}

#[test]
fn a_newer_schema_without_the_receipts_that_we_know_is_not_even_read() {
    let newer = format!("UPDATE ar_meta SET value = '{}'", SCHEMA_VERSION + 1);
    let (folder, path) = ours(&format!("{newer}; ALTER TABLE receipts RENAME COLUMN receipt_json TO body"));
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(SqliteReader::open(&path), Err(StoreError::ForeignSchema { .. })));
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::NewerSchema { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(folder);
}

#[test]
fn a_database_of_something_else_is_refused() {
    let (folder, path) = database("CREATE TABLE bookmarks (url TEXT)");
    let refusal = refused(folder.path(), &path);
    assert!(refusal.to_string().contains("there is no table `receipts`"), "{refusal}");
}

#[test]
fn receipts_that_are_no_table_are_refused() {
    let views = "CREATE TABLE real (x); CREATE VIEW receipts AS SELECT x AS id FROM real";
    for statements in [views, "CREATE VIRTUAL TABLE receipts USING fts5(id, chain_id)"] {
        let (folder, path) = database(statements);
        let refusal = refused(folder.path(), &path);
        assert!(refusal.to_string().contains("not a table"), "{refusal}");
    }
}

#[test]
fn a_missing_column_is_named() {
    let (folder, path) = ours("ALTER TABLE receipts DROP COLUMN principal_id");
    let refusal = refused(folder.path(), &path);
    assert!(refusal.to_string().contains("no column `principal_id`"), "{refusal}");
}

#[test]
fn a_planted_trigger_is_not_written_past() {
    let (_folder, path) = ours(
        "CREATE TRIGGER swallow AFTER INSERT ON receipts BEGIN DELETE FROM receipts WHERE id = NEW.id; END",
    );
    let refusal = SqliteStore::open(&path).unwrap_err();
    assert!(refusal.to_string().contains("a trigger `swallow`"), "{refusal}");
    assert_eq!(SqliteReader::open(&path).unwrap().max_rowid(), Ok(3));
}

#[test]
fn a_planted_index_that_keeps_nothing_unique_is_not_written_past() {
    let plain =
        "DROP INDEX idx_receipts_chain; CREATE INDEX idx_receipts_chain ON receipts(chain_id, sequence)";
    let partial = "DROP INDEX idx_receipts_chain; \
                   CREATE UNIQUE INDEX idx_receipts_chain ON receipts(chain_id, sequence) WHERE sequence < 2";
    for statements in [plain, partial] {
        let (_folder, path) = ours(statements);
        let refusal = SqliteStore::open(&path).unwrap_err();
        assert!(refusal.to_string().contains("not unique by `chain_id,sequence`"), "{refusal}");
    }
}

#[test]
fn two_receipts_at_one_position_are_not_built_upon() {
    let (_folder, path) = ours(
        "DROP INDEX idx_receipts_chain; INSERT INTO receipts SELECT 'twin', chain_id, sequence, action_type, tool_name, \
         risk_level, status, timestamp, issuer_id, principal_id, receipt_json, receipt_hash, previous_receipt_hash, NULL \
         FROM receipts WHERE sequence = 2",
    );
    let refusal = SqliteStore::open(&path).unwrap_err();
    assert!(refusal.to_string().contains("two receipts stand at one position"), "{refusal}");
    assert_eq!(sequences(&SqliteReader::open(&path).unwrap(), &Query::chain("audit")), [1, 2, 2, 3]);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\n".repeat(100)).unwrap();
    assert_eq!(refused(folder.path(), &path), StoreError::NotADatabase { path: path.clone() });
}

#[test]
fn a_file_cut_short_is_refused_or_found_out() {
    let (folder, path) = ours("");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let refusal = refused(folder.path(), &path);
    assert!(matches!(refusal, StoreError::Corrupt { .. }), "{refusal:?}");
}

#[test]
fn a_damaged_page_is_found_by_who_reads_it_and_by_the_check() {
    let (_folder, path) = ours("");
    let root: usize = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'receipts'", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap()
        .try_into()
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let page = page_size(&path);
    bytes[(root - 1) * page..root * page].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let reader = SqliteReader::open(&path).unwrap();
    assert!(matches!(collect(&reader, &Query::chain("audit")), Err(StoreError::Corrupt { .. })));
    assert!(matches!(reader.check_integrity(), Err(StoreError::Corrupt { .. })));
    let refusal = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(refusal, StoreError::Corrupt { .. }), "the tail cannot be read: {refusal:?}");
    assert!(refusal.is_fatal());
}

#[test]
fn a_row_with_what_no_receipt_has_is_an_error_not_a_guess() {
    let damages = [
        "UPDATE receipts SET sequence = -2 WHERE sequence = 2",
        "UPDATE receipts SET sequence = 'two' WHERE sequence = 2",
        "UPDATE receipts SET receipt_json = x'7b7d' WHERE sequence = 2",
        "UPDATE receipts SET receipt_json = CAST(x'ff' AS TEXT) WHERE sequence = 2",
    ];
    for damage in damages {
        let (_folder, path) = ours(damage);
        let outcome = collect(&SqliteReader::open(&path).unwrap(), &Query::chain("audit"));
        assert!(matches!(outcome, Err(StoreError::UnreadableRow { .. })), "{damage}: {outcome:?}");
    }
}

#[test]
fn a_value_too_long_to_be_a_receipt_is_neither_written_nor_read() {
    let (_folder, path) =
        ours("UPDATE receipts SET receipt_json = printf('%.*c', 70000000, 'x') WHERE sequence = 3");
    let outcome = collect(&SqliteReader::open(&path).unwrap(), &Query::chain("audit"));
    assert_eq!(outcome, Err(StoreError::TooLarge { path: path.clone() }));

    let (_folder, path) = ours("");
    let mut store = SqliteStore::open(&path).unwrap();
    let mut huge = row("audit", 5);
    huge.receipt_json = "x".repeat(70_000_000);
    let refusal = store.append(&[row("audit", 4), huge]).unwrap_err();
    assert_eq!(refusal, StoreError::TooLarge { path });
    assert!(!refusal.is_fatal());
    assert_eq!(store.max_rowid(), Ok(3));
}

#[test]
fn a_leftover_session_of_a_receipt_that_is_gone_does_not_stop_the_writer() {
    let (_folder, path) = ours("DELETE FROM receipts WHERE sequence = 3");
    let mut store = SqliteStore::open(&path).unwrap();
    store.append(&[row("audit", 3)]).unwrap();
    assert_eq!(store.max_rowid(), Ok(3));
}
