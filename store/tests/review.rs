//! Tables and indexes as only a forger makes them: no row may be missed, and none taken for two.
#![allow(clippy::unwrap_used)]

mod support;

use std::ops::ControlFlow;

use agent_receipts_store::{Query, ReceiptReader, ReceiptStore, SqliteReader, SqliteStore, StoreError};
use support::{foreign, rows};
use tempfile::{TempDir, tempdir};

const LOOSE: &str = "ALTER TABLE receipts RENAME TO strict;
 CREATE TABLE receipts (id, chain_id, sequence, action_type, tool_name, risk_level, status, timestamp, issuer_id, principal_id,
  receipt_json, receipt_hash, previous_receipt_hash, created_at);
 INSERT INTO receipts SELECT * FROM strict; DROP TABLE strict;";

fn read(statements: &str, query: &Query) -> (Result<(), StoreError>, u64, (SqliteReader, TempDir)) {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&[rows("audit", 1..=3), rows("other", 1..=2)].concat()).unwrap();
    drop(store);
    drop(foreign(&path, statements));
    let reader = SqliteReader::open(&path).unwrap();
    let mut given = 0;
    let result = reader.stream(query, &mut |_| {
        given += 1;
        ControlFlow::Continue(())
    });
    (result, given, (reader, folder))
}

#[test]
fn two_rows_at_one_position_are_refused() {
    let twice =
        format!("{LOOSE} UPDATE receipts SET sequence = 2 WHERE chain_id = 'audit' AND sequence = 3;");
    let (refusal, given, _) = read(&twice, &Query::chain("audit"));
    assert!(
        matches!(&refusal, Err(StoreError::ForeignSchema { detail, .. }) if detail.contains("sequence 2"))
    );
    assert_eq!(given, 2);
    let (sound, given, _) = read(LOOSE, &Query { chain_id: None, ..Query::chain("") });
    assert_eq!((sound, given), (Ok(()), 5));
}

#[test]
fn rows_are_counted_in_the_table_itself() {
    let (_, _, (reader, _folder)) = read("", &Query::default());
    let lengths = |up_to| reader.lengths(up_to).unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(lengths(i64::MAX), [("audit".to_owned(), 3), ("other".to_owned(), 2)]);
    assert_eq!(lengths(4), [("audit".to_owned(), 3), ("other".to_owned(), 1)]);
    assert_eq!(lengths(0), []);
    let nameless = format!("{LOOSE} UPDATE receipts SET chain_id = NULL WHERE sequence = 3;");
    let (_, _, (reader, _folder)) = read(&nameless, &Query::default());
    assert!(matches!(reader.lengths(i64::MAX), Err(StoreError::UnreadableRow { .. })));
}
