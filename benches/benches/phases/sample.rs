//! An ordinary event and an ordinary receipt.

use agent_receipts_benches::{Chain, EventFrame, fill};
use agent_receipts_core::{PublicKey, Signature, Timestamp};
use agent_receipts_keysource::{generate_key_pair, public_key_path, random_seed};
use agent_receipts_store::{ReceiptReader, Row, SqliteReader};
use ring::signature::Ed25519KeyPair;
use tempfile::TempDir;

/// The body of a frame of 600 bytes.
pub(crate) fn body() -> Vec<u8> {
    EventFrame::new(600, true).unwrap().body(1)
}

/// A row as the daemon stores it, and the key that signed its receipt.
pub(crate) fn signed_row() -> (Row, PublicKey) {
    let folder = folder();
    let (private, db) = (folder.path().join("key"), folder.path().join("receipts.db"));
    let key = generate_key_pair(&private, &public_key_path(&private), &random_seed().unwrap()).unwrap();
    fill(&db, &private, 2, Chain::new("2026-11-22", Timestamp::UNIX_EPOCH)).unwrap();
    let stored = SqliteReader::open(&db).unwrap().by_position("2026-11-22", 2).unwrap().unwrap();
    (Row { session_id: Some("0193a7a0-0000-7000-8000-000000000001".to_owned()), ..stored.row }, key)
}

/// On the disk that the daemon would use.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn ring_key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

pub(crate) fn signature() -> Signature {
    Signature::from_bytes([7; 64])
}
