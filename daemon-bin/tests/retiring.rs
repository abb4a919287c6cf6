//! A daemon beside chains that were moved to an archive: it counts on, signs on, and begins none of them anew.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use agent_receipts_chain::checkpoint::SignedCheckpoint;
use agent_receipts_chain::tree::{Frontier, NodeHash, hash_of_text};
use agent_receipts_daemon::RetireError;
use agent_receipts_store::{
    ArchiveFolder, ArchiveKind, CheckpointReader as _, Manifest, ReceiptReader as _, Retired, Row,
    SqliteReader, StoreError, StoredRow,
};
use rusqlite::Connection;
use support::{Home, event};

/// What was taken out, and how it ended.
fn retire(db: &Path) -> Result<Vec<(String, Retired)>, RetireError> {
    let mut done = Vec::new();
    agent_receipts_daemon::retire(db, |archive, retired| done.push((archive.to_owned(), retired)))?;
    Ok(done)
}

fn record(home: &Home, fields: &str) {
    home.connect().record(&event(fields));
}

/// Puts these rows into an archive as `agent-receipts retire` does.
fn archive(home: &Home, name: &str, rows: &[StoredRow]) {
    let rows: Vec<Row> = rows.iter().map(|stored| stored.row.clone()).collect();
    let mut writer = ArchiveFolder::beside(&home.config.db).begin(name).unwrap();
    writer.append(&rows).unwrap();
    let manifest = Manifest {
        version: Manifest::VERSION,
        kind: ArchiveKind::Moved,
        source: String::new(),
        taken_in: "2026-11-22T03:39:59Z".to_owned(),
        sha256: String::new(),
        bytes: 0,
        receipts: rows.len() as u64,
        chains: Vec::new(),
        public_key: String::new(),
        earlier_keys: Vec::new(),
        vouched_keys: Vec::new(),
    };
    writer.finish(&manifest).unwrap();
}

fn sql(home: &Home, statements: &str) {
    Connection::open(&home.config.db).unwrap().execute_batch(statements).unwrap();
}

/// The size and the root of the last checkpoint.
fn last_signed(home: &Home) -> (u64, NodeHash) {
    let stored = SqliteReader::open(&home.config.db).unwrap().checkpoints_up_to(u64::MAX, 1).unwrap();
    let signed = SignedCheckpoint::parse(stored[0].note.as_bytes()).unwrap();
    assert_eq!(signed.verify(&home.public_key), Ok(()));
    (signed.checkpoint().size, signed.checkpoint().root)
}

fn root_of<'a>(rows: impl IntoIterator<Item = &'a StoredRow>) -> NodeHash {
    let mut tree = Frontier::default();
    for row in rows {
        tree.push(NodeHash::of_receipt(&hash_of_text(row.row.receipt_json.as_bytes())));
    }
    tree.root()
}

/// A home whose daemon has recorded on two chains and closed them.
fn closed() -> (Home, Vec<StoredRow>) {
    let home = Home::new();
    let daemon = home.start();
    (0..300).for_each(|_| record(&home, ""));
    record(&home, r#""agent_id":"a""#);
    daemon.stop().unwrap();
    let rows = home.rows();
    (home, rows)
}

#[test]
fn checkpoints_go_on_over_what_was_moved_and_no_chain_is_begun_anew() {
    let (home, before) = closed();
    archive(&home, "old", &before);
    let moved = Retired { chains: 2, receipts: before.len() as u64 };
    assert_eq!(retire(&home.config.db), Ok(vec![("old".to_owned(), moved)]));
    assert_eq!(retire(&home.config.db), Ok(Vec::new()), "it is done once");
    assert_eq!(home.rows(), []);
    for run in 2..=3 {
        let daemon = home.start();
        assert_eq!(daemon.chain_id(), format!("audit-{run}"));
        record(&home, "");
        record(&home, r#""agent_id":"a""#);
        daemon.stop().unwrap();
    }
    let after = home.rows();
    assert_eq!(after[0].rowid, before.len() as i64 + 1);
    let mut chains: Vec<_> = after.iter().map(|row| row.row.chain_id.as_str()).collect();
    chains.sort_unstable();
    chains.dedup();
    assert_eq!(chains, ["audit-2", "audit-2/agent/a", "audit-3", "audit-3/agent/a"]);
    let root = root_of(before.iter().chain(&after));
    assert_eq!(last_signed(&home), ((before.len() + after.len()) as u64, root));
    // From every leaf as well, where what is stored of the tree is gone.
    sql(&home, "DELETE FROM ar_tree_groups");
    let daemon = home.start();
    record(&home, "");
    daemon.stop().unwrap();
    let all = home.rows();
    assert_eq!(last_signed(&home).1, root_of(before.iter().chain(&all)));
    assert!(!home.logged("no more checkpoints"), "{:?}", home.lines);
}

/// The chain of an agent is looked up when the agent is heard of, and not at the start.
#[test]
fn a_chain_that_stays_open_has_agents_whose_chains_were_moved() {
    let home = Home::new();
    let daemon = home.start();
    record(&home, "");
    record(&home, r#""agent_id":"a""#);
    daemon.stop().unwrap();
    let rows = home.rows();
    // As if the root had been left open: its terminator is taken out, and with it what was signed over it.
    sql(&home, "DELETE FROM receipts WHERE chain_id = 'audit' AND sequence = 2; DELETE FROM ar_checkpoints");
    let agents: Vec<_> = rows.into_iter().filter(|row| row.row.chain_id == "audit/agent/a").collect();
    archive(&home, "agents", &agents);
    retire(&home.config.db).unwrap();
    let daemon = home.start();
    assert_eq!(daemon.chain_id(), "audit");
    record(&home, r#""agent_id":"a""#);
    daemon.stop().unwrap();
    assert!(home.rows().iter().all(|row| row.row.chain_id != "audit/agent/a"));
    assert_eq!(home.chain("audit/agent/a/2").len(), 2);
}

#[test]
fn what_is_left_of_receipts_is_held_against_what_was_signed() {
    for tampering in [
        "UPDATE ar_moved_receipts SET leaf = zeroblob(32) WHERE position = 7",
        "DELETE FROM ar_moved_receipts WHERE position = 7",
        "DELETE FROM ar_moved_receipts",
    ] {
        let (home, before) = closed();
        archive(&home, "old", &before);
        retire(&home.config.db).unwrap();
        sql(&home, &format!("DELETE FROM ar_tree_groups; {tampering}"));
        let signed = last_signed(&home);
        let daemon = home.start();
        record(&home, "");
        daemon.stop().unwrap();
        assert!(home.logged("no more checkpoints are made"), "{tampering}: {:?}", home.lines);
        assert_eq!(last_signed(&home), signed, "{tampering}");
    }
}

#[test]
fn an_open_chain_is_not_let_go() {
    let (home, before) = closed();
    let open: Vec<_> = before.into_iter().filter(|row| row.row.sequence < 5).collect();
    archive(&home, "old", &open);
    let refused = retire(&home.config.db);
    assert!(
        matches!(&refused, Err(RetireError::Open { chain_id, .. }) if chain_id == "audit"),
        "{refused:?}"
    );
    assert_eq!(home.rows().len(), 303);
}

#[test]
fn a_daemon_at_work_is_left_alone() {
    let (home, before) = closed();
    archive(&home, "old", &before);
    let daemon = home.start();
    assert!(matches!(retire(&home.config.db), Err(RetireError::Store(StoreError::Locked { .. }))));
    record(&home, "");
    daemon.stop().unwrap();
    retire(&home.config.db).unwrap();
    let reader = SqliteReader::open(&home.config.db).unwrap();
    assert_eq!(reader.chain_ids().unwrap(), ["audit-2"]);
}
