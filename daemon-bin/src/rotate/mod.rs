//! Replacing the signing key of a stopped daemon, so that no chain breaks over it.
//!
//! Every open chain, of the root and of agents, gets a `key_rotated` receipt under the outgoing key, all in one transaction.
//! That transaction is the point of no return: before it the new key stands only beside the old one and is removed by whoever
//! finds it; after it the new key is put in place by whoever finds it, be it the next start after a crash ([`recover`]).

mod anchor;
mod files;
mod recover;

use std::fmt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use agent_receipts_core::{Fingerprint, KeyRotation, PublicKey};
use agent_receipts_keysource::{GenerateError, generate_key_pair};
use agent_receipts_store::Row;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::pipeline::ledger::{Ledger, WriteError};
use crate::pipeline::receipts::Letterhead;
use crate::pipeline::roots::Roots;
use crate::pipeline::sequence::Sequencer;
use crate::pipeline::shared_store::SharedStore;
use crate::startup::{StartError, open};
use crate::surroundings::Surroundings;
use files::KeyFiles;

pub(crate) use recover::recover;

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotation {
    /// Where the hand-over stands: chain, sequence and receipt id, the root chain last.
    pub receipts: Vec<(String, u64, String)>,
    /// The key that was replaced.
    pub outgoing: Fingerprint,
    /// The key that signs from now on.
    pub incoming: Fingerprint,
    /// Where the outgoing public key is kept, for ever.
    pub archived: PathBuf,
}

/// What an operator is told, as the reference tells it.
impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (chain, sequence, receipt) in &self.receipts {
            writeln!(f, "rotated signing key on chain {chain} (seq {sequence})")?;
            writeln!(f, "  key_rotated receipt: {receipt}")?;
        }
        writeln!(f, "outgoing key: {}", self.outgoing)?;
        writeln!(f, "incoming key: {}", self.incoming)?;
        writeln!(f, "archived public key: {}", self.archived.display())?;
        writeln!(f, "keep the archived key: verifiers need it for everything signed until now")
    }
}

/// Why a key was not rotated. Keys and chains are then as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The daemon is at work.
    #[error("a daemon is listening on `{}`: stop it first", path.display())]
    Running {
        /// Its socket.
        path: PathBuf,
    },
    /// Key, store or chain cannot be used.
    #[error(transparent)]
    Open(#[from] StartError),
    /// The new key was not made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The receipts were not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file could not be handled.
    #[error("could not {what} `{}`: {error}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

/// Replaces the signing key by one made from `seed`, and records it in `anchor` first, if there is one.
///
/// # Errors
///
/// [`RotateError`]; nothing has then changed, or a crash will be cleaned up by the next start.
pub fn rotate(
    config: &Config,
    seed: &Zeroizing<[u8; 32]>,
    anchor: Option<&Path>,
    surroundings: Surroundings,
) -> Result<Rotation, RotateError> {
    if UnixStream::connect(&config.socket).is_ok() {
        return Err(RotateError::Running { path: config.socket.clone() });
    }
    let opened = open(config, &surroundings)?;
    let outgoing = opened.keys.current;
    let letterhead = Letterhead { issuer_id: config.issuer_id.clone(), version: config.receipt_version };
    let sequencer = Sequencer::new(
        Roots { base: opened.root, by: config.chains },
        config.max_chains_per_uid,
        opened.head,
        opened.keys,
        letterhead,
        surroundings.clone(),
    );
    let ledger = Ledger { store: SharedStore::new(opened.store), key: opened.key, sequencer };
    replace_key(config, seed, anchor, &surroundings, ledger, outgoing)
}

/// The rotation itself, under the lock that the ledger's store holds.
fn replace_key(
    config: &Config,
    seed: &Zeroizing<[u8; 32]>,
    anchor: Option<&Path>,
    surroundings: &Surroundings,
    mut ledger: Ledger,
    outgoing: PublicKey,
) -> Result<Rotation, RotateError> {
    let files = KeyFiles::of(config);
    let incoming = generate_key_pair(&files.next_key, &files.next_public_key, seed)?;
    match hand_over(&mut ledger, &files, &outgoing, &incoming, anchor, surroundings) {
        Ok(rows) => {
            // From here on nothing is undone: what fails now is finished by the next start.
            files.install()?;
            let receipts = rows.into_iter().map(|row| (row.chain_id, row.sequence, row.id)).collect();
            let archived = files.archive_of(&outgoing);
            Ok(Rotation {
                receipts,
                outgoing: outgoing.fingerprint(),
                incoming: incoming.fingerprint(),
                archived,
            })
        }
        Err(error) => {
            // A commit that failed at its last step may be found done when the database is opened again: only then is it
            // known whether the chains were handed over, and the one key that can go on with them must not be gone.
            drop(ledger);
            if let Err(later) = recover(config, &surroundings.log) {
                (surroundings.log)(&format!("left to the next start: {later}"));
            }
            Err(error)
        }
    }
}

/// Everything up to and with the transaction.
fn hand_over(
    ledger: &mut Ledger,
    files: &KeyFiles,
    outgoing: &PublicKey,
    incoming: &PublicKey,
    anchor: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Vec<Row>, RotateError> {
    let placed = ledger.place_rotations(&key_rotation(outgoing, incoming)).map_err(WriteError::from)?;
    let rows = ledger.seal(placed)?;
    if let Some(path) = anchor {
        anchor::append(path, &rows, (surroundings.clock)())?;
    }
    files.archive(outgoing)?;
    ledger.append(&rows)?;
    Ok(rows)
}

fn key_rotation(outgoing: &PublicKey, incoming: &PublicKey) -> KeyRotation {
    let algorithm = "ed25519".to_owned();
    KeyRotation {
        event_type: "key_rotated".to_owned(),
        new_public_key: incoming.to_multibase(),
        old_key_fingerprint: outgoing.fingerprint().to_string(),
        new_key_fingerprint: incoming.fingerprint().to_string(),
        old_algorithm: algorithm.clone(),
        new_algorithm: algorithm,
        signed_with: "old".to_owned(),
        ..KeyRotation::default()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::Arc;

    use agent_receipts_keysource::read_public_key;
    use agent_receipts_store::{
        ChainSummary, Head, Query, ReceiptReader, ReceiptStore, SqliteStore, StoreError, StoredRow,
    };

    use super::*;

    /// A disk whose last word on a commit is an error, although the commit is there.
    struct LastSyncFails(SqliteStore);

    impl ReceiptStore for LastSyncFails {
        fn append(&mut self, batch: &[Row]) -> Result<(), StoreError> {
            self.0.append(batch)?;
            Err(StoreError::SyncFailed { path: self.0.path().to_owned() })
        }
    }

    impl ReceiptReader for LastSyncFails {
        fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError> {
            self.0.head(chain_id)
        }
        fn chains(&self) -> Result<Vec<ChainSummary>, StoreError> {
            self.0.chains()
        }
        fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError> {
            self.0.by_id(id)
        }
        fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError> {
            self.0.by_position(chain_id, sequence)
        }
        fn stream(
            &self,
            query: &Query,
            each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
        ) -> Result<(), StoreError> {
            self.0.stream(query, each)
        }
        fn latest_root_chain(&self) -> Result<Option<String>, StoreError> {
            self.0.latest_root_chain()
        }
        fn max_rowid(&self) -> Result<i64, StoreError> {
            self.0.max_rowid()
        }
    }

    /// Were the new key thrown away over such an error, the chain would be handed over to a key that nobody has.
    #[test]
    fn a_commit_that_failed_and_is_there_all_the_same_keeps_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let outgoing = generate_key_pair(&at("k"), &at("k.pub"), &[1; 32].into()).unwrap();
        let text = format!(
            "socket = {:?}\ndb = {:?}\nkey = {:?}\nchain_id = \"audit\"\nunsafe_socket_path = true\n",
            at("s"),
            at("r.db"),
            at("k")
        );
        std::fs::write(at("d.toml"), text).unwrap();
        let config = Config::load(&at("d.toml"), &|_: &str| None).unwrap();
        let surroundings = Surroundings { log: Arc::new(|_| {}), ..Surroundings::system() };
        let opened = open(&config, &surroundings).unwrap();
        let letterhead = Letterhead { issuer_id: config.issuer_id.clone(), version: config.receipt_version };
        let sequencer = Sequencer::new(
            Roots { base: opened.root, by: config.chains },
            config.max_chains_per_uid,
            opened.head,
            opened.keys,
            letterhead,
            surroundings.clone(),
        );
        let ledger =
            Ledger { store: SharedStore::new(LastSyncFails(opened.store)), key: opened.key, sequencer };
        let failed = replace_key(&config, &[2; 32].into(), None, &surroundings, ledger, outgoing);
        assert!(failed.unwrap_err().to_string().contains("could not be synced"));
        assert_ne!(read_public_key(&at("k.pub")).unwrap(), outgoing);
        // The key that is in use now is the one that the chain was handed over to.
        let opened = open(&config, &surroundings).unwrap();
        assert!(opened.head.unwrap().hands_over);
    }
}
