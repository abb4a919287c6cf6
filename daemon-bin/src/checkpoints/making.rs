//! One checkpoint: signed, stored, and told to the anchor log.

use std::path::{Path, PathBuf};

use agent_receipts_chain::checkpoint::{Checkpoint, HeadList, KeyName, SignedCheckpoint};
use agent_receipts_core::json::{Object, Value};
use agent_receipts_core::{Signature, Signer, Timestamp};
use agent_receipts_keysource::{KeyError, KeySource};
use agent_receipts_store::{CheckpointStore, StoreError, StoredCheckpoint};

use super::growth::Snapshot;
use crate::anchor_log;
use crate::pipeline::key_in_use::KeyInUse;
use crate::pipeline::shared_store::{AsStoreError, SharedStore};

/// Why a checkpoint was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum MakeError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key source could not sign.
    #[error("could not sign: {0}")]
    Sign(#[from] KeyError),
    /// The store is of a kind that keeps no checkpoints.
    #[error("the store keeps no checkpoints")]
    NotKept,
}

impl AsStoreError for MakeError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// Signs what it is given, and puts it where it belongs.
pub(crate) struct Maker {
    pub(crate) store: SharedStore,
    pub(crate) key: KeyInUse,
    /// The log's name: once there is a first checkpoint, or where one is configured.
    pub(crate) origin: Option<KeyName>,
    pub(crate) anchors: Option<Anchors>,
}

/// The anchor log, and the lines that it does not hold yet.
pub(crate) struct Anchors {
    path: PathBuf,
    waiting: Vec<Vec<u8>>,
}

impl Maker {
    /// Signs a tree and stores the checkpoint; on `Ok` it is on disk.
    pub(crate) fn make(&mut self, snapshot: &Snapshot, now: Timestamp) -> Result<(), MakeError> {
        let source = self.key.current();
        let key = source.public_key()?;
        let origin = self.origin.get_or_insert_with(|| KeyName::of_log(&key)).clone();
        let Snapshot { size, root, heads, groups } = snapshot;
        let checkpoint = Checkpoint::new(origin, (*size, *root), now, key.fingerprint(), heads);
        let signed = SignedCheckpoint::sign(checkpoint, &key, &Source(&*source))?;
        let stored = StoredCheckpoint { tree_size: *size, note: signed.to_string(), heads: heads.to_text() };
        // A history of a hundred million receipts has four hundred thousand groups: in parts, so that nobody waits for long.
        let (first, last) = groups.split_at(groups.len() - groups.len() % GROUPS_AT_ONCE);
        for groups in first.chunks(GROUPS_AT_ONCE) {
            self.store(|store| store.write_checkpoint(groups, None))?;
        }
        self.store(|store| store.write_checkpoint(last, Some(&stored)))?;
        if let Some(anchors) = &mut self.anchors {
            anchors.add(&signed, heads, now);
        }
        Ok(())
    }

    fn store(
        &self,
        write: impl Fn(&mut dyn CheckpointStore) -> Result<(), StoreError>,
    ) -> Result<(), MakeError> {
        self.store.alone(|store| Ok(write(store.checkpoints().ok_or(MakeError::NotKept)?)?))
    }
}

impl Anchors {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, waiting: Vec::new() }
    }

    /// Adds a checkpoint of an earlier run, unless the log ends with it: the last may not have come so far.
    pub(crate) fn make_up_for(&mut self, stored: &StoredCheckpoint, now: Timestamp) {
        if let (Ok(signed), Ok(heads)) =
            (SignedCheckpoint::parse(stored.note.as_bytes()), HeadList::parse(&stored.heads))
            && signed.checkpoint().check_heads(&heads).is_ok()
            && !anchor_log::ends_with_mention_of(&self.path, &signed.checkpoint().root.to_base64())
        {
            self.add(&signed, &heads, now);
        }
    }

    /// Writes what waits. On `Err` it waits on.
    pub(crate) fn write(&mut self) -> std::io::Result<()> {
        if !self.waiting.is_empty() {
            anchor_log::append(&self.path, &self.waiting.concat())?;
            self.waiting.clear();
        }
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn add(&mut self, signed: &SignedCheckpoint, heads: &HeadList, now: Timestamp) {
        if self.waiting.len() == MOST_WAITING {
            // Those that come later are over the same receipts and more.
            self.waiting.remove(0);
        }
        self.waiting.push(anchor_log::record("checkpoint", payload(signed, heads), &now.to_rfc3339_nanos()));
    }
}

/// The signed note and the list of heads that it commits to, and beside them in words of their own what the newest head is.
fn payload(signed: &SignedCheckpoint, heads: &HeadList) -> Value {
    let said = signed.checkpoint();
    let mut payload: Object = [
        ("heads", Value::from(heads.to_text())),
        ("note", Value::from(signed.to_string())),
        ("public_key_fingerprint", Value::from(said.key.to_string())),
    ]
    .into_iter()
    .collect();
    if let Some(newest) = heads.heads().first() {
        payload.insert("chain_id", Value::from(newest.chain_id.as_str()));
        payload.insert("seq", Value::from(newest.sequence));
        payload.insert("tip_hash", Value::from(newest.tip.to_string()));
    }
    payload.into()
}

/// A key source as core's signer.
struct Source<'a>(&'a dyn KeySource);

impl Signer for Source<'_> {
    type Error = KeyError;

    fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        self.0.sign(message)
    }
}

const GROUPS_AT_ONCE: usize = 4096;
/// Records that are kept in memory for a log that cannot be written.
const MOST_WAITING: usize = 256;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use agent_receipts_core::ReceiptHash;
    use agent_receipts_keysource::{FileKeySource, generate_key_pair};
    use agent_receipts_store::{MemoryStore, Row};

    use super::*;
    use crate::checkpoints::growth::Growth;

    fn key() -> KeyInUse {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        generate_key_pair(&path, &folder.path().join("k.pub"), &[1; 32].into()).unwrap();
        let mut key = FileKeySource::new(&path, "did:example:d#k1");
        key.init().unwrap();
        KeyInUse::new(Arc::new(key))
    }

    fn maker(store: MemoryStore) -> Maker {
        Maker { store: SharedStore::new(store), key: key(), origin: None, anchors: None }
    }

    fn snapshot(receipts: u64) -> Snapshot {
        let mut growth = Growth::default();
        for sequence in 1..=receipts {
            growth.add("audit", sequence, ReceiptHash::of(b"x"), growth.last_rowid() + 1);
        }
        growth.snapshot()
    }

    fn stored(maker: &Maker) -> (Vec<u64>, usize) {
        let read = maker.store.alone(|store| {
            let store = store.checkpoints().ok_or(MakeError::NotKept)?;
            let sizes = store.checkpoints_after(0, 9)?.iter().map(|stored| stored.tree_size).collect();
            Ok::<_, MakeError>((sizes, store.groups(0, u64::MAX)?.len()))
        });
        read.unwrap()
    }

    fn row() -> Row {
        let text = || "x".to_owned();
        Row {
            id: text(),
            chain_id: text(),
            sequence: 1,
            action_type: text(),
            tool_name: text(),
            risk_level: text(),
            status: text(),
            timestamp: text(),
            issuer_id: text(),
            principal_id: None,
            receipt_json: text(),
            receipt_hash: text(),
            previous_receipt_hash: None,
            session_id: None,
        }
    }

    #[test]
    fn a_disk_that_is_full_leaves_nothing_and_a_later_checkpoint_is_whole() {
        let full = StoreError::DiskFull { path: "/db".into() };
        let mut store = MemoryStore::new();
        store.fail_next_append(full.clone());
        let mut maker = maker(store);
        let snapshot = snapshot(600);
        assert_eq!(maker.make(&snapshot, Timestamp::UNIX_EPOCH), Err(MakeError::Store(full)));
        assert_eq!(stored(&maker), (vec![], 0));
        assert_eq!(maker.make(&snapshot, Timestamp::UNIX_EPOCH), Ok(()));
        assert_eq!(stored(&maker), (vec![600], 2));
        assert_eq!(maker.store.append(&[row()]), Ok(()), "the writer is not concerned");
    }

    /// After a failed sync nobody knows what is on disk, whoever asked for it.
    #[test]
    fn a_disk_that_does_not_sync_stops_the_writer() {
        let lost = StoreError::SyncFailed { path: "/db".into() };
        let mut store = MemoryStore::new();
        store.fail_next_append(lost.clone());
        let mut maker = maker(store);
        assert!(maker.make(&snapshot(1), Timestamp::UNIX_EPOCH).is_err());
        for _ in 0..2 {
            assert_eq!(maker.store.append(&[row()]), Err(lost.clone()));
        }
    }

    #[test]
    fn a_long_history_is_stored_in_parts_and_none_is_left_out() {
        let mut maker = maker(MemoryStore::new());
        let groups = GROUPS_AT_ONCE as u64 + 3;
        let group = |number| agent_receipts_store::StoredGroup { number, hash: [1; 32], last_rowid: 1 };
        let snapshot = Snapshot { groups: (0..groups).map(group).collect(), ..snapshot(5) };
        assert_eq!(maker.make(&snapshot, Timestamp::UNIX_EPOCH), Ok(()));
        assert_eq!(stored(&maker), (vec![5], GROUPS_AT_ONCE + 3));
    }
}
