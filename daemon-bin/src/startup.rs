//! From a configuration to a daemon that may listen, refusing whatever would make its receipts worthless.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_receipts_chain::checkpoint::KeyName;
use agent_receipts_chain::{base_of, is_agent_chain, is_scoped_chain, next_chain_id};
use agent_receipts_ipc::{BindError, SocketPathError};
use agent_receipts_keysource::{
    FileKeySource, KeyError, KeySource, PublicKeyError, archived_public_keys, publish_public_key,
};
use agent_receipts_store::{ReceiptReader, SqliteStore, StoreError};

use crate::checkpoints::backlog::last_signed;
use crate::config::Config;
use crate::disclosure::ForensicKeyError;
use crate::manager::ActivationError;
use crate::pipeline::heads::Link;
use crate::pipeline::key_in_use::KeyInUse;
use crate::pipeline::ledger::{Ledger, WriteError};
use crate::pipeline::receipts::Letterhead;
use crate::pipeline::resume::{Keys, ResumeError, head_of};
use crate::pipeline::roots::Roots;
use crate::pipeline::sequence::Sequencer;
use crate::pipeline::shared_store::SharedStore;
use crate::redact::PatternFileError;
use crate::rotate::{RotateError, recover};
use crate::surroundings::Surroundings;

/// Why the daemon did not start. Every message names what to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The socket may not stand where it was to stand.
    #[error(transparent)]
    SocketPath(#[from] SocketPathError),
    /// The socket could not be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// What the service manager passed could not be taken.
    #[error(transparent)]
    Activation(#[from] ActivationError),
    /// The signing key could not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The public key could not be published.
    #[error(transparent)]
    Publish(#[from] PublicKeyError),
    /// The database could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain could not be taken up.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// A chain that an earlier key handed over could not be closed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A rotation that had been interrupted could not be taken to its end.
    #[error("an interrupted key rotation: {0}")]
    Rotation(Box<RotateError>),
    /// A redaction pattern is wrong.
    #[error(transparent)]
    Redact(#[from] PatternFileError),
    /// Something is to be disclosed, and the key for it cannot be used.
    #[error(transparent)]
    ForensicKey(#[from] ForensicKeyError),
    /// The root chain was to have the name of an agent's.
    #[error("chain id `{chain_id}` names an agent's chain: give another --chain-id")]
    AgentsChain {
        /// The chain that was asked for.
        chain_id: String,
    },
    /// No successor of a closed chain was free.
    #[error("chain `{chain_id}` and its {tried} successors are all closed: give another --chain-id")]
    ChainsClosed {
        /// The chain that was asked for.
        chain_id: String,
        /// How many were looked at.
        tried: usize,
    },
    /// The log was to get another name.
    #[error(
        "the log in the database is named `{found}`, and `log_name` is `{asked}`: witnesses, anchors and proofs know it by its name, \
         which stays; take `log_name` out, or begin another database"
    )]
    OtherLogName {
        /// The name in the last checkpoint.
        found: KeyName,
        /// The name that was asked for.
        asked: String,
    },
    /// A folder could not be made.
    #[error("could not create the folder `{}`: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The system refused something that the daemon cannot do without.
    #[error("could not {what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        error: std::io::Error,
    },
}

/// All that is open before the socket is.
pub(crate) struct Opened {
    pub(crate) key: KeyInUse,
    pub(crate) keys: Keys,
    pub(crate) store: SqliteStore,
    pub(crate) root: String,
    pub(crate) head: Option<Link>,
}

impl Opened {
    /// Everything that a receipt needs, at the point where the store is; `hold` puts the store in its place.
    pub(crate) fn into_ledger(
        self,
        config: &Config,
        surroundings: &Surroundings,
        hold: impl FnOnce(SqliteStore) -> SharedStore,
    ) -> Ledger {
        let letterhead = Letterhead { issuer_id: config.issuer_id.clone(), version: config.receipt_version };
        let sequencer = Sequencer::new(
            Roots { base: self.root, by: config.chains },
            config.max_chains_per_uid,
            self.head,
            self.keys,
            letterhead,
            surroundings.clone(),
        );
        Ledger { store: hold(self.store), key: self.key, sequencer }
    }
}

/// Loads the key, then opens the store, then publishes the public key, then takes up the chain.
///
/// The key comes first: without it nothing is created, and a database whose key was lost is not continued with another.
pub(crate) fn open(config: &Config, surroundings: &Surroundings) -> Result<Opened, StartError> {
    let recovered = recover(config, surroundings).map_err(|error| match error {
        RotateError::Open(error) => error,
        error => StartError::Rotation(Box::new(error)),
    })?;
    let mut key = FileKeySource::new(&config.key, &config.verification_method);
    key.init()?;
    let public_key = key.public_key()?;
    let store = recovered.map_or_else(|| open_store(&config.db), Ok)?;
    if config.group_readable {
        let_group_read(&config.db)?;
    }
    publish_public_key(&config.public_key, &public_key)?;
    let earlier = archived_public_keys(&config.public_key)?.keys.into_iter().map(|(_, key)| key).collect();
    let keys = Keys { current: public_key, earlier };
    expect_log_name(&store, config.log_name.as_deref(), &keys)?;
    let (root, head) = take_up_root(&store, config.chain_id.as_deref(), &keys, surroundings)?;
    Ok(Opened { key: KeyInUse::new(Arc::new(key)), keys, store, root, head })
}

/// A log that its checkpoints call otherwise would be another log to whoever keeps them.
fn expect_log_name(store: &SqliteStore, asked: Option<&str>, keys: &Keys) -> Result<(), StartError> {
    let Some(asked) = asked else { return Ok(()) };
    let known: Vec<_> = std::iter::once(keys.current).chain(keys.earlier.iter().copied()).collect();
    match last_signed(store, &known)?.map(|signed| signed.origin) {
        Some(found) if found.as_str() != asked => {
            Err(StartError::OtherLogName { found, asked: asked.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Opens the database, or makes it and its folder.
pub(crate) fn open_store(path: &Path) -> Result<SqliteStore, StartError> {
    if let Some(folder) = path.parent() {
        create_private_folder(folder)?;
    }
    Ok(SqliteStore::create_or_open(path)?)
}

/// Gives the database and its side files mode 0640; SQLite gives side files that it makes later the database's own.
///
/// By path, while the store is open: closing a descriptor of the database would drop SQLite's locks on it. The store has
/// refused links, and the folder is the daemon's own.
fn let_group_read(database: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::PermissionsExt as _;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = database.as_os_str().to_owned();
        path.push(suffix);
        match std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)) {
            Err(error) if suffix.is_empty() || error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StartError::System { what: "let the group read the database", error });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes a folder with mode 0750 where there is none; an existing one is left as it is.
pub(crate) fn create_private_folder(folder: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(folder)
        .map_err(|error| StartError::Folder { path: folder.to_owned(), error })
}

/// The root chain to write to, and its head.
///
/// A chain that was asked for is taken up where it is; a closed one is followed by its successor. Where none was asked
/// for, an unclean stop's chain is continued, whatever the date, so that no chain is left open behind us; else the chain is
/// named for today.
fn take_up_root(
    store: &dyn ReceiptReader,
    wanted: Option<&str>,
    keys: &Keys,
    surroundings: &Surroundings,
) -> Result<(String, Option<Link>), StartError> {
    if wanted.is_none()
        && let Some(base) = left_open(store, keys)?
    {
        let head = head_of(store, &base, keys)?;
        if head.as_ref().is_none_or(|head| !head.terminal) {
            return Ok((base, head));
        }
    }
    let first = wanted.map_or_else(|| (surroundings.clock)().utc_date(), str::to_owned);
    if is_agent_chain(&first) {
        return Err(StartError::AgentsChain { chain_id: first });
    }
    let mut chain = first.clone();
    for _ in 0..MOST_SUCCESSORS {
        match head_of(store, &chain, keys)? {
            Some(head) if head.terminal => chain = next_chain_id(&chain),
            head => return Ok((chain, head)),
        }
    }
    Err(StartError::ChainsClosed { chain_id: first, tried: MOST_SUCCESSORS })
}

/// The base of the chain that was written to last, if that chain was left open, or another one of the same base was.
fn left_open(store: &dyn ReceiptReader, keys: &Keys) -> Result<Option<String>, StartError> {
    let Some(latest) = latest_root(store)? else { return Ok(None) };
    let base = base_of(&latest);
    if head_of(store, &latest, keys)?.is_some_and(|head| !head.terminal) {
        return Ok(Some(base.to_owned()));
    }
    if !is_scoped_chain(&latest) {
        return Ok(None);
    }
    // A stop that was cut short can have closed the chain of one user and not that of another.
    for chain in store.chain_ids()?.iter().filter(|chain| is_scoped_chain(chain) && base_of(chain) == base) {
        // One that cannot be continued is the verifier's to speak of.
        if head_of(store, chain, keys).is_ok_and(|head| head.is_some_and(|head| !head.terminal)) {
            return Ok(Some(base.to_owned()));
        }
    }
    Ok(None)
}

/// The root chain that was written to last, be it that it was moved to an archive since.
fn latest_root(store: &dyn ReceiptReader) -> Result<Option<String>, StoreError> {
    let stored = store.latest_root_chain()?;
    let Some(moved) = store.newest_moved_root()? else { return Ok(stored) };
    let Some(chain_id) = stored else { return Ok(Some(moved.chain_id)) };
    let sequence = store.head(&chain_id)?.map_or(0, |head| head.sequence);
    let newest = store.by_position(&chain_id, sequence)?.map_or(0, |stored| stored.rowid);
    Ok(Some(if newest > moved.last_rowid { chain_id } else { moved.chain_id }))
}

/// A restart a minute for a whole day uses 1,440 successors of a date.
const MOST_SUCCESSORS: usize = 10_000;
