//! The write-ahead log stays short, whoever reads, and whatever happens while it is folded.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use agent_receipts_store::{Query, ReceiptReader, ReceiptStore, Row, SqliteReader, SqliteStore, StoreError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{Kept, command, rows, sequences};
use tempfile::tempdir;

const VICTIM: &str = "STORE_TEST_FOLDING";
const CRAMPED: &str = "STORE_TEST_CRAMPED_FOLDING";
const BATCH: u64 = 7;
const MIB: u64 = 1 << 20;

/// A batch of about half a mebibyte.
fn heavy(last: u64) -> Vec<Row> {
    let mut batch = rows("audit", last + 1..=last + BATCH);
    for row in &mut batch {
        row.receipt_json = format!("{{\"n\":{},\"x\":\"{}\"}}", row.sequence, "x".repeat(70_000));
    }
    batch
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn wal(path: &Path) -> u64 {
    length(Path::new(&format!("{}-wal", path.display())))
}

#[test]
fn the_log_stays_short_under_load() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    let mut longest = 0;
    for batch in 0..320 {
        store.append(&heavy(batch * BATCH)).unwrap();
        longest = longest.max(wal(&path));
    }
    assert!(longest < 66 * MIB, "the log grew to {} MiB of some 160 written", longest / MIB);
    assert!(length(&path) > 60 * MIB, "nothing was folded before the end");
    assert_eq!(store.take_upkeep_failure(), None);
    drop(store);
    assert_eq!(wal(&path), 0);
    let found = sequences(&SqliteReader::open(&path).unwrap(), &Query::chain("audit"));
    assert_eq!(found, (1..=320 * BATCH).collect::<Vec<_>>());
}

#[test]
fn a_long_reader_lets_the_log_grow_and_stops_nobody() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&heavy(0)).unwrap();
    let mut last = BATCH;
    let reader = SqliteReader::open(&path).unwrap();
    let mut seen = 0;
    reader
        .stream(&Query::chain("audit"), &mut |_| {
            seen += 1;
            if seen == 1 {
                for _ in 0..160 {
                    store.append(&heavy(last)).unwrap();
                    last += BATCH;
                }
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, BATCH, "the reader saw one state");
    let grown = wal(&path);
    assert!(grown > 66 * MIB, "the reader held nothing back: {} MiB", grown / MIB);
    for _ in 0..400 {
        store.append(&heavy(last)).unwrap();
        last += BATCH;
        if wal(&path) <= 33 * MIB {
            break;
        }
    }
    assert!(wal(&path) <= 33 * MIB, "the log stays {} MiB long", wal(&path) / MIB);
    assert_eq!(store.take_upkeep_failure(), None);
    assert_eq!(sequences(&store, &Query::chain("audit")), (1..=last).collect::<Vec<_>>());
}

#[test]
fn a_writer_killed_while_it_folds_has_lost_nothing_that_it_reported() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    drop(SqliteStore::create(&path).unwrap());
    let mut folded = 0;
    for round in 0..6 {
        let mut child = command("append_and_fold_until_killed", VICTIM, &path);
        let mut child = Kept(child.stdout(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
        let mut reported = 0;
        // It folds every eight batches and begins the log anew every thirty or so.
        for _ in 0..(40 + 11 * round) {
            let line = lines.next().unwrap().unwrap();
            if let Some(sequence) = line.strip_prefix("reported ") {
                reported = sequence.parse().unwrap();
            }
        }
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some(sequence) = line.strip_prefix("reported ") {
                reported = reported.max(sequence.parse().unwrap_or(0));
            }
        }
        assert!(length(&path) > folded, "nothing was folded");
        let left = sequences(&SqliteReader::open(&path).unwrap(), &Query::chain("audit"));
        let store = SqliteStore::open(&path).unwrap();
        store.check_integrity().unwrap();
        let found = sequences(&store, &Query::chain("audit"));
        assert_eq!(left, found);
        let last = found.len() as u64;
        assert!(last >= reported, "{last} rows, {reported} reported");
        assert_eq!(last % BATCH, 0, "a batch is half there");
        assert_eq!(found, (1..=last).collect::<Vec<_>>());
        drop(store);
        folded = length(&path);
    }
}

#[test]
fn append_and_fold_until_killed() {
    // Only does something as the child of the test above.
    let Ok(path) = std::env::var(VICTIM) else { return };
    let mut store = SqliteStore::open(&path).unwrap();
    let mut last = store.head("audit").unwrap().map_or(0, |head| head.sequence);
    for _ in 0..2_000 {
        store.append(&heavy(last)).unwrap();
        last += BATCH;
        println!("reported {last}");
    }
}

#[test]
fn folding_that_the_system_refuses_is_told_and_loses_nothing() {
    // `trap` makes the child ignore the signal by which the limit on a file's size would end it.
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    drop(SqliteStore::create(&path).unwrap());
    let outcome = Command::new("/bin/sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "fold_in_a_cramped_place", "--nocapture"])
        .env(CRAMPED, &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&outcome.stdout);
    assert!(outcome.status.success(), "{said}{}", String::from_utf8_lossy(&outcome.stderr));
    assert!(said.contains("went through it"), "{said}");
    SqliteReader::open(&path).unwrap().check_integrity().unwrap();
}

#[test]
fn fold_in_a_cramped_place() {
    // Only does something as the child of the test above.
    let Ok(path) = std::env::var(CRAMPED) else { return };
    let mut store = SqliteStore::open(&path).unwrap();
    let limits = getrlimit(Resource::Fsize);
    let room = Rlimit { current: Some(100 * MIB), maximum: limits.maximum };
    setrlimit(Resource::Fsize, room).unwrap();
    // The database reaches the limit, while the log does not until folding fails.
    let (mut last, mut told) = (0, None);
    for _ in 0..600 {
        match store.append(&heavy(last)) {
            Ok(()) => last += BATCH,
            Err(refusal) => assert!(!refusal.is_fatal(), "{refusal:?}"),
        }
        told = store.take_upkeep_failure();
        if told.is_some() {
            break;
        }
    }
    assert!(matches!(told, Some(StoreError::Io { operation: "write", .. })), "{told:?}");
    setrlimit(Resource::Fsize, limits).unwrap();
    for _ in 0..100 {
        store.append(&heavy(last)).unwrap();
        last += BATCH;
    }
    assert_eq!(sequences(&store, &Query::chain("audit")), (1..=last).collect::<Vec<_>>());
    assert!(length(Path::new(&path)) > 100 * MIB, "nothing was folded when there was room again");
    println!("went through it");
}
