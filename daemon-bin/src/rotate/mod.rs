//! Replacing the signing key, so that no chain breaks over it.
//!
//! Every open chain, of the root and of agents, gets a `key_rotated` receipt under the outgoing key, all in one transaction.
//! That transaction is the point of no return. Before it stand the next key pair, beside the one in use, and a journal that
//! says what is about to be done; whoever finds these without the transaction removes them. After it whoever finds them goes
//! on: the next key is put in place, the anchor log is told, the journal goes. Whoever that is, this process or the next start
//! after a crash ([`recover`]), each step may be done again.

mod anchor;
mod files;
mod journal;
mod recover;
mod running;
mod turn;

use std::fmt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use agent_receipts_core::Fingerprint;
use agent_receipts_core::json::{Object, Value};
use agent_receipts_keysource::GenerateError;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::disk::DiskError;
use crate::pipeline::ledger::{Ledger, WriteError};
use crate::pipeline::shared_store::SharedStore;
use crate::startup::{StartError, open};
use crate::surroundings::Surroundings;
use turn::Turn;

pub(crate) use recover::recover;
pub(crate) use running::rotate_running;

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
    /// The anchor log that knows of it, if one was named.
    pub anchored: Option<PathBuf>,
    /// What could not be done after the chains had been handed over. The next start does it.
    pub unfinished: Option<String>,
}

impl Rotation {
    /// The same for programs.
    pub fn to_value(&self) -> Value {
        let receipt = |(chain, sequence, id): &(String, u64, String)| -> Value {
            let members = [
                ("chain_id", Value::from(chain.as_str())),
                ("sequence", Value::from(*sequence)),
                ("receipt_id", Value::from(id.as_str())),
            ];
            members.into_iter().collect::<Object>().into()
        };
        let path = |path: &Path| Value::from(path.to_string_lossy().into_owned());
        let members = [
            ("receipts", Value::from(self.receipts.iter().map(receipt).collect::<Vec<_>>())),
            ("outgoing", Value::from(self.outgoing.to_string())),
            ("incoming", Value::from(self.incoming.to_string())),
            ("archived", path(&self.archived)),
            ("anchored", self.anchored.as_deref().map_or(Value::Null, path)),
            ("unfinished", self.unfinished.as_deref().map_or(Value::Null, Value::from)),
        ];
        members.into_iter().collect::<Object>().into()
    }
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
        if let Some(anchored) = &self.anchored {
            writeln!(f, "anchored to: {}", anchored.display())?;
        }
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
    #[error(transparent)]
    File(#[from] DiskError),
    /// The journal of an earlier rotation cannot be followed.
    #[error(
        "the journal `{}` of a key rotation cannot be followed: {reason}; move it away, and what the database says counts",
        path.display()
    )]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The chains were handed over to a key whose private half is not there.
    #[error("the chains were handed over to the key {key}, which is not at `{}`: restore it there", path.display())]
    KeyGone {
        /// The incoming key.
        key: Fingerprint,
        /// Where its private half should wait.
        path: PathBuf,
    },
    /// The database does not hold a hand-over that the journal names.
    #[error("the database holds no receipt `{id}`, which a key rotation wrote")]
    ReceiptGone {
        /// The receipt.
        id: String,
    },
}

/// Replaces the signing key of a stopped daemon by one made from `seed`, and tells `anchor` of it, if there is one.
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
    let ledger = opened.into_ledger(config, &surroundings, SharedStore::new);
    replace_key(config, seed, anchor, &surroundings, ledger)
}

/// The rotation itself, under the lock that the ledger's store holds.
fn replace_key(
    config: &Config,
    seed: &Zeroizing<[u8; 32]>,
    anchor: Option<&Path>,
    surroundings: &Surroundings,
    mut ledger: Ledger,
) -> Result<Rotation, RotateError> {
    let turn = Turn::prepare(&mut ledger, config, seed, anchor, surroundings)
        .and_then(|turn| turn.commit(&mut ledger).map(|()| turn));
    match turn {
        Ok(turn) => Ok(turn.finish(&ledger)),
        Err(error) => {
            // A commit that failed at its last step may be found done when the database is opened again: only then is it
            // known whether the chains were handed over, and the one key that can go on with them must not be gone.
            drop(ledger);
            if let Err(later) = recover(config, surroundings) {
                (surroundings.log)(&format!("left to the next start: {later}"));
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::Arc;

    use agent_receipts_keysource::{generate_key_pair, read_public_key};
    use agent_receipts_store::{
        ChainSummary, Head, Leaf, MovedChain, Query, ReceiptReader, ReceiptStore, Row, SqliteStore,
        StoreError, StoredRow,
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

        fn leaves(
            &self,
            after_rowid: i64,
            limit: Option<u64>,
            each: &mut dyn FnMut(Leaf<'_>) -> ControlFlow<()>,
        ) -> Result<(), StoreError> {
            self.0.leaves(after_rowid, limit, each)
        }

        fn moved_chain(&self, chain_id: &str) -> Result<Option<MovedChain>, StoreError> {
            self.0.moved_chain(chain_id)
        }

        fn newest_moved_root(&self) -> Result<Option<MovedChain>, StoreError> {
            self.0.newest_moved_root()
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
        let failing = |store| SharedStore::new(LastSyncFails(store));
        let ledger = opened.into_ledger(&config, &surroundings, failing);
        let failed = replace_key(&config, &[2; 32].into(), None, &surroundings, ledger);
        assert!(failed.unwrap_err().to_string().contains("could not be synced"));
        assert_ne!(read_public_key(&at("k.pub")).unwrap(), outgoing);
        // The key that is in use now is the one that the chain was handed over to.
        let opened = open(&config, &surroundings).unwrap();
        assert!(opened.head.unwrap().hands_over);
    }
}
