//! Kills and full disks: what was reported is there, what failed is not, and nothing is half there.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use agent_receipts_store::{Query, ReceiptReader, ReceiptStore, SqliteReader, SqliteStore, StoreError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{Kept, command, row, rows, sequences};
use tempfile::tempdir;

const VICTIM: &str = "STORE_TEST_VICTIM";
const CRAMPED: &str = "STORE_TEST_CRAMPED";
const BATCH: u64 = 7;

#[test]
fn a_killed_writer_has_lost_nothing_that_it_reported() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    drop(SqliteStore::create(&path).unwrap());
    for round in 0..8 {
        let mut child = command("append_until_killed", VICTIM, &path);
        let mut child = Kept(child.stdout(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
        let mut reported = 0;
        // Killed at another point of its work each time, and never before it has reported something.
        for _ in 0..(10 + 13 * round) {
            let line = lines.next().unwrap().unwrap();
            if let Some(sequence) = line.strip_prefix("reported ") {
                reported = sequence.parse().unwrap();
            }
        }
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some(sequence) = line.strip_prefix("reported ") {
                // The last line may be cut short by the kill; a shorter number only asks for less.
                reported = reported.max(sequence.parse().unwrap_or(0));
            }
        }
        assert!(reported > 0);
        // Once as the killed writer left it, read-only, and once after recovery.
        let left = sequences(&SqliteReader::open(&path).unwrap(), &Query::chain("audit"));
        let store = SqliteStore::open(&path).unwrap();
        store.check_integrity().unwrap();
        let found = sequences(&store, &Query::chain("audit"));
        assert_eq!(left, found);
        let last = found.len() as u64;
        assert!(last >= reported, "{last} rows, {reported} reported");
        assert_eq!(last % BATCH, 0, "a batch is half there");
        assert_eq!(found, (1..=last).collect::<Vec<_>>());
        assert_eq!(
            sequences(&store, &Query { session_id: Some("s1".to_owned()), ..Query::chain("audit") }),
            found
        );
    }
}

#[test]
fn append_until_killed() {
    // Only does something as the child of the test above.
    let Ok(path) = std::env::var(VICTIM) else { return };
    let mut store = SqliteStore::open(&path).unwrap();
    let mut last = store.head("audit").unwrap().map_or(0, |head| head.sequence);
    for _ in 0..100_000 {
        store.append(&rows("audit", last + 1..=last + BATCH)).unwrap();
        last += BATCH;
        println!("reported {last}");
    }
}

#[test]
fn a_write_that_the_system_refuses_leaves_the_store_as_it_was() {
    // `trap` makes the child ignore the signal by which the limit on a file's size would end it.
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    drop(SqliteStore::create(&path).unwrap());
    let outcome = Command::new("/bin/sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "append_in_a_cramped_place", "--nocapture"])
        .env(CRAMPED, &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&outcome.stdout);
    assert!(outcome.status.success(), "{said}{}", String::from_utf8_lossy(&outcome.stderr));
    assert!(said.contains("went through it"), "{said}");
    let reader = SqliteReader::open(&path).unwrap();
    reader.check_integrity().unwrap();
    assert_eq!(reader.head("audit").unwrap().unwrap().sequence, reader.max_rowid().unwrap() as u64);
}

#[test]
fn append_in_a_cramped_place() {
    // Only does something as the child of the test above.
    let Ok(path) = std::env::var(CRAMPED) else { return };
    let mut store = SqliteStore::open(&path).unwrap();
    let limits = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(200_000), maximum: limits.maximum }).unwrap();
    let (mut last, mut refusals) = (0, 0);
    for _ in 0..2_000 {
        match store.append(&rows("audit", last + 1..=last + BATCH)) {
            Ok(()) => last += BATCH,
            Err(refusal) => {
                assert!(matches!(refusal, StoreError::Io { operation: "write", .. }), "{refusal:?}");
                assert!(!refusal.is_fatal());
                refusals += 1;
            }
        }
        assert_eq!(store.max_rowid(), Ok(last as i64));
        if refusals == 3 {
            break;
        }
    }
    assert_eq!(refusals, 3, "the limit was never reached");
    setrlimit(Resource::Fsize, limits).unwrap();
    store.append(&rows("audit", last + 1..=last + BATCH)).unwrap();
    assert_eq!(sequences(&store, &Query::chain("audit")), (1..=last + BATCH).collect::<Vec<_>>());
    println!("went through it");
}

#[test]
fn a_reader_sees_either_a_whole_batch_or_none() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    let read =
        |path: &Path| sequences(&SqliteReader::open(path).unwrap(), &Query::chain("audit")).len() as u64;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut sizes = Vec::new();
            for _ in 0..200 {
                sizes.push(read(&path));
            }
            sizes
        });
        for batch in 0..100 {
            store.append(&rows("audit", batch * BATCH + 1..=(batch + 1) * BATCH)).unwrap();
        }
        let sizes = reader.join().unwrap();
        assert!(sizes.iter().all(|size| size % BATCH == 0), "{sizes:?}");
        assert!(sizes.is_sorted(), "a reader went back in time: {sizes:?}");
    });
    store.append(&[row("other", 1)]).unwrap();
}
