//! Opening for writing: which files are taken, with which modes, and by whom.
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::net::UnixListener;
use std::path::Path;

use agent_receipts_store::{Query, ReceiptReader, ReceiptStore, SqliteReader, SqliteStore, StoreError};
use support::{Kept, command, foreign, mode, row, rows, sequences, set_mode};
use tempfile::tempdir;

const CHILD: &str = "STORE_TEST_WRITER";
const OTHER: &str = "STORE_TEST_OTHER";

#[test]
fn a_fresh_database_is_private_with_its_side_files() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&[row("audit", 1)]).unwrap();
    for name in ["receipts.db", "receipts.db-wal", "receipts.db-shm"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
}

#[test]
fn modes_are_capped_by_bits_and_never_widened() {
    for (before, after) in
        [(0o644, 0o640), (0o666, 0o640), (0o604, 0o600), (0o600, 0o600), (0o640, 0o640), (0o777, 0o640)]
    {
        let folder = tempdir().unwrap();
        let path = folder.path().join("receipts.db");
        drop(SqliteStore::create(&path).unwrap());
        set_mode(&path, before);
        // The side files are not there yet, and that is no error.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let mut store = SqliteStore::create_or_open(&path).unwrap();
        store.append(&[row("audit", 1)]).unwrap();
        for name in ["receipts.db", "receipts.db-wal", "receipts.db-shm"] {
            assert_eq!(mode(&folder.path().join(name)), after, "{name} from {before:o}");
        }
    }
}

#[test]
fn side_files_left_by_another_program_are_tightened() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    drop(SqliteStore::create(&path).unwrap());
    for side in ["receipts.db-wal", "receipts.db-shm"] {
        // Not empty, for an empty one SQLite gives the right mode by itself; not valid, so that it is taken for stale.
        std::fs::write(folder.path().join(side), b"stale").unwrap();
        set_mode(&folder.path().join(side), 0o646);
    }
    set_mode(&path, 0o644);
    let store = SqliteStore::open(&path).unwrap();
    for name in ["receipts.db", "receipts.db-wal", "receipts.db-shm"] {
        assert_eq!(mode(&folder.path().join(name)), 0o640, "{name}");
    }
    drop(store);
}

#[test]
fn what_is_not_a_regular_file_is_refused_by_name() {
    for side in ["receipts.db", "receipts.db-wal", "receipts.db-shm", "receipts.db-journal"] {
        let folder = tempdir().unwrap();
        let real = folder.path().join("real.db");
        drop(SqliteStore::create(&real).unwrap());
        let path = folder.path().join("receipts.db");
        if side != "receipts.db" {
            drop(SqliteStore::create(&path).unwrap());
        }
        let at = folder.path().join(side);
        let before = std::fs::read(&real).unwrap();
        let refused = |expected: StoreError| {
            assert_eq!(SqliteStore::open(&path).unwrap_err(), expected);
            assert_eq!(SqliteStore::create_or_open(&path).unwrap_err(), expected);
            assert_eq!(SqliteReader::open(&path).unwrap_err(), expected);
            assert!(expected.to_string().contains(at.to_str().unwrap()));
        };
        let at = at.canonicalize().unwrap_or_else(|_| folder.path().canonicalize().unwrap().join(side));
        std::os::unix::fs::symlink(&real, &at).unwrap();
        refused(StoreError::Symlink { path: at.clone() });
        std::fs::remove_file(&at).unwrap();
        std::os::unix::fs::symlink("/nowhere", &at).unwrap();
        refused(StoreError::Symlink { path: at.clone() });
        std::fs::remove_file(&at).unwrap();
        std::fs::create_dir(&at).unwrap();
        refused(StoreError::NotRegular { path: at.clone(), kind: "directory" });
        std::fs::remove_dir(&at).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &at, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
            .unwrap();
        refused(StoreError::NotRegular { path: at.clone(), kind: "FIFO" });
        std::fs::remove_file(&at).unwrap();
        let socket = UnixListener::bind(&at).unwrap();
        refused(StoreError::NotRegular { path: at.clone(), kind: "socket" });
        drop(socket);
        assert_eq!(std::fs::read(&real).unwrap(), before, "a link's target was touched");
    }
}

#[test]
fn a_name_that_is_no_file_is_refused() {
    for name in [":memory:", "", "/", "..", "some/folder/"] {
        let refusal = StoreError::NotAFileName { path: name.into() };
        assert_eq!(SqliteStore::create_or_open(name).unwrap_err(), refusal, "{name}");
        assert_eq!(SqliteReader::open(name).unwrap_err(), refusal, "{name}");
    }
}

#[test]
fn opening_creates_nothing_and_creating_opens_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::Missing { path: path.clone() });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let nowhere = folder.path().join("no/such/receipts.db");
    assert_eq!(SqliteStore::create_or_open(&nowhere).unwrap_err(), StoreError::Missing { path: nowhere });
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&[row("audit", 1)]).unwrap();
    drop(store);
    assert_eq!(SqliteStore::create(&path).unwrap_err(), StoreError::AlreadyExists { path: path.clone() });
    let store = SqliteStore::create_or_open(&path).unwrap();
    assert_eq!(store.head("audit").unwrap().unwrap().sequence, 1);
}

#[test]
fn an_empty_file_is_a_database_only_for_who_may_create_one() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    std::fs::write(&path, b"").unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::ForeignSchema { .. })));
    assert!(matches!(SqliteReader::open(&path), Err(StoreError::ForeignSchema { .. })));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    drop(SqliteStore::create_or_open(&path).unwrap());
    drop(SqliteStore::open(&path).unwrap());
}

#[test]
fn a_second_writer_in_this_process_is_refused_under_any_name() {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    let alias = folder.path().canonicalize().unwrap().join("alias.db");
    let mut store = SqliteStore::create(&path).unwrap();
    std::fs::hard_link(&path, &alias).unwrap();
    for name in [&path, &alias] {
        let refusal = SqliteStore::open(name).unwrap_err();
        assert_eq!(refusal, StoreError::Locked { path: name.clone() });
        assert!(refusal.to_string().starts_with("another daemon is writing to "));
        assert!(!refusal.is_fatal());
    }
    store.append(&[row("audit", 1)]).unwrap();
    drop(store);
    std::fs::remove_file(&alias).unwrap();
    assert_eq!(sequences(&SqliteStore::open(&path).unwrap(), &Query::chain("audit")), [1]);
}

/// A program that is being started holds copies of all our descriptors until it runs.
#[test]
fn a_lock_that_was_given_back_is_free_whatever_other_threads_start() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    drop(SqliteStore::create(&path).unwrap());
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    assert!(std::process::Command::new("true").status().unwrap().success());
                }
            });
        }
        let refused = (0..400).filter(|_| SqliteStore::open(&path).is_err()).count();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(refused, 0, "of 400");
    });
}

#[test]
fn a_second_writer_in_another_process_is_refused_under_any_name() {
    if let Ok(path) = std::env::var(CHILD) {
        // The second process: says what it got, and holds what it holds until it is killed.
        let held = SqliteStore::open(Path::new(&path));
        std::fs::write(
            format!("{path}.said"),
            held.as_ref().map_or_else(ToString::to_string, |_| "held".to_owned()),
        )
        .unwrap();
        std::io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    let test = "a_second_writer_in_another_process_is_refused_under_any_name";
    let run = |path: &Path| {
        let mut child = command(test, CHILD, path);
        Kept(child.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap())
    };
    let said = |path: &Path| {
        let note = format!("{}.said", path.display());
        for _ in 0..3000 {
            match std::fs::read_to_string(&note) {
                Ok(said) if !said.is_empty() => return said,
                _ => std::thread::sleep(std::time::Duration::from_millis(10)),
            }
        }
        panic!("the second process said nothing");
    };

    let store = SqliteStore::create(&path).unwrap();
    let alias = folder.path().canonicalize().unwrap().join("alias.db");
    std::fs::hard_link(&path, &alias).unwrap();
    for name in [&path, &alias] {
        let child = run(name);
        assert_eq!(said(name), StoreError::Locked { path: name.clone() }.to_string());
        drop(child);
        std::fs::remove_file(format!("{}.said", name.display())).unwrap();
    }
    drop(store);

    // A process that another test starts holds a copy of our descriptors, and with them the lock, until it has become itself.
    let mut child = run(&path);
    for _ in 0..20 {
        if said(&path) == "held" {
            break;
        }
        drop(child);
        std::fs::remove_file(format!("{}.said", path.display())).unwrap();
        child = run(&path);
    }
    assert_eq!(said(&path), "held");
    assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::Locked { path: path.clone() });
    assert_eq!(SqliteStore::open(&alias).unwrap_err(), StoreError::Locked { path: alias.clone() });
    drop(child);
    SqliteStore::open(&path).expect("a killed writer's lock is gone with it");
}

#[test]
fn a_refused_second_writer_takes_no_lock_away_from_the_first() {
    // Closing any descriptor of a file drops the process's fcntl locks on it, and SQLite lives by them.
    let test = "a_refused_second_writer_takes_no_lock_away_from_the_first";
    if let Ok(path) = std::env::var(OTHER) {
        // Another process: could it lock the database as SQLite does before it takes the -wal away?
        let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let outcome = rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        println!("lockable: {}", outcome.is_ok());
        return;
    }
    let folder = tempdir().unwrap();
    let path = folder.path().join("receipts.db");
    let lockable = || {
        let outcome = command(test, OTHER, &path).output().unwrap();
        let said = String::from_utf8(outcome.stdout).unwrap();
        said.contains("lockable: true")
            .then_some(true)
            .or(said.contains("lockable: false").then_some(false))
            .unwrap()
    };
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&[row("audit", 1)]).unwrap();
    assert!(!lockable());
    SqliteStore::open(&path).unwrap_err();
    assert!(!lockable());
    store.append(&[row("audit", 2)]).unwrap();
    assert_eq!(sequences(&store, &Query::chain("audit")), [1, 2]);
    drop(store);
    assert!(lockable());
}

#[test]
fn a_database_that_was_moved_away_or_replaced_is_not_written_any_more() {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    store.append(&[row("audit", 1)]).unwrap();
    std::fs::rename(&path, folder.path().join("moved.db")).unwrap();
    let refusal = store.append(&[row("audit", 2)]).unwrap_err();
    assert_eq!(refusal, StoreError::Replaced { path: path.clone() });
    assert!(refusal.is_fatal());
    std::fs::write(&path, b"another").unwrap();
    assert_eq!(store.append(&[row("audit", 2)]), Err(StoreError::Replaced { path: path.clone() }));
    std::fs::rename(folder.path().join("moved.db"), &path).unwrap();
    assert_eq!(store.append(&[row("audit", 2)]), Ok(()));
}

#[test]
fn another_program_that_holds_the_database_makes_a_batch_fail_and_no_more() {
    let folder = tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("receipts.db");
    let mut store = SqliteStore::create(&path).unwrap();
    let other = foreign(&path, "BEGIN IMMEDIATE");
    let refusal = store.append(&[row("audit", 1)]).unwrap_err();
    assert_eq!(refusal, StoreError::Busy { path });
    assert!(!refusal.is_fatal());
    other.execute_batch("ROLLBACK").unwrap();
    store.append(&rows("audit", 1..=2)).unwrap();
}
