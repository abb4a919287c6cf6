//! A database of receipts with signed checkpoints, as a daemon leaves it.

use std::path::{Path, PathBuf};

use agent_receipts_chain::checkpoint::{Checkpoint, Head, HeadList, KeyName, SignedCheckpoint};
use agent_receipts_chain::tree::{Frontier, GROUP, NodeHash, hash_of_text};
use agent_receipts_core::{PublicKey, ReceiptHash, Signature, Signer, Timestamp};
use agent_receipts_store::{
    ArchiveFolder, ArchiveKind, CheckpointStore as _, Manifest, ReceiptStore as _, Row, SqliteStore,
    StoreError, StoredCheckpoint, StoredGroup,
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// A key that signs.
pub(crate) struct Key(Ed25519KeyPair);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
    }
}

impl Signer for Key {
    type Error = std::convert::Infallible;

    fn sign(&self, message: &[u8]) -> Result<Signature, Self::Error> {
        Ok(Signature::from_bytes(self.0.sign(message).as_ref().try_into().unwrap()))
    }
}

/// A new database. A program that another test's thread is just starting holds our files until it runs, and with them the lock of
/// the database that stood there before.
fn create(path: &Path) -> SqliteStore {
    for _ in 0..3_000 {
        // The attempt that finds it held has made the file.
        match SqliteStore::create_or_open(path) {
            Err(StoreError::Locked { .. }) => std::thread::sleep(std::time::Duration::from_millis(10)),
            created => return created.unwrap(),
        }
    }
    panic!("somebody holds the database");
}

/// The log; while it is held, its writer has the database open.
pub(crate) struct Log {
    store: SqliteStore,
    path: PathBuf,
    key: Key,
    origin: Option<KeyName>,
    tree: Frontier,
    /// Makes the receipts of one log differ from another's.
    flavour: &'static str,
    /// The chain that is recorded on.
    chain: String,
}

impl Log {
    pub(crate) fn create(path: &Path) -> Self {
        Self::flavoured(path, "")
    }

    /// A log under the same name and key, with other receipts from the one on that `record` is asked for.
    pub(crate) fn flavoured(path: &Path, flavour: &'static str) -> Self {
        let store = create(path);
        Self {
            store,
            path: path.to_owned(),
            key: Key::new(1),
            origin: None,
            tree: Frontier::default(),
            flavour,
            chain: "audit".into(),
        }
    }

    /// Moves every receipt there is to an archive, and records on another chain from then on.
    pub(crate) fn retire(&mut self) {
        let rows: Vec<Row> = (1..=self.tree.size()).map(|sequence| self.row(sequence)).collect();
        let folder = ArchiveFolder::beside(&self.path);
        let mut writer = folder.begin("x").unwrap();
        writer.append(&rows).unwrap();
        let manifest = Manifest {
            version: Manifest::VERSION,
            kind: ArchiveKind::Moved,
            source: String::new(),
            taken_in: String::new(),
            sha256: String::new(),
            bytes: 0,
            receipts: self.tree.size(),
            chains: Vec::new(),
            public_key: String::new(),
            earlier_keys: Vec::new(),
            vouched_keys: Vec::new(),
        };
        writer.finish(&manifest).unwrap();
        let archive = folder.archives().unwrap().remove(0);
        let retired = self.store.retire(&archive, &|text| *hash_of_text(text.as_bytes()).as_bytes()).unwrap();
        assert_eq!(retired.receipts, self.tree.size());
        self.chain = "audit-2".into();
    }

    pub(crate) fn become_other(&mut self, flavour: &'static str) {
        self.flavour = flavour;
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.key.public()
    }

    pub(crate) fn origin(&self) -> KeyName {
        self.origin.clone().unwrap_or_else(|| KeyName::of_log(&self.key()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Records receipts and signs a checkpoint over all there are then.
    pub(crate) fn grow(&mut self, receipts: u64) -> String {
        self.record(receipts);
        self.checkpoint()
    }

    pub(crate) fn record(&mut self, receipts: u64) {
        let mut groups = Vec::new();
        let mut rows = Vec::new();
        for _ in 0..receipts {
            let sequence = self.tree.size() + 1;
            let hash = self.hash(sequence);
            rows.push(self.row(sequence));
            if let Some(root) = self.tree.push(NodeHash::of_receipt(&hash)) {
                let last_rowid = i64::try_from(sequence).unwrap();
                groups.push(StoredGroup { number: sequence / GROUP - 1, hash: *root.as_bytes(), last_rowid });
            }
        }
        self.store.append(&rows).unwrap();
        self.store.write_checkpoint(&groups, None).unwrap();
    }

    pub(crate) fn checkpoint(&mut self) -> String {
        let size = self.tree.size();
        let heads = HeadList::new([Head { chain_id: "audit".into(), sequence: size, tip: self.hash(size) }]);
        self.checkpoint_with(&heads)
    }

    pub(crate) fn checkpoint_with(&mut self, heads: &HeadList) -> String {
        let (size, root) = (self.tree.size(), self.tree.root());
        let time = Timestamp::from_unix(1_800_000_000 + i64::try_from(size).unwrap(), 0).unwrap();
        let checkpoint = Checkpoint::new(self.origin(), (size, root), time, self.key().fingerprint(), heads);
        let signed = SignedCheckpoint::sign(checkpoint, &self.key(), &self.key).unwrap();
        let note = signed.note().to_string();
        let stored = StoredCheckpoint { tree_size: size, note: note.clone(), heads: heads.to_text() };
        self.store.write_checkpoint(&[], Some(&stored)).unwrap();
        note
    }

    /// Lets another key sign from now on, under the same name.
    pub(crate) fn rotate_to(&mut self, seed: u8) {
        self.origin = Some(self.origin());
        self.key = Key::new(seed);
    }

    /// Puts any text where a checkpoint stands.
    pub(crate) fn damage(&mut self, tree_size: u64, note: &str) {
        let stored = StoredCheckpoint { tree_size, note: note.into(), heads: String::new() };
        self.store.write_checkpoint(&[], Some(&stored)).unwrap();
    }

    /// Puts a checkpoint of another database into its place among ours.
    pub(crate) fn keep(&mut self, tree_size: u64, note: &str) {
        self.damage_with_heads(tree_size, note, tree_size);
    }

    /// The same, with the heads of another checkpoint.
    pub(crate) fn damage_with_heads(&mut self, tree_size: u64, note: &str, of: u64) {
        let heads = HeadList::new([Head { chain_id: "audit".into(), sequence: of, tip: self.hash(of) }]);
        let stored = StoredCheckpoint { tree_size, note: note.into(), heads: heads.to_text() };
        self.store.write_checkpoint(&[], Some(&stored)).unwrap();
    }

    /// Stands for a receipt: nothing here looks into one.
    fn text(&self, sequence: u64) -> String {
        format!("{{\"n\":\"{}{sequence}\"}}", self.flavour)
    }

    pub(crate) fn hash(&self, sequence: u64) -> ReceiptHash {
        hash_of_text(self.text(sequence).as_bytes())
    }

    fn row(&self, sequence: u64) -> Row {
        let chain_id = self.chain.clone();
        Row { chain_id, ..row(sequence, self.text(sequence), &self.hash(sequence)) }
    }
}

fn row(sequence: u64, receipt_json: String, hash: &ReceiptHash) -> Row {
    Row {
        id: format!("urn:receipt:{sequence}"),
        chain_id: "audit".into(),
        sequence,
        action_type: "unknown".into(),
        tool_name: String::new(),
        risk_level: "medium".into(),
        status: "success".into(),
        timestamp: "2026-11-22T03:39:59Z".into(),
        issuer_id: "did:example:d".into(),
        principal_id: None,
        receipt_json,
        receipt_hash: hash.to_string(),
        previous_receipt_hash: None,
        session_id: None,
    }
}
