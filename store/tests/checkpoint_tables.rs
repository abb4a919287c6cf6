//! Checkpoints and the hashes below them, in tables of our own.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use agent_receipts_store::{
    CheckpointReader, CheckpointStore, MemoryStore, Query, ReceiptStore, SCHEMA_VERSION, SqliteReader,
    SqliteStore, StoreError, StoredCheckpoint, StoredGroup,
};
use support::{foreign, rows, sequences};
use tempfile::{TempDir, tempdir};

fn place() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    (folder, path)
}

fn group(number: u64) -> StoredGroup {
    StoredGroup { number, hash: [u8::try_from(number).unwrap(); 32], last_rowid: 256 }
}

fn checkpoint(tree_size: u64) -> StoredCheckpoint {
    StoredCheckpoint { tree_size, note: format!("note {tree_size}\n"), heads: "head\n".to_owned() }
}

fn on_each(test: impl Fn(&mut dyn CheckpointStore)) {
    test(MemoryStore::new().checkpoints().unwrap());
    let (_folder, path) = place();
    test(SqliteStore::create(path).unwrap().checkpoints().unwrap());
}

#[test]
fn what_is_written_is_read_in_order_and_in_parts() {
    on_each(|store| {
        assert_eq!(store.groups(0, 10), Ok(vec![]));
        assert_eq!(store.checkpoints_up_to(u64::MAX, 1), Ok(vec![]));
        store.write_checkpoint(&[group(0), group(1)], None).unwrap();
        store.write_checkpoint(&[group(2)], Some(&checkpoint(700))).unwrap();
        store.write_checkpoint(&[], Some(&checkpoint(800))).unwrap();
        assert_eq!(store.groups(0, 2), Ok(vec![group(0), group(1)]));
        assert_eq!(store.groups(1, u64::MAX), Ok(vec![group(1), group(2)]));
        assert_eq!(store.checkpoints_after(0, 10), Ok(vec![checkpoint(700), checkpoint(800)]));
        assert_eq!(store.checkpoints_after(700, 10), Ok(vec![checkpoint(800)]));
        assert_eq!(store.checkpoints_after(0, 1), Ok(vec![checkpoint(700)]));
        assert_eq!(store.checkpoints_up_to(u64::MAX, 1), Ok(vec![checkpoint(800)]));
        assert_eq!(store.checkpoints_up_to(799, 9), Ok(vec![checkpoint(700)]));
        assert_eq!(store.checkpoints_up_to(699, 9), Ok(vec![]));
    });
}

#[test]
fn what_was_planted_is_written_over() {
    on_each(|store| {
        let planted = StoredCheckpoint { note: "planted".to_owned(), ..checkpoint(700) };
        store.write_checkpoint(&[StoredGroup { last_rowid: 7, ..group(0) }], Some(&planted)).unwrap();
        store.write_checkpoint(&[group(0)], Some(&checkpoint(700))).unwrap();
        assert_eq!(store.groups(0, 9), Ok(vec![group(0)]));
        assert_eq!(store.checkpoints_after(0, 9), Ok(vec![checkpoint(700)]));
    });
}

#[test]
fn a_reader_sees_what_the_writer_wrote_and_a_reopened_store_too() {
    let (_folder, path) = place();
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&rows("audit", 1..=3)).unwrap();
    store.write_checkpoint(&[group(0)], Some(&checkpoint(3))).unwrap();
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.checkpoints_after(0, 9), Ok(vec![checkpoint(3)]));
    assert_eq!(reader.groups(0, 9), Ok(vec![group(0)]));
    drop((reader, store));
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.checkpoints_up_to(3, 9), Ok(vec![checkpoint(3)]));
    assert_eq!(store.groups(0, 9), Ok(vec![group(0)]));
}

/// Version 2 had no such tables.
#[test]
fn version_2_is_read_as_it_is_and_migrated_with_every_receipt() {
    let (_folder, path) = place();
    SqliteStore::create(&path).unwrap().append(&rows("audit", 1..=3)).unwrap();
    let to_version_2 = "DROP TABLE ar_tree_groups; DROP TABLE ar_checkpoints; \
        UPDATE ar_meta SET value = '2' WHERE key = 'schema_version';";
    drop(foreign(&path, to_version_2));
    let by_session = Query { session_id: Some("s1".to_owned()), ..Query::default() };
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.schema_version(), Ok(Some(2)));
    assert_eq!((reader.groups(0, 9), reader.checkpoints_after(0, 9)), (Ok(vec![]), Ok(vec![])));
    assert_eq!(sequences(&reader, &by_session), [1, 2, 3]);
    drop(reader);

    let mut store = SqliteStore::open(&path).unwrap();
    store.write_checkpoint(&[], Some(&checkpoint(3))).unwrap();
    assert_eq!(sequences(&store, &by_session), [1, 2, 3]);
    drop(store);
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.schema_version(), Ok(Some(SCHEMA_VERSION)));
    assert_eq!(reader.checkpoints_after(0, 9), Ok(vec![checkpoint(3)]));
}

#[test]
fn what_is_no_hash_is_an_unreadable_row_and_no_panic() {
    for planted in ["x'00'", "'text'", "7", "zeroblob(1000000)"] {
        let (_folder, path) = place();
        drop(SqliteStore::create(&path).unwrap());
        drop(foreign(&path, &format!("INSERT INTO ar_tree_groups VALUES (0, {planted}, 1)")));
        let read = SqliteReader::open(&path).unwrap().groups(0, 9);
        assert!(matches!(read, Err(StoreError::UnreadableRow { .. })), "{planted}: {read:?}");
    }
}

#[test]
fn a_checkpoint_that_fails_leaves_none_of_it() {
    let mut store = MemoryStore::new();
    store.fail_next_append(StoreError::DiskFull { path: "/db".into() });
    assert!(store.write_checkpoint(&[group(0)], Some(&checkpoint(3))).is_err());
    assert_eq!((store.groups(0, 9), store.checkpoints_after(0, 9)), (Ok(vec![]), Ok(vec![])));
}
