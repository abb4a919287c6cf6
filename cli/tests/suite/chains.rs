//! Databases of receipts, written as the daemon writes them, and as a forger would.

use std::path::{Path, PathBuf};

use agent_receipts_core::{
    CREDENTIAL_TYPES, CREDENTIALS_CONTEXT, Draft, KeyRotation, PeerCredential, PublicKey, Receipt,
    ReceiptHash, Signature, Timestamp, Version,
};
use agent_receipts_store::{ReceiptStore, Row, SqliteStore, StoreError};
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::house::wait_until;

/// A signing key, made of one byte.
pub(crate) struct Key(Ed25519KeyPair);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
    }

    /// Writes the public key to a file.
    pub(crate) fn publish(&self, path: &Path) -> PathBuf {
        std::fs::write(path, self.public().to_pem()).unwrap();
        path.to_owned()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(message).as_ref().try_into().unwrap())
    }
}

/// A chain that grows.
pub(crate) struct Chain {
    pub(crate) id: String,
    pub(crate) session: Option<String>,
    sequence: u64,
    previous: Option<ReceiptHash>,
}

impl Chain {
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), session: Some("s1".to_owned()), sequence: 0, previous: None }
    }

    /// The next `number` rows, signed by `key`.
    pub(crate) fn rows(&mut self, key: &Key, number: u64) -> Vec<Row> {
        (0..number).map(|_| self.row(key, |_| ())).collect()
    }

    /// The next row, after `change` was made to its receipt before it is signed.
    pub(crate) fn row(&mut self, key: &Key, change: impl FnOnce(&mut Receipt)) -> Row {
        self.sequence += 1;
        let mut receipt = self.receipt();
        change(&mut receipt);
        let draft = Draft::new(receipt.clone());
        let signed = draft.attach(&key.sign(draft.canonical()), &receipt.issuance_date, "did:example:d#k1");
        let previous = self.previous.replace(draft.hash());
        let subject = &receipt.subject;
        Row {
            id: receipt.id.clone(),
            chain_id: self.id.clone(),
            sequence: self.sequence,
            action_type: subject.action.kind.clone(),
            tool_name: subject.action.tool_name.clone().unwrap_or_default(),
            risk_level: subject.action.risk_level.clone(),
            status: subject.outcome.status.clone(),
            timestamp: subject.action.timestamp.clone(),
            issuer_id: receipt.issuer.id.clone(),
            principal_id: Some(subject.principal.id.clone()),
            receipt_json: String::from_utf8(signed).unwrap(),
            receipt_hash: draft.hash().to_string(),
            previous_receipt_hash: previous.map(|hash| hash.to_string()),
            session_id: self.session.clone(),
        }
    }

    /// A rotation from one key to another, signed by the old one.
    pub(crate) fn rotation(&mut self, old: &Key, new: &Key) -> Row {
        self.row(old, |receipt| {
            receipt.subject.action.kind = "agent.key.rotate".into();
            receipt.subject.action.peer_credential = None;
            receipt.subject.key_rotation = Some(KeyRotation {
                event_type: "key_rotated".into(),
                new_public_key: new.public().to_multibase(),
                old_key_fingerprint: old.public().fingerprint().to_string(),
                new_key_fingerprint: new.public().fingerprint().to_string(),
                old_algorithm: "ed25519".into(),
                new_algorithm: "ed25519".into(),
                signed_with: "old".into(),
                ..KeyRotation::default()
            });
        })
    }

    fn receipt(&self) -> Receipt {
        let time = Timestamp::from_unix(1_795_000_000 + self.sequence as i64, 0).unwrap().to_rfc3339();
        let chain =
            u128::from(self.id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte)));
        let id = uuid::Uuid::from_u128(chain << 64 | u128::from(self.sequence));
        let mut receipt = Receipt {
            context: vec![CREDENTIALS_CONTEXT.into(), Version::V0_5_0.context().into()],
            id: format!("urn:receipt:{id}"),
            types: CREDENTIAL_TYPES.map(str::to_owned).to_vec(),
            version: Version::V0_5_0.to_string(),
            issuance_date: time.clone(),
            ..Receipt::default()
        };
        receipt.issuer.id = "did:example:d".into();
        receipt.issuer.session_id.clone_from(&self.session);
        let subject = &mut receipt.subject;
        subject.principal.id = "did:user:me".into();
        subject.action.id = format!("act_{id}");
        subject.action.kind = "filesystem.file.read".into();
        subject.action.tool_name = Some("read".into());
        subject.action.risk_level = "low".into();
        subject.action.timestamp = time;
        subject.action.peer_credential = Some(PeerCredential {
            platform: "linux".into(),
            pid: 4242,
            uid: Some(1000),
            gid: Some(1000),
            exe_path: Some("/usr/bin/agent".into()),
            ..PeerCredential::default()
        });
        subject.outcome.status = "success".into();
        subject.chain.chain_id = self.id.clone();
        subject.chain.sequence = self.sequence;
        subject.chain.previous_receipt_hash = self.previous.map(|hash| hash.to_string());
        receipt
    }
}

/// Writes rows into a new database.
pub(crate) fn database(path: &Path, rows: &[Row]) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut store = SqliteStore::create(path).unwrap();
    rows.chunks(2000).for_each(|batch| store.append(batch).unwrap());
    path.to_owned()
}

/// A database opened for writing. A child that another test has just begun may hold the lock of the last writer for a moment.
pub(crate) fn writer(path: &Path) -> SqliteStore {
    let mut store = None;
    wait_until("the database is free", || {
        store = match SqliteStore::open(path) {
            Err(StoreError::Locked { .. }) => None,
            opened => Some(opened.unwrap()),
        };
        store.is_some()
    });
    store.unwrap()
}

/// The receipts as JSON lines.
pub(crate) fn lines(rows: &[Row]) -> String {
    rows.iter().map(|row| format!("{}\n", row.receipt_json)).collect()
}
