//! Checkpoints of a daemon at work: over every receipt that is on disk, never over another, and told to the anchor log.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use agent_receipts_chain::checkpoint::{Head, HeadList, KeyName, SignedCheckpoint};
use agent_receipts_chain::tree::{Frontier, NodeHash, hash_of_text};
use agent_receipts_chain::{KeyRing, Outcome};
use agent_receipts_core::json::{Rules, parse};
use agent_receipts_core::{ReceiptHash, Timestamp};
use agent_receipts_daemon::{Daemon, StartError, Surroundings};
use agent_receipts_ipc::{ControlReply, ControlRequest, ask};
use agent_receipts_keysource::read_public_key;
use agent_receipts_store::{CheckpointReader as _, SqliteReader, StoredCheckpoint, StoredRow};
use rusqlite::Connection;
use support::process::DaemonProcess;
use support::{Home, event, field, wait_until};

impl Home {
    fn stored_checkpoints(&self) -> Vec<StoredCheckpoint> {
        SqliteReader::open(&self.config.db).unwrap().checkpoints_after(0, u64::MAX).unwrap()
    }

    fn last_size(&self) -> u64 {
        self.stored_checkpoints().last().map_or(0, |last| last.tree_size)
    }

    fn sql(&self, statements: &str) {
        Connection::open(&self.config.db).unwrap().execute_batch(statements).unwrap();
    }

    fn record(&self, count: usize) {
        let mut client = self.connect();
        (0..count).for_each(|_| drop(client.record(&event(""))));
    }

    /// Holds every checkpoint in the database against the rows that it is over, and gives how many there are.
    fn check(&self) -> usize {
        let rows = self.rows();
        let checkpoints = self.stored_checkpoints();
        let mut before = 0;
        for stored in &checkpoints {
            let signed = SignedCheckpoint::parse(stored.note.as_bytes()).unwrap();
            assert_eq!(signed.verify(&self.public_key), Ok(()));
            let said = signed.checkpoint();
            assert_eq!(said.size, stored.tree_size);
            let covered = &rows[..usize::try_from(said.size).unwrap()];
            assert_eq!(said.root, root_of(covered), "the checkpoint over {}", said.size);
            let list = HeadList::parse(&stored.heads).unwrap();
            assert_eq!(said.check_heads(&list), Ok(()));
            let moved = &covered[usize::try_from(before).unwrap()..];
            assert_eq!(list.heads(), heads_of(moved), "the checkpoint over {}", said.size);
            before = said.size;
        }
        checkpoints.len()
    }
}

fn root_of(rows: &[StoredRow]) -> NodeHash {
    let mut tree = Frontier::default();
    for row in rows {
        tree.push(NodeHash::of_receipt(&hash_of_text(row.row.receipt_json.as_bytes())));
    }
    tree.root()
}

/// The heads of the chains in these rows, newest first.
fn heads_of(rows: &[StoredRow]) -> Vec<Head> {
    let newest: HashMap<&str, &StoredRow> = rows.iter().map(|row| (row.row.chain_id.as_str(), row)).collect();
    let mut newest: Vec<_> = newest.into_values().collect();
    newest.sort_by_key(|row| std::cmp::Reverse(row.rowid));
    let tip = |row: &StoredRow| row.row.receipt_hash.parse::<ReceiptHash>().unwrap();
    newest
        .into_iter()
        .map(|row| Head { chain_id: row.row.chain_id.clone(), sequence: row.row.sequence, tip: tip(row) })
        .collect()
}

#[test]
fn a_checkpoint_is_made_after_so_many_receipts_and_at_shutdown() {
    let mut home = Home::new();
    home.config.checkpoint_receipts = 10;
    let daemon = home.start();
    home.record(10);
    wait_until("a checkpoint over ten receipts", || home.last_size() >= 10);
    home.connect().record(&event(r#""agent_id":"a""#));
    daemon.stop().unwrap();
    assert!(home.check() >= 2);
    // The last of them is over the terminators, too.
    assert_eq!(home.last_size(), home.rows().len() as u64);
    let closed = heads_of(&home.rows()).into_iter().map(|head| head.chain_id).collect::<Vec<_>>();
    assert_eq!(closed, ["audit", "audit/agent/a"]);
}

#[test]
fn a_checkpoint_is_made_when_the_time_is_up_and_none_where_nothing_is_new() {
    let mut home = Home::new();
    home.config.checkpoint_interval = Duration::from_millis(20);
    let daemon = home.start();
    home.record(1);
    wait_until("a checkpoint", || home.last_size() == 1);
    home.record(1);
    wait_until("another", || home.last_size() == 2);
    daemon.stop().unwrap();
    assert_eq!(home.check(), 3, "one for each receipt and one for the end");
    home.start().stop().unwrap();
    assert_eq!(home.check(), 3, "nothing was recorded");
}

#[test]
fn a_restart_goes_on_with_the_same_log() {
    let mut home = Home::new();
    home.config.checkpoint_receipts = 300;
    for _ in 0..3 {
        let daemon = home.start();
        home.record(200);
        daemon.stop().unwrap();
    }
    assert!(home.check() >= 3);
    assert_eq!(home.last_size(), home.rows().len() as u64);
    let origin = |stored: &StoredCheckpoint| stored.note.lines().next().unwrap().to_owned();
    let origins: Vec<_> = home.stored_checkpoints().iter().map(origin).collect();
    assert!(origins.iter().all(|origin| *origin == origins[0]), "{origins:?}");
    let reader = SqliteReader::open(&home.config.db).unwrap();
    assert_eq!(reader.groups(0, 9).unwrap().len(), home.rows().len() / 256);
}

#[test]
fn what_was_recorded_before_a_kill_is_in_the_next_checkpoint() {
    let home = Home::new();
    let daemon = DaemonProcess::start(&home);
    home.record(20);
    daemon.kill();
    assert_eq!(home.check(), 0);
    let daemon = DaemonProcess::start(&home);
    home.record(3);
    daemon.stop();
    assert_eq!(home.check(), 1);
    assert_eq!(home.last_size(), home.rows().len() as u64);
}

/// A database that had no checkpoints, be it another implementation's or an earlier version's, gets one over all that is in it.
#[test]
fn history_without_checkpoints_is_covered_by_the_first() {
    let home = Home::new();
    let daemon = home.start();
    home.record(600);
    daemon.stop().unwrap();
    home.sql("DROP TABLE ar_checkpoints; DROP TABLE ar_tree_groups; UPDATE ar_meta SET value = '2' WHERE key = 'schema_version'");
    let daemon = home.start();
    home.record(1);
    daemon.stop().unwrap();
    assert_eq!(home.check(), 1);
    assert_eq!(home.last_size(), home.rows().len() as u64);
}

#[test]
fn rows_of_another_program_are_counted_in() {
    let home = Home::new();
    let daemon = home.start();
    home.record(5);
    home.sql(
        "INSERT INTO receipts VALUES ('theirs', 'other', 1, 't', '', 'low', 'success', '2026-11-22T04:00:00Z', 'did:x', NULL, \
         'no receipt at all', 'sha256:1', NULL, NULL)",
    );
    home.record(5);
    daemon.stop().unwrap();
    let hash = ReceiptHash::of(b"no receipt at all");
    let rows = home.rows();
    assert_eq!(home.last_size(), rows.len() as u64);
    let stored = home.stored_checkpoints().pop().unwrap();
    let said = SignedCheckpoint::parse(stored.note.as_bytes()).unwrap().checkpoint().clone();
    assert_eq!(said.root, root_of(&rows));
    let heads = HeadList::parse(&stored.heads).unwrap();
    assert!(heads.heads().contains(&Head { chain_id: "other".to_owned(), sequence: 1, tip: hash }));
}

#[test]
fn nothing_is_signed_over_receipts_that_were_altered_or_deleted_and_recording_goes_on() {
    let chain_of_another =
        "UPDATE receipts SET receipt_json = replace(receipt_json, '\"t\"', '\"T\"') WHERE rowid = 3";
    for (altered, words) in [
        ("DELETE FROM receipts WHERE rowid >= 8", "receipts were deleted"),
        ("DELETE FROM receipts WHERE rowid = 3", "receipts were deleted"),
        (chain_of_another, "the database was altered"),
    ] {
        let home = Home::new();
        let daemon = home.start();
        home.record(10);
        daemon.stop().unwrap();
        let before = home.stored_checkpoints();
        assert_eq!(before.len(), 1);
        home.sql(altered);
        let daemon = home.start();
        wait_until("the log to say so", || home.logged(words));
        home.record(20);
        daemon.stop().unwrap();
        assert_eq!(home.stored_checkpoints(), before, "{altered}");
        assert!(home.logged("no more checkpoints are made"));
        assert!(home.rows().len() > 25, "recording went on");
    }
}

/// The hashes of groups and the checkpoints stand in the same file, for anybody to write who can write it.
#[test]
fn what_was_planted_beside_the_receipts_is_not_believed() {
    let home = Home::new();
    let daemon = home.start();
    home.record(600);
    daemon.stop().unwrap();
    let stranger = Home::with_seed([7; 32]);
    let daemon = stranger.start();
    stranger.record(1);
    daemon.stop().unwrap();
    let theirs = stranger.stored_checkpoints().pop().unwrap().note;
    let ours = home.stored_checkpoints().pop().unwrap().note;
    let connection = Connection::open(&home.config.db).unwrap();
    connection.execute("UPDATE ar_tree_groups SET hash = zeroblob(32) WHERE number = 0", []).unwrap();
    connection.execute("UPDATE ar_tree_groups SET hash = 'text' WHERE number = 1", []).unwrap();
    for (size, note) in [(900_000, theirs.as_str()), (900_001, "no note"), (900_002, &ours)] {
        connection
            .execute("INSERT INTO ar_checkpoints VALUES (?1, ?2, '')", rusqlite::params![size, note])
            .unwrap();
    }
    drop(connection);
    let daemon = home.start();
    home.record(5);
    daemon.stop().unwrap();
    home.sql("DELETE FROM ar_checkpoints WHERE tree_size >= 900000");
    assert_eq!(home.check(), 2);
    assert_eq!(home.last_size(), home.rows().len() as u64);
    let reader = SqliteReader::open(&home.config.db).unwrap();
    for (group, rows) in reader.groups(0, 9).unwrap().iter().zip(home.rows().chunks(256)) {
        assert_eq!(NodeHash::from_bytes(group.hash), root_of(rows), "group {} was mended", group.number);
    }
}

/// No search for a good checkpoint goes on for ever: the daemon starts, signs, and ends when it is asked to.
#[test]
fn a_checkpoint_over_less_than_nothing_holds_nobody_up() {
    let home = Home::new();
    let daemon = home.start();
    home.record(3);
    daemon.stop().unwrap();
    home.sql("DELETE FROM ar_checkpoints; INSERT INTO ar_checkpoints VALUES (-1, 'x', 'x'), (-9, 'x', 'x')");
    let daemon = home.start();
    home.record(2);
    daemon.stop().unwrap();
    assert_eq!(home.last_size(), home.rows().len() as u64);
}

#[test]
fn each_checkpoint_is_told_to_the_anchor_log() {
    let mut home = Home::new();
    let path = home.path("anchors");
    home.config.anchor_log = Some(path.clone());
    home.config.checkpoint_receipts = 5;
    let daemon = home.start();
    home.record(5);
    wait_until("a checkpoint", || home.last_size() >= 5);
    daemon.stop().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let stored = home.stored_checkpoints();
    assert_eq!(text.lines().count(), stored.len());
    for (line, stored) in text.lines().zip(&stored) {
        let record = parse(line.as_bytes(), Rules::Receipt).unwrap();
        assert_eq!(field(&record, "event_type").as_str(), Some("checkpoint"));
        assert_eq!(field(&record, "anchored_at").as_str(), Some("2026-11-22T03:39:59.000000000Z"));
        let payload = field(&record, "payload");
        assert_eq!(field(payload, "note").as_str(), Some(stored.note.as_str()));
        assert_eq!(field(payload, "heads").as_str(), Some(stored.heads.as_str()));
        let newest = &HeadList::parse(&stored.heads).unwrap().heads()[0].clone();
        assert_eq!(field(payload, "chain_id").as_str(), Some(newest.chain_id.as_str()));
        assert_eq!(field(payload, "seq").to_string(), newest.sequence.to_string());
        assert_eq!(field(payload, "tip_hash").as_str(), Some(newest.tip.to_string().as_str()));
        let fingerprint = home.public_key.fingerprint().to_string();
        assert_eq!(field(payload, "public_key_fingerprint").as_str(), Some(fingerprint.as_str()));
    }
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777,
        0o600
    );
}

#[test]
fn a_checkpoint_that_the_anchor_log_did_not_take_is_told_to_it_later() {
    let mut home = Home::new();
    let path = home.path("anchors");
    fs::create_dir(&path).unwrap();
    home.config.anchor_log = Some(path.clone());
    let daemon = home.start();
    home.record(5);
    daemon.stop().unwrap();
    assert_eq!(home.check(), 1);
    assert!(home.logged("could not write the anchor log"));
    // The next run finds that the log does not end with it.
    fs::remove_dir(&path).unwrap();
    let daemon = home.start();
    home.record(5);
    daemon.stop().unwrap();
    let lines = fs::read_to_string(&path).unwrap();
    let stored = home.stored_checkpoints();
    assert_eq!((stored.len(), lines.lines().count()), (2, 2));
    for (line, stored) in lines.lines().zip(stored) {
        assert!(line.contains(stored.note.lines().nth(2).unwrap()), "{line}");
    }
    // And one that is there is not told again.
    home.start().stop().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), lines);
}

/// The log keeps its name and its history; only who signs it changes, at once.
#[test]
fn after_a_rotation_the_new_key_signs_and_the_log_goes_on() {
    let mut home = Home::new();
    home.config.checkpoint_receipts = 10;
    let daemon = home.start();
    home.record(10);
    wait_until("a checkpoint by the first key", || home.last_size() >= 10);
    let request = ControlRequest::new("rotate");
    let reply = ask(&home.path("control.sock"), &request, Duration::from_secs(120), |_| true).unwrap();
    assert!(matches!(reply, ControlReply::Done(_)), "{reply:?}");
    let incoming = read_public_key(&home.config.public_key).unwrap();
    assert_ne!(incoming, home.public_key);
    home.record(10);
    // Somebody else's row makes the daemon take the tree up again, from checkpoints of both keys.
    home.sql(
        "INSERT INTO receipts VALUES ('theirs', 'other', 1, 't', '', 'low', 'success', '2026-11-22T04:00:00Z', 'did:x', NULL, \
         'no receipt at all', 'sha256:1', NULL, NULL)",
    );
    home.record(1);
    daemon.stop().unwrap();
    let rows = home.rows();
    let checkpoints = home.stored_checkpoints();
    assert_eq!(home.last_size(), rows.len() as u64);
    let mut signers = Vec::new();
    for stored in checkpoints {
        let signed = SignedCheckpoint::parse(stored.note.as_bytes()).unwrap();
        let said = signed.checkpoint();
        assert_eq!(said.origin, KeyName::of_log(&home.public_key));
        assert_eq!(said.root, root_of(&rows[..usize::try_from(said.size).unwrap()]));
        let is_incoming = signed.verify(&incoming).is_ok();
        assert!(is_incoming || signed.verify(&home.public_key).is_ok());
        signers.push(is_incoming);
    }
    assert_eq!((signers.first(), signers.last()), (Some(&false), Some(&true)), "{signers:?}");
    assert!(signers.is_sorted(), "{signers:?}");
    assert!(!home.logged("no more checkpoints"));
}

/// Intervals are counted by a clock that cannot be set; the one that can dates checkpoints, and decides nothing.
#[test]
fn a_clock_that_steps_back_an_hour_costs_no_checkpoint() {
    let mut home = Home::new();
    home.config.checkpoint_interval = Duration::from_millis(20);
    let now = Arc::new(AtomicI64::new(1_795_000_000));
    let start = |home: &Home| {
        let shown = Arc::clone(&now);
        let clock = Arc::new(move || Timestamp::from_unix(shown.load(Ordering::SeqCst), 0).unwrap());
        Daemon::start(&home.config, Surroundings { clock, ..home.surroundings() }).unwrap()
    };
    let daemon = start(&home);
    home.record(1);
    wait_until("a checkpoint", || home.last_size() == 1);
    now.fetch_sub(3_600, Ordering::SeqCst);
    home.record(1);
    wait_until("one after the step", || home.last_size() == 2);
    daemon.stop().unwrap();
    // And once more while nobody records.
    now.fetch_sub(3_600, Ordering::SeqCst);
    let daemon = start(&home);
    home.record(2);
    daemon.stop().unwrap();
    assert_eq!(home.last_size(), home.rows().len() as u64);
    assert!(home.check() >= 4);
    let times: Vec<_> = home
        .stored_checkpoints()
        .iter()
        .map(|stored| SignedCheckpoint::parse(stored.note.as_bytes()).unwrap().checkpoint().time)
        .collect();
    assert!(times.first() > times.last(), "the clock did step: {times:?}");
    assert!(
        home.verdicts(KeyRing::new(home.public_key, []))
            .iter()
            .all(|verdict| verdict.outcome == Outcome::Valid)
    );
}

/// Witnesses, anchors and proofs know a log by its name.
#[test]
fn a_log_keeps_the_name_that_it_was_given() {
    let mut home = Home::new();
    let names = |home: &Home| {
        let name = |stored: &StoredCheckpoint| stored.note.lines().next().unwrap().to_owned();
        home.stored_checkpoints().iter().map(name).collect::<HashSet<_>>()
    };
    home.config.log_name = Some("example.org/host-7".to_owned());
    let daemon = home.start();
    home.record(1);
    daemon.stop().unwrap();
    assert_eq!(names(&home), HashSet::from(["example.org/host-7".to_owned()]));
    let rows = home.rows().len();
    home.config.log_name = Some("example.org/host-8".to_owned());
    let refused = home.try_start().err().unwrap();
    assert!(matches!(refused, StartError::OtherLogName { .. }), "{refused}");
    assert!(
        refused.to_string().contains("is named `example.org/host-7`, and `log_name` is `example.org/host-8`")
    );
    assert_eq!(home.rows().len(), rows, "nothing was recorded by a daemon that did not start");
    // The same name, and none, both go on with it.
    for name in [Some("example.org/host-7".to_owned()), None] {
        home.config.log_name = name;
        let daemon = home.start();
        home.record(1);
        daemon.stop().unwrap();
    }
    assert_eq!(names(&home).len(), 1);
    home.check();
    // A log that was begun without a name has one all the same.
    let mut other = Home::new();
    let daemon = other.start();
    other.record(1);
    daemon.stop().unwrap();
    other.config.log_name = Some("example.org/host-7".to_owned());
    assert!(matches!(other.try_start(), Err(StartError::OtherLogName { .. })));
}
