//! Taking up a chain where the store has it, believing no column that can be recomputed.

use agent_receipts_chain::InvalidAgentId;
use agent_receipts_core::{DecodeError, PublicKey, Received, Verified};
use agent_receipts_store::{MovedChain, ReceiptReader, StoreError};

use super::heads::Link;

/// The key that signs, and those that did before it.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) current: PublicKey,
    /// From the archive beside the published key, which only the daemon's user can write.
    pub(crate) earlier: Vec<PublicKey>,
}

/// Why a chain in the store cannot be continued.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The last receipt cannot be read.
    #[error(
        "the last receipt of chain `{chain_id}` cannot be read: {error}; keep the database as evidence and start on a new one"
    )]
    Unreadable {
        /// The chain.
        chain_id: String,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The last receipt is not what its row says it is.
    #[error(
        "the last receipt of chain `{chain_id}` does not match its row ({detail}): the database was altered; keep it as evidence and start on a new one"
    )]
    Altered {
        /// The chain.
        chain_id: String,
        /// Which column.
        detail: &'static str,
    },
    /// Somebody else has closed the chain that we are at work on.
    #[error("chain `{chain_id}` was closed by another program: start again, on the next chain")]
    Closed {
        /// The chain.
        chain_id: String,
    },
    /// The root chain cannot be continued, and without it no other.
    #[error("{0}")]
    Root(Box<ResumeError>),
    /// The agent can have no chain of its own.
    #[error(transparent)]
    Agent(#[from] InvalidAgentId),
    /// A user has as many chains open as he may.
    #[error("uid {uid} has {most} chains open, and may have no more (max_chains_per_uid)")]
    TooManyChains {
        /// The user.
        uid: u32,
        /// How many he may have.
        most: usize,
        /// How many events were refused for this reason since the start.
        refused: u64,
    },
    /// The last receipt was signed by another key than ours.
    #[error(
        "chain `{chain_id}` was not signed with this key: give the key that signed it, or another --chain-id or --db"
    )]
    WrongKey {
        /// The chain.
        chain_id: String,
    },
}

impl ResumeError {
    /// Whether nothing more can be recorded, on whatever chain.
    /// Whether the log should have it: an emitter that is refused again and again for what it names must not fill the log.
    pub(super) fn deserves_a_line(&self) -> bool {
        match self {
            ResumeError::TooManyChains { refused, .. } => *refused <= 8 || refused.is_power_of_two(),
            _ => true,
        }
    }

    pub(super) fn is_fatal(&self) -> bool {
        match self {
            ResumeError::Store(error) => error.is_fatal(),
            ResumeError::Root(_) => true,
            _ => false,
        }
    }
}

/// The link at which a chain goes on, with the hash recomputed from the stored receipt. Nothing if the chain is empty.
///
/// A closed chain's signature is not checked, as nothing will be linked to it.
pub(crate) fn head_of(
    store: &dyn ReceiptReader,
    chain_id: &str,
    keys: &Keys,
) -> Result<Option<Link>, ResumeError> {
    let Some(head) = store.head(chain_id)? else {
        return store.moved_chain(chain_id)?.map(end_of_moved).transpose();
    };
    let received = Received::parse(head.receipt_json.as_bytes())
        .map_err(|error| ResumeError::Unreadable { chain_id: chain_id.to_owned(), error })?;
    let altered = |detail| Err(ResumeError::Altered { chain_id: chain_id.to_owned(), detail });
    let receipt = received.receipt();
    let position = &receipt.subject.chain;
    if position.chain_id != chain_id {
        return altered("chain_id");
    }
    if position.sequence != head.sequence {
        return altered("sequence");
    }
    if receipt.id != head.receipt_id {
        return altered("id");
    }
    let terminal = position.terminal == Some(true);
    let ours = received.verify(&keys.current).ok();
    let hash = match ours.or_else(|| handed_over(&received, keys)) {
        Some(verified) => verified.hash,
        None if terminal => received.hash(),
        None => return Err(ResumeError::WrongKey { chain_id: chain_id.to_owned() }),
    };
    let hands_over = ours.is_none() && !terminal;
    if hash.to_string() != head.receipt_hash {
        return altered("receipt_hash");
    }
    Ok(Some(Link { sequence: head.sequence, hash, receipt_id: head.receipt_id, terminal, hands_over }))
}

/// Where a chain ended whose receipts stand in an archive: closed, as nothing else is moved. As with any closed chain, nothing
/// will be linked to it.
fn end_of_moved(moved: MovedChain) -> Result<Link, ResumeError> {
    let MovedChain { chain_id, last_sequence: sequence, tip_id: receipt_id, tip_hash, .. } = moved;
    let hash = tip_hash.parse().map_err(|_| ResumeError::Altered { chain_id, detail: "receipt_hash" })?;
    Ok(Link { sequence, hash, receipt_id, terminal: true, hands_over: false })
}

/// What an earlier key of ours signed to hand a chain over to our key.
///
/// Anybody can sign "my key hands over to yours". Were such a tail continued, our own signature would vouch for the chain
/// before it: whoever can write the database could have a forged chain confirmed.
fn handed_over(received: &Received, keys: &Keys) -> Option<Verified> {
    let rotation = received.receipt().subject.key_rotation.as_ref()?;
    let names = |key: &&PublicKey| key.fingerprint().to_string() == rotation.old_key_fingerprint;
    let outgoing = keys.earlier.iter().find(names)?;
    if rotation.new_public_key != keys.current.to_multibase() {
        return None;
    }
    received.verify(outgoing).ok()
}
