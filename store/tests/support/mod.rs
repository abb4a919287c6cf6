//! What the store's tests share.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)] // each test binary uses its own part

pub mod faults;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use agent_receipts_store::{Query, ReceiptReader, Row, StoreError, StoredRow};

pub fn row(chain_id: &str, sequence: u64) -> Row {
    Row {
        id: format!("urn:receipt:{chain_id}:{sequence}"),
        chain_id: chain_id.to_owned(),
        sequence,
        action_type: "filesystem.file.read".to_owned(),
        tool_name: "Read".to_owned(),
        risk_level: "low".to_owned(),
        status: "success".to_owned(),
        timestamp: format!("2026-11-22T03:{:02}:{:02}Z", sequence / 60 % 60, sequence % 60),
        issuer_id: "did:example:daemon".to_owned(),
        principal_id: Some("did:user:alice".to_owned()),
        receipt_json: format!("{{\"n\":{sequence}}}"),
        receipt_hash: format!("sha256:{sequence:064x}"),
        previous_receipt_hash: (sequence > 1).then(|| format!("sha256:{:064x}", sequence - 1)),
        session_id: Some("s1".to_owned()),
    }
}

pub fn rows(chain_id: &str, sequences: std::ops::RangeInclusive<u64>) -> Vec<Row> {
    sequences.map(|sequence| row(chain_id, sequence)).collect()
}

pub fn collect(store: &dyn ReceiptReader, query: &Query) -> Result<Vec<StoredRow>, StoreError> {
    let mut found = Vec::new();
    store.stream(query, &mut |stored| {
        found.push(stored);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

pub fn sequences(store: &dyn ReceiptReader, query: &Query) -> Vec<u64> {
    collect(store, query).unwrap().into_iter().map(|stored| stored.row.sequence).collect()
}

pub fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Names, sizes, modes, times and digests of everything in a folder, and the folder's own time of change.
pub fn traces(folder: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, u64)> {
    let mut found = BTreeMap::new();
    let mut note = |path: &Path| {
        let metadata = path.symlink_metadata().unwrap();
        let contents = if metadata.is_file() { std::fs::read(path).unwrap() } else { Vec::new() };
        let mut digest = DefaultHasher::new();
        contents.hash(&mut digest);
        let trace = (metadata.mode(), metadata.mtime(), metadata.mtime_nsec(), digest.finish());
        found.insert(path.to_owned(), trace);
    };
    note(folder);
    for entry in std::fs::read_dir(folder).unwrap() {
        note(&entry.unwrap().path());
    }
    found
}

/// Runs one test of this binary in a process of its own, with a part to play named by a variable.
pub fn command(test: &str, variable: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(variable, path);
    command
}

/// Kills and reaps the child when the test ends, however it ends.
pub struct Kept(pub Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A database as another program would make it.
pub fn foreign(path: &Path, statements: &str) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(statements).unwrap();
    connection
}
