//! Tables as only a forger makes them: no row may be missed.
#![allow(clippy::unwrap_used)]

mod support;

use agent_receipts_store::{ReceiptStore, SqliteReader, SqliteStore, StoreError};
use support::{foreign, rows};
use tempfile::{TempDir, tempdir};

const LOOSE: &str = "ALTER TABLE receipts RENAME TO strict;
 CREATE TABLE receipts (id, chain_id, sequence, action_type, tool_name, risk_level, status, timestamp, issuer_id, principal_id,
  receipt_json, receipt_hash, previous_receipt_hash, created_at);
 INSERT INTO receipts SELECT * FROM strict; DROP TABLE strict;";

fn reader(statements: &str) -> (SqliteReader, TempDir) {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&[rows("audit", 1..=3), rows("other", 1..=2)].concat()).unwrap();
    drop(store);
    drop(foreign(&path, statements));
    (SqliteReader::open(&path).unwrap(), folder)
}

#[test]
fn rows_are_counted_in_the_table_itself() {
    let (sound, _folder) = reader("");
    let lengths = |up_to| sound.lengths(up_to).unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(lengths(i64::MAX), [("audit".to_owned(), 3), ("other".to_owned(), 2)]);
    assert_eq!(lengths(4), [("audit".to_owned(), 3), ("other".to_owned(), 1)]);
    assert_eq!(lengths(0), []);
    let nameless = format!("{LOOSE} UPDATE receipts SET chain_id = NULL WHERE sequence = 3;");
    let (nameless, _folder) = reader(&nameless);
    assert!(matches!(nameless.lengths(i64::MAX), Err(StoreError::UnreadableRow { .. })));
}
