//! Giving each event its place: chain, sequence, identifiers, link. Serial, and cheap enough to be.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agent_receipts_chain::{agent_chain_id, next_chain_id, root_of};
use agent_receipts_core::{ChainPosition, Draft, KeyRotation, PublicKey, Receipt};
use agent_receipts_store::{Query, ReceiptReader, Row};

use super::allotment::Allotments;
use super::heads::{Heads, Link};
use super::losses::Loss;
use super::receipts::{KEY_ROTATE, Letterhead, Stamp};
use super::resume::{Keys, ResumeError, head_of};
use super::roots::Roots;
use super::submission::Submission;
use crate::config::Chains;
use crate::surroundings::Surroundings;

/// A receipt in its place, waiting for its signature and the commit.
pub(crate) struct Placed {
    pub(crate) draft: Draft,
    /// When it was made, for the proof.
    pub(crate) time: String,
    /// Complete but for `receipt_json`.
    pub(crate) row: Row,
}

/// Orders receipts into the root chain and the chains of agents.
pub(crate) struct Sequencer {
    roots: Roots,
    keys: Keys,
    letterhead: Letterhead,
    surroundings: Surroundings,
    heads: Heads,
    /// The chain that is open for a user, a session or an agent, by the chain id that it would have at first.
    open_chains: HashMap<String, String>,
    allotments: Allotments,
    count_of_heads: Arc<AtomicUsize>,
}

impl Sequencer {
    /// Starts at the head of the base chain, `None` if it has no receipt yet. At most `chains_per_uid` chains are open for a user.
    pub(crate) fn new(
        roots: Roots,
        chains_per_uid: usize,
        head: Option<Link>,
        keys: Keys,
        letterhead: Letterhead,
        surroundings: Surroundings,
    ) -> Self {
        let mut heads = Heads::default();
        heads.load(&roots.base, head);
        let allotments = Allotments::new(chains_per_uid);
        Self {
            roots,
            keys,
            letterhead,
            surroundings,
            heads,
            open_chains: HashMap::new(),
            allotments,
            count_of_heads: Arc::default(),
        }
    }

    /// Places an event behind what this batch holds already, with a receipt for its lost predecessors before it.
    ///
    /// On an error nothing is placed, and no sequence is used up.
    pub(crate) fn place(
        &mut self,
        store: &dyn ReceiptReader,
        submission: &Submission,
    ) -> Result<Vec<Placed>, ResumeError> {
        let claim = &submission.claim;
        let (chain, idle) = self.chain_for(store, submission)?;
        let mut placed = self.place_terminators(store, &idle)?;
        let lost = claim.drop_count.saturating_add(submission.rejected).min(MOST_LOST);
        if lost > 0 {
            let session = Some(claim.session_id.as_str());
            placed.push(self.put(&chain, None, |letterhead, stamp| {
                letterhead.of_dropped(lost, session, &submission.sender, stamp)
            }));
        }
        placed.push(
            self.put(&chain, None, |letterhead, stamp| letterhead.of_event(claim, &submission.sender, stamp)),
        );
        Ok(placed)
    }

    /// Places a receipt for events that no later event of their user is left to tell of.
    pub(crate) fn place_loss(
        &mut self,
        store: &dyn ReceiptReader,
        loss: &Loss,
    ) -> Result<Placed, ResumeError> {
        let first = self.roots.first_of_user(loss.sender.peer.uid);
        let chain = self.open_chain(store, first)?;
        let count = loss.count.min(MOST_LOST);
        Ok(self
            .put(&chain, None, |letterhead, stamp| letterhead.of_dropped(count, None, &loss.sender, stamp)))
    }

    /// Every chain of an agent, then those of users and sessions, then the base.
    pub(crate) fn chains_to_close(&self, store: &dyn ReceiptReader) -> Result<Vec<String>, ResumeError> {
        let mut chains = store.chain_ids()?;
        chains.retain(|chain| self.roots.hold(chain));
        self.roots.order(&mut chains);
        Ok(chains)
    }

    /// Places terminators on those of the chains that have a receipt and are open.
    pub(crate) fn place_terminators(
        &mut self,
        store: &dyn ReceiptReader,
        chains: &[String],
    ) -> Result<Vec<Placed>, ResumeError> {
        let mut placed = Vec::new();
        for chain in chains {
            if self.head_if_ours(store, chain)?.is_some_and(|head| !head.terminal) {
                placed.push(self.put(chain, Some("interrupted"), Letterhead::of_interruption));
            }
        }
        Ok(placed)
    }

    /// Places terminators, under our key, on chains that an earlier key handed over and that this run does not continue.
    ///
    /// A verifier believes a hand-over once the incoming key has signed behind it. Left at their end for ever, it would not
    /// be told from one that somebody else wrote there.
    pub(crate) fn place_takeovers(&mut self, store: &dyn ReceiptReader) -> Result<Vec<Placed>, ResumeError> {
        let mut chains = BTreeSet::new();
        let rotations = Query { action_type: Some(KEY_ROTATE.to_owned()), ..Query::default() };
        store.stream(&rotations, &mut |stored| {
            chains.insert(stored.row.chain_id);
            ControlFlow::Continue(())
        })?;
        chains.retain(|chain| !self.roots.hold(chain));
        let mut placed = Vec::new();
        for chain in chains {
            if self.head_if_ours(store, &chain)?.is_some_and(|head| head.hands_over) {
                placed.push(self.put(&chain, Some("interrupted"), Letterhead::of_interruption));
            }
        }
        Ok(placed)
    }

    /// Places the hand-over to another key on every chain in the store that is open and ours, and on the base chain in any
    /// case, be it as the first receipt: a rotation that is told nowhere cannot be verified.
    pub(crate) fn place_rotations(
        &mut self,
        store: &dyn ReceiptReader,
        rotation: &KeyRotation,
    ) -> Result<Vec<Placed>, ResumeError> {
        let mut chains = store.chain_ids()?;
        chains.retain(|chain| *chain != self.roots.base);
        chains.push(self.roots.base.clone());
        let mut placed = Vec::new();
        for chain in chains {
            let is_open = self.head_if_ours(store, &chain)?.is_some_and(|head| !head.terminal);
            if is_open || chain == self.roots.base {
                placed.push(
                    self.put(&chain, None, |letterhead, stamp| {
                        letterhead.of_rotation(rotation.clone(), stamp)
                    }),
                );
            }
        }
        Ok(placed)
    }

    /// What was placed goes to the disk, where nothing else is under way; more may be placed behind it meanwhile.
    pub(crate) fn launch(&mut self) {
        self.heads.launch();
    }

    /// What was under way is on disk: the heads move.
    pub(crate) fn commit(&mut self) {
        self.heads.commit();
        self.forget_if_many();
        self.count_of_heads.store(self.heads.len(), Ordering::Relaxed);
    }

    /// What was under way is not on disk: the heads stay, and what was placed behind it is not to be.
    pub(crate) fn discard(&mut self) {
        self.heads.discard();
        // Also here: while the disk is full, every batch is discarded, and every event may name another agent.
        self.forget_if_many();
    }

    fn forget_if_many(&mut self) {
        if self.heads.len() > MOST_HEADS {
            self.forget();
        }
    }

    /// Another key signs from now on. The heads are read again, and judged by it.
    pub(crate) fn succeed(&mut self, incoming: PublicKey) {
        if incoming != self.keys.current {
            self.keys.earlier.push(self.keys.current);
            self.keys.current = incoming;
        }
        self.heads.discard();
        self.forget();
    }

    /// How many heads are held, now and later.
    pub(crate) fn count_of_heads(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.count_of_heads)
    }

    /// Reads every head from the store again when it is next needed.
    pub(crate) fn forget(&mut self) {
        self.heads.forget();
        self.open_chains.clear();
    }

    /// The chain that an event belongs on, loaded, and those that must be closed to make room for it.
    ///
    /// The base is everybody's and takes no room; any other name is a user's or an emitter's doing.
    fn chain_for(
        &mut self,
        store: &dyn ReceiptReader,
        submission: &Submission,
    ) -> Result<(String, Vec<String>), ResumeError> {
        let (uid, now) = (submission.sender.peer.uid, (self.surroundings.clock)().unix_seconds());
        let mut idle = Vec::new();
        let first = self.roots.first_of(submission);
        let mut chain = self.open_chain(store, first)?;
        if self.roots.by != Chains::One {
            idle.extend(self.allotments.take(uid, &chain, now)?.made_by());
        }
        if let Some(agent) = &submission.claim.agent_id {
            chain = self.open_chain(store, agent_chain_id(&chain, agent)?)?;
            idle.extend(self.allotments.take(uid, &chain, now)?.made_by());
        }
        Ok((chain, idle))
    }

    /// The chain on which the next receipt stands of a user, a session or an agent whose first chain is this. A chain that
    /// was closed, or that an earlier key signed without handing over, is followed by a new one instead of being broken.
    fn open_chain(&mut self, store: &dyn ReceiptReader, first: String) -> Result<String, ResumeError> {
        if first == self.roots.base {
            self.ensure_loaded(store, &first)?;
            return Ok(first);
        }
        let mut chain = self.open_chains.get(&first).unwrap_or(&first).clone();
        loop {
            match self.ensure_loaded(store, &chain) {
                Ok(()) if self.heads.of(&chain).flatten().is_none_or(|head| !head.terminal) => break,
                Ok(()) | Err(ResumeError::WrongKey { .. }) => chain = next_chain_id(&chain),
                Err(error) => return Err(error),
            }
        }
        if chain != first {
            self.open_chains.insert(first, chain.clone());
        }
        Ok(chain)
    }

    /// The head of a chain that has one and that we can continue. A chain of another key, or a damaged one, is the
    /// verifier's to speak of; it does not keep us from working on the others.
    fn head_if_ours(&mut self, store: &dyn ReceiptReader, chain: &str) -> Result<Option<&Link>, ResumeError> {
        match self.ensure_loaded(store, chain) {
            Ok(()) => Ok(self.heads.of(chain).flatten()),
            Err(error @ (ResumeError::Store(_) | ResumeError::Root(_))) => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn ensure_loaded(&mut self, store: &dyn ReceiptReader, chain: &str) -> Result<(), ResumeError> {
        if self.heads.of(&self.roots.base).is_none() {
            let root = self.load_root(store)?;
            self.heads.load(&self.roots.base, root);
        }
        if self.heads.of(chain).is_none() {
            self.heads.load(chain, head_of(store, chain, &self.keys)?);
        }
        Ok(())
    }

    /// The root was open and ours when we started. If it is not any more, somebody without our lock was at work.
    fn load_root(&self, store: &dyn ReceiptReader) -> Result<Option<Link>, ResumeError> {
        match head_of(store, &self.roots.base, &self.keys) {
            Ok(Some(head)) if head.terminal => {
                Err(ResumeError::Root(Box::new(ResumeError::Closed { chain_id: self.roots.base.clone() })))
            }
            Ok(head) => Ok(head),
            Err(error @ ResumeError::Store(_)) => Err(error),
            Err(error) => Err(ResumeError::Root(Box::new(error))),
        }
    }

    #[cfg(test)]
    pub(super) fn place_for_test(&mut self, chain: &str) -> Placed {
        self.heads.load(chain, None);
        self.put(chain, None, Letterhead::of_interruption)
    }

    /// Makes a receipt at the head of a chain, and moves the staged head onto it.
    fn put(
        &mut self,
        chain: &str,
        terminal_status: Option<&str>,
        receipt: impl FnOnce(&Letterhead, Stamp) -> Receipt,
    ) -> Placed {
        let time = (self.surroundings.clock)().to_rfc3339();
        let head = self.heads.of(chain).flatten();
        let position = ChainPosition {
            sequence: head.map_or(1, |head| head.sequence + 1),
            previous_receipt_hash: head.map(|head| head.hash.to_string()),
            chain_id: chain.to_owned(),
            terminal: terminal_status.map(|_| true),
            status: terminal_status.map(str::to_owned),
            ..ChainPosition::default()
        };
        // An agent is let in by what it works under; its first receipt says so.
        let root = root_of(chain);
        let parent = (head.is_none() && chain != root).then(|| self.heads.of(root).flatten()).flatten();
        let stamp = Stamp {
            receipt_uuid: (self.surroundings.uuid)(),
            action_uuid: (self.surroundings.uuid)(),
            time: time.clone(),
            position,
            delegation: parent.map(|parent| self.letterhead.delegation(root, &parent.receipt_id)),
        };
        let receipt = receipt(&self.letterhead, stamp);
        let mut row = row_of(&receipt);
        let draft = Draft::new(receipt);
        row.receipt_hash = draft.hash().to_string();
        let link = Link {
            sequence: row.sequence,
            hash: draft.hash(),
            receipt_id: row.id.clone(),
            terminal: terminal_status.is_some(),
            hands_over: false,
        };
        self.heads.stage(chain, link);
        Placed { draft, time, row }
    }
}

fn row_of(receipt: &Receipt) -> Row {
    let subject = &receipt.subject;
    Row {
        id: receipt.id.clone(),
        chain_id: subject.chain.chain_id.clone(),
        sequence: subject.chain.sequence,
        action_type: subject.action.kind.clone(),
        tool_name: subject.action.tool_name.clone().unwrap_or_default(),
        risk_level: subject.action.risk_level.clone(),
        status: subject.outcome.status.clone(),
        timestamp: subject.action.timestamp.clone(),
        issuer_id: receipt.issuer.id.clone(),
        principal_id: Some(subject.principal.id.clone()),
        receipt_json: String::new(),
        receipt_hash: String::new(),
        previous_receipt_hash: subject.chain.previous_receipt_hash.clone(),
        session_id: receipt.issuer.session_id.clone(),
    }
}

/// How many chains are remembered before all are forgotten and read again; one user can name any number of agents.
const MOST_HEADS: usize = 4096;

/// What a receipt's number holds exactly.
const MOST_LOST: u64 = 1 << 53;

#[cfg(test)]
mod tests {
    use super::*;
    use agent_receipts_core::Version;
    use agent_receipts_store::MemoryStore;

    /// While the disk is full nothing is committed, and every event may name an agent that was never heard of.
    #[test]
    fn chains_that_never_get_a_receipt_are_not_remembered_for_ever() {
        let keys = Keys { current: PublicKey::from_bytes([1; 32]), earlier: Vec::new() };
        let letterhead = Letterhead { issuer_id: "did:example:d".to_owned(), version: Version::V0_5_0 };
        let roots = Roots { base: "audit".to_owned(), by: Chains::One };
        let mut sequencer = Sequencer::new(roots, usize::MAX, None, keys, letterhead, Surroundings::system());
        let store = MemoryStore::default();
        for agent in 0..3 * MOST_HEADS {
            sequencer.open_chain(&store, format!("audit/agent/{agent}")).unwrap();
            sequencer.discard();
        }
        assert!(sequencer.heads.len() <= MOST_HEADS + 2, "{}", sequencer.heads.len());
    }
}
