//! Databases that another implementation wrote: taken up with their key, refused without it, and never altered.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use agent_receipts_chain::Status;
use agent_receipts_core::Received;
use agent_receipts_daemon::StartError;
use agent_receipts_keysource::{FileKeySource, KeySource as _};
use rusqlite::Connection;
use support::process::{chain_ids, valid};
use support::{Home, event, field};

/// As the reference creates it: no table of ours, no version.
const SCHEMA: &str = "PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS receipts (
    id TEXT PRIMARY KEY, chain_id TEXT NOT NULL, sequence INTEGER NOT NULL, action_type TEXT NOT NULL,
    tool_name TEXT NOT NULL DEFAULT '', risk_level TEXT NOT NULL, status TEXT NOT NULL, timestamp TEXT NOT NULL,
    issuer_id TEXT NOT NULL, principal_id TEXT, receipt_json TEXT NOT NULL, receipt_hash TEXT NOT NULL,
    previous_receipt_hash TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE UNIQUE INDEX IF NOT EXISTS idx_receipts_chain ON receipts(chain_id, sequence);
CREATE INDEX IF NOT EXISTS idx_receipts_action ON receipts(action_type);
CREATE INDEX IF NOT EXISTS idx_receipts_risk ON receipts(risk_level);
CREATE INDEX IF NOT EXISTS idx_receipts_timestamp ON receipts(timestamp);";

/// Writes a chain of `length` receipts as Go writes them: members in the order of its structs, `<`, `>` and `&`
/// escaped, signed over the canonical form.
fn write_chain(home: &Home, chain_id: &str, length: u64) {
    let connection = Connection::open(&home.config.db).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let mut key = FileKeySource::new(&home.config.key, "did:agent-receipts-daemon:local#k1");
    key.init().unwrap();
    let mut previous: Option<String> = None;
    for sequence in 1..=length {
        let id = format!("urn:receipt:7637194d-c572-43bd-8880-{:012x}", fingerprint(chain_id) + sequence);
        let link = previous.as_ref().map_or("null".to_owned(), |hash| format!("\"{hash}\""));
        let body = format!(
            r#"{{"@context":["https://www.w3.org/ns/credentials/v2","https://agentreceipts.ai/context/v2"],"id":"{id}","type":["VerifiableCredential","AgentReceipt"],"version":"0.5.0","issuer":{{"id":"did:agent-receipts-daemon:local","type":"AgentReceiptsDaemon","name":"a\u003cb\u003e \u0026 \u2028é","operator":{{"id":"did:web:anthropic.com","name":""}},"session_id":"s1","runtime":{{"capture_method":"transcript","model":"m","usage":{{"in":1.50,"n":null}}}}}},"issuanceDate":"2026-11-22T03:39:59Z","credentialSubject":{{"principal":{{"id":"did:user:root"}},"action":{{"id":"act_4fe44c70-e6c6-4b30-a854-{:012x}","type":"sdk.t","tool_name":"\u003ct\u003e","risk_level":"medium","peer_credential":{{"platform":"linux","pid":25846,"uid":0,"gid":0,"exe_path":"/usr/bin/python3.11"}},"timestamp":"2026-11-22T03:39:59Z"}},"outcome":{{"status":"success"}},"chain":{{"sequence":{sequence},"previous_receipt_hash":{link},"chain_id":"{chain_id}"}}}}}}"#,
            fingerprint(chain_id) + sequence
        );
        let received = Received::parse(body.as_bytes()).unwrap();
        let signature = key.sign(received.canonical()).unwrap().to_proof_value();
        let signed = format!(
            r#"{},"proof":{{"type":"Ed25519Signature2020","created":"2026-11-22T03:39:59Z","verificationMethod":"did:agent-receipts-daemon:local#k1","proofPurpose":"assertionMethod","proofValue":"{signature}"}}}}"#,
            &body[..body.len() - 1]
        );
        let hash = received.hash().to_string();
        connection
            .execute(
                "INSERT INTO receipts (id, chain_id, sequence, action_type, tool_name, risk_level, status, timestamp, \
                 issuer_id, principal_id, receipt_json, receipt_hash, previous_receipt_hash) VALUES \
                 (?1, ?2, ?3, 'sdk.t', '<t>', 'medium', 'success', '2026-11-22T03:39:59Z', \
                 'did:agent-receipts-daemon:local', 'did:user:root', ?4, ?5, ?6)",
                rusqlite::params![id, chain_id, sequence as i64, signed, hash, previous],
            )
            .unwrap();
        previous = Some(hash);
    }
}

fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0, |sum, byte| (sum * 31 + u64::from(byte)) % 0xffff_0000)
}

/// Every column of the first rows, as SQLite itself would write them down.
fn literally(path: &Path, rows: usize) -> Vec<String> {
    let columns = "id chain_id sequence action_type tool_name risk_level status timestamp issuer_id principal_id \
                   receipt_json receipt_hash previous_receipt_hash created_at";
    let quoted = columns
        .split_whitespace()
        .map(|column| format!("quote({column})"))
        .collect::<Vec<_>>()
        .join("||','||");
    let connection = Connection::open(path).unwrap();
    let sql = format!("SELECT rowid||','||{quoted} FROM receipts ORDER BY rowid LIMIT {rows}");
    let mut statement = connection.prepare(&sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn count(path: &Path) -> usize {
    let connection = Connection::open(path).unwrap();
    connection.query_row("SELECT count(*) FROM receipts", [], |row| row.get::<_, i64>(0)).unwrap() as usize
}

#[test]
fn a_chain_that_another_implementation_wrote_goes_on_without_a_gap() {
    let home = Home::new();
    write_chain(&home, "audit", 3);
    write_chain(&home, "audit/agent/ag1", 2);
    let before = literally(&home.config.db, 5);
    assert!(
        before[0].contains(r"a\u003cb\u003e \u0026 \u2028"),
        "the test's own rows are escaped as Go does it"
    );
    let daemon = home.start();
    let mut client = home.connect();
    assert_eq!(field(&client.record(&event("")), "sequence").as_u64(), Some(4));
    assert_eq!(field(&client.record(&event(r#""agent_id":"ag1""#)), "sequence").as_u64(), Some(3));
    daemon.stop().unwrap();
    assert_eq!(literally(&home.config.db, 5), before, "what was there is there, byte for byte");
    assert_eq!(chain_ids(&home), ["audit", "audit/agent/ag1"]);
    for (chain, length) in [("audit", 5), ("audit/agent/ag1", 4)] {
        let verdict = valid(&home, chain);
        assert_eq!((verdict.length, verdict.status), (length, Status::Interrupted), "`{chain}`");
    }
    let link = home.chain("audit")[3].subject.chain.previous_receipt_hash.clone();
    assert_eq!(link.as_deref(), Some(home.rows()[2].row.receipt_hash.as_str()));
    // Readers that know nothing of our tables find theirs as they left it.
    let connection = Connection::open(&home.config.db).unwrap();
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let columns: i64 = connection
        .query_row("SELECT count(*) FROM pragma_table_info('receipts')", [], |row| row.get(0))
        .unwrap();
    assert_eq!((version, columns), (0, 14));
}

#[test]
fn a_database_from_before_tool_names_is_taken_up() {
    let home = Home::new();
    write_chain(&home, "audit", 2);
    let connection = Connection::open(&home.config.db).unwrap();
    connection.execute_batch("ALTER TABLE receipts DROP COLUMN tool_name").unwrap();
    drop(connection);
    let daemon = home.start();
    assert_eq!(field(&home.connect().record(&event("")), "sequence").as_u64(), Some(3));
    daemon.stop().unwrap();
    assert_eq!(valid(&home, "audit").length, 4);
    assert_eq!(home.rows()[2].row.tool_name, "t");
}

#[test]
fn a_hash_column_that_lies_is_not_linked_to() {
    let home = Home::new();
    write_chain(&home, "audit", 2);
    let connection = Connection::open(&home.config.db).unwrap();
    let lie = format!("sha256:{}", "0".repeat(64));
    connection.execute("UPDATE receipts SET receipt_hash = ?1 WHERE sequence = 2", [&lie]).unwrap();
    drop(connection);
    let before = literally(&home.config.db, 2);
    let error = home.try_start().unwrap_err();
    assert!(error.to_string().contains("receipt_hash"), "{error}");
    assert_eq!(literally(&home.config.db, 9), before);
}

#[test]
fn another_key_does_not_continue_a_foreign_chain() {
    let home = Home::new();
    write_chain(&home, "audit", 2);
    let before = literally(&home.config.db, 2);
    let mut thief = Home::with_seed([43; 32]);
    thief.config.db = home.config.db.clone();
    let error = thief.try_start().unwrap_err();
    assert!(matches!(error, StartError::Resume(_)), "{error}");
    assert_eq!(literally(&home.config.db, 9), before);
    // Nor where the chain is not asked for by name.
    thief.config.chain_id = None;
    assert!(matches!(thief.try_start().unwrap_err(), StartError::Resume(_)));
    assert_eq!(literally(&home.config.db, 9), before);
}

#[test]
fn the_reference_daemons_own_databases_are_not_continued_with_another_key() {
    let Some(shared) = std::env::var_os("AGENT_RECEIPTS_SHARED") else {
        println!("NOT RUN: AGENT_RECEIPTS_SHARED is not set, the reference's databases were not read");
        return;
    };
    let fixtures = Path::new(&shared).join("fixtures");
    let mut seen = 0;
    for name in ["basic", "edge_json", "rotated_valid"] {
        let fixture = fixtures.join(name);
        // As a whole folder: the published key is another, and is not overwritten.
        let home = Home::new();
        std::fs::copy(fixture.join("receipts.db"), &home.config.db).unwrap();
        std::fs::copy(fixture.join("signing.key.pub"), &home.config.public_key).unwrap();
        let total = count(&home.config.db);
        let before = literally(&home.config.db, total);
        let error = home.try_start().unwrap_err();
        assert!(matches!(error, StartError::Publish(_)), "{name}: {error}");
        assert_eq!(literally(&home.config.db, total + 9), before, "{name}");

        // The database alone, its root chain still open: the tail was not signed with this key.
        let home = Home::new();
        std::fs::copy(fixture.join("receipts.db"), &home.config.db).unwrap();
        let connection = Connection::open(&home.config.db).unwrap();
        let closed = "DELETE FROM receipts WHERE action_type = 'agent_receipts.chain_interrupted'";
        assert!(connection.execute(closed, []).unwrap() > 0, "{name}");
        drop(connection);
        let total = count(&home.config.db);
        let before = literally(&home.config.db, total);
        let error = home.try_start().unwrap_err();
        assert!(error.to_string().contains("was not signed with this key"), "{name}: {error}");
        assert_eq!(literally(&home.config.db, total + 9), before, "{name}");

        // Closed as it is, it is followed by a chain of our own and stays as it was.
        let home = Home::new();
        std::fs::copy(fixture.join("receipts.db"), &home.config.db).unwrap();
        let total = count(&home.config.db);
        let before = literally(&home.config.db, total);
        let daemon = home.start();
        assert_eq!(daemon.chain_id(), "audit-2");
        home.connect().record(&event(""));
        daemon.stop().unwrap();
        assert_eq!(literally(&home.config.db, total), before, "{name}");
        assert_eq!(valid(&home, "audit-2").length, 2);
        seen += 1;
    }
    assert_eq!(seen, 3);
}
