//! Store, key and order of one database in one hand: placed receipts are signed and stored whole, or not at all.

use std::sync::Arc;

use agent_receipts_core::{Draft, KeyRotation, PublicKey};
use agent_receipts_keysource::{KeyError, KeySource};
use agent_receipts_store::{Row, StoreError};

use super::key_in_use::KeyInUse;
use super::losses::Loss;
use super::resume::ResumeError;
use super::seal::sign_all;
use super::sequence::{Placed, Sequencer};
use super::shared_store::SharedStore;
use super::submission::Submission;

/// Why the writer cannot go on, or a batch was not written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key source could not sign.
    #[error("could not sign: {0}")]
    Sign(#[from] KeyError),
    /// A chain cannot be continued.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// The thread that commits is gone, which only a bug of ours can bring about.
    #[error("the thread that commits has ended")]
    CommitterEnded,
    /// Nobody knows which of two keys the chains are to be signed with.
    #[error("a key rotation left the database in doubt: {reason}; start again")]
    InDoubt {
        /// Why it could not be found out.
        reason: String,
    },
}

impl WriteError {
    pub(crate) fn is_fatal(&self) -> bool {
        match self {
            WriteError::Store(error) => error.is_fatal(),
            WriteError::Sign(error) => !error.is_transient(),
            WriteError::Resume(error) => error.is_fatal(),
            WriteError::CommitterEnded | WriteError::InDoubt { .. } => true,
        }
    }

    /// The word that a refused sender is told.
    pub(super) fn code(&self) -> &'static str {
        match self {
            WriteError::Store(_) | WriteError::Resume(ResumeError::Store(_)) | WriteError::CommitterEnded => {
                "store_unavailable"
            }
            WriteError::Sign(_) | WriteError::InDoubt { .. } => "key_unavailable",
            WriteError::Resume(ResumeError::TooManyChains { .. }) => "too_many_chains",
            WriteError::Resume(_) => "chain_unavailable",
        }
    }
}

/// Everything that a receipt needs to become durable.
pub(crate) struct Ledger {
    pub(crate) store: SharedStore,
    pub(crate) key: KeyInUse,
    pub(crate) sequencer: Sequencer,
}

impl Ledger {
    /// See [`Sequencer::place`].
    pub(crate) fn place(&mut self, submission: &Submission) -> Result<Vec<Placed>, ResumeError> {
        self.sequencer.place(&self.store, submission)
    }

    /// See [`Sequencer::place_loss`].
    pub(crate) fn place_loss(&mut self, loss: &Loss) -> Result<Placed, ResumeError> {
        self.sequencer.place_loss(&self.store, loss)
    }

    /// See [`Sequencer::chains_to_close`].
    pub(crate) fn chains_to_close(&self) -> Result<Vec<String>, ResumeError> {
        self.sequencer.chains_to_close(&self.store)
    }

    /// See [`Sequencer::place_terminators`].
    pub(crate) fn place_terminators(&mut self, chains: &[String]) -> Result<Vec<Placed>, ResumeError> {
        self.sequencer.place_terminators(&self.store, chains)
    }

    /// See [`Sequencer::place_takeovers`].
    pub(crate) fn place_takeovers(&mut self) -> Result<Vec<Placed>, ResumeError> {
        self.sequencer.place_takeovers(&self.store)
    }

    /// See [`Sequencer::place_rotations`].
    pub(crate) fn place_rotations(&mut self, rotation: &KeyRotation) -> Result<Vec<Placed>, ResumeError> {
        self.sequencer.place_rotations(&self.store, rotation)
    }

    /// Signs and stores; the heads move exactly when everything is on disk. Nothing else may be under way.
    pub(crate) fn commit(&mut self, placed: Vec<Placed>) -> Result<(), WriteError> {
        if placed.is_empty() {
            return Ok(());
        }
        self.seal(placed).and_then(|rows| self.append(&rows)).inspect_err(|_| self.sequencer.discard())
    }

    /// Signs what was placed, on every core.
    pub(crate) fn seal(&self, placed: Vec<Placed>) -> Result<Vec<Row>, WriteError> {
        let drafts: Vec<&Draft> = placed.iter().map(|placed| &placed.draft).collect();
        let key = self.key.current();
        let signatures = sign_all(&*key, &drafts)?;
        let method = key.verification_method();
        let sealed = placed.into_iter().zip(signatures).map(|(placed, signature)| {
            let json = placed.draft.attach(&signature, &placed.time, method);
            // Canonical JSON is UTF-8 by construction.
            Row { receipt_json: String::from_utf8_lossy(&json).into_owned(), ..placed.row }
        });
        Ok(sealed.collect())
    }

    /// Stores rows that are sealed already, and moves the heads onto them. Nothing else may be under way.
    pub(crate) fn append(&mut self, rows: &[Row]) -> Result<(), WriteError> {
        self.sequencer.launch();
        let appended = self.store.append(rows);
        match appended {
            Ok(()) => self.sequencer.commit(),
            Err(_) => self.sequencer.discard(),
        }
        Ok(appended?)
    }

    /// See [`Sequencer::launch`].
    pub(crate) fn launch(&mut self) {
        self.sequencer.launch();
    }

    /// What was launched is on disk, and the heads move onto it.
    pub(crate) fn landed(&mut self) {
        self.sequencer.commit();
    }

    /// What was placed since the last commit, or is under way, is not to be.
    pub(crate) fn discard(&mut self) {
        self.sequencer.discard();
    }

    /// Signs with another key from now on: with nothing under way, and after every open chain was handed over to it.
    pub(crate) fn succeed(&mut self, key: Arc<dyn KeySource>, public: PublicKey) {
        self.key.replace(key);
        self.sequencer.succeed(public);
    }

    /// Reads every chain's head from the store again.
    pub(crate) fn forget(&mut self) {
        self.sequencer.forget();
    }
}
