//! Databases that the reference daemon wrote, read in place and continued in a copy.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use agent_receipts_store::{Query, ReceiptReader, ReceiptStore, SqliteReader, SqliteStore};
use support::{collect, row, sequences, traces};

/// The folder with the reference's databases; its rules have tests of their own in `schema.rs` and `reading.rs`.
fn fixtures() -> Option<PathBuf> {
    let folder =
        std::env::var_os("AGENT_RECEIPTS_SHARED").map(|shared| PathBuf::from(shared).join("fixtures"));
    if folder.is_none() {
        println!("AGENT_RECEIPTS_SHARED is not set: the reference's databases are not read");
    }
    folder
}

const EXPECTED: [(&str, &[(&str, u64)]); 3] = [
    ("basic", &[("audit", 7), ("audit/agent/ag1", 2)]),
    ("rotated_valid", &[("audit", 8)]),
    ("edge_json", &[("audit", 20)]),
];

#[test]
fn the_references_databases_are_read_without_a_trace() {
    let Some(fixtures) = fixtures() else { return };
    for (name, chains) in EXPECTED {
        let folder = fixtures.join(name);
        let before = traces(&folder);
        let reader = SqliteReader::open(folder.join("receipts.db")).unwrap();
        let found = reader.chains().unwrap();
        let summary: Vec<_> = found.iter().map(|chain| (chain.chain_id.as_str(), chain.length)).collect();
        assert_eq!(summary, chains, "{name}");
        assert_eq!(reader.latest_root_chain(), Ok(Some("audit".to_owned())));
        reader.check_integrity().unwrap();
        let lines = std::fs::read_to_string(folder.join("receipts.jsonl")).unwrap();
        let rows = collect(&reader, &Query::after(0)).unwrap();
        assert_eq!(rows.len(), lines.lines().count());
        for stored in &rows {
            assert!(
                lines.lines().any(|line| line.contains(&stored.row.receipt_hash)),
                "{name}: {}",
                stored.row.id
            );
        }
        drop(reader);
        assert_eq!(traces(&folder), before, "{name}");
    }
}

#[test]
fn the_references_sessions_are_found_by_their_json() {
    let Some(fixtures) = fixtures() else { return };
    let reader = SqliteReader::open(fixtures.join("basic/receipts.db")).unwrap();
    let all = collect(&reader, &Query::default()).unwrap();
    let named =
        all.iter().filter(|stored| stored.row.receipt_json.contains("\"session_id\":\"s-1\"")).count();
    let query = Query { session_id: Some("s-1".to_owned()), ..Query::default() };
    assert!(named > 0);
    assert_eq!(collect(&reader, &query).unwrap().len(), named);
}

#[test]
fn the_references_databases_are_continued() {
    let Some(fixtures) = fixtures() else { return };
    for (name, chains) in EXPECTED {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipts.db");
        std::fs::write(&path, std::fs::read(fixtures.join(name).join("receipts.db")).unwrap()).unwrap();
        let mut store = SqliteStore::open(&path).unwrap();
        for (chain_id, length) in chains {
            let head = store.head(chain_id).unwrap().unwrap();
            assert_eq!(head.sequence, *length);
            store.append(&[row(chain_id, length + 1)]).unwrap();
            assert_eq!(sequences(&store, &Query::chain(*chain_id)), (1..=length + 1).collect::<Vec<_>>());
        }
        drop(store);
        assert_eq!(SqliteReader::open(&path).unwrap().chains().unwrap().len(), chains.len());
    }
}
