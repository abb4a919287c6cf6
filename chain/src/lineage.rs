//! Which keys the published key vouches for, collected over all chains of a store.

use std::collections::{HashMap, HashSet};

use agent_receipts_core::{PublicKey, Received};

use crate::key_ring::KeyRing;
use crate::link::{Anchor, Link};
use crate::rotation::incoming_key_from_any;

/// Collects the rotations of a store, so that a chain which an older key signed stays valid after a rotation that
/// stands in another chain.
///
/// Give it every receipt of every chain, chain by chain and in sequence ([`KeyLineage::observe`]); nearly all are
/// passed over by a look at their bytes. A rotation receipt counts when the outgoing key signed it. That alone proves
/// nothing: a forger signs "my key hands over to the published key" with his own. So it must be *followed*: the next
/// receipt of the same chain links to it and is signed by the incoming key, which thereby vouches for the outgoing
/// one. See [`KeyRing`] for what follows from it, and [`KeyRing::is_provisional`] for what remains open.
///
/// ```
/// use agent_receipts_chain::{ChainVerifier, KeyLineage, Options};
/// use agent_receipts_core::PublicKey;
///
/// # fn example(rows: &[(String, Vec<u8>)], published: PublicKey, archived: Vec<PublicKey>) {
/// let mut lineage = KeyLineage::new(published, archived);
/// for (chain_id, receipt_json) in rows {
///     lineage.observe(chain_id, receipt_json);
/// }
/// let ring = lineage.resolve();
/// let verifier = ChainVerifier::new(ring, Options::default());
/// # }
/// ```
#[derive(Debug)]
pub struct KeyLineage {
    ring: KeyRing,
    known: HashMap<String, PublicKey>,
    edges: HashMap<(PublicKey, PublicKey), bool>,
    waiting: Vec<Waiting>,
    cursor: Option<Cursor>,
    left: HashMap<String, LastRotation>,
}

/// A rotation away from a key that is not known yet.
#[derive(Debug)]
struct Waiting {
    received: Received,
    old_fingerprint: String,
    new: PublicKey,
    followed: bool,
}

/// Where the walk over the store is.
#[derive(Debug)]
struct Cursor {
    chain_id: String,
    last_rotation: Option<LastRotation>,
    /// The receipt that stands last so far, as it came; empty where nobody asks for it.
    last: Vec<u8>,
}

/// The receipt before is a rotation: who follows it?
#[derive(Debug)]
struct LastRotation {
    anchor: Anchor,
    new: PublicKey,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Edge(PublicKey),
    Waiting(usize),
}

/// Rotations away from unknown keys that are kept until the key turns up.
const MAX_WAITING: usize = 1024;

/// The longest rotation receipt, in canonical bytes, that is looked at; a real one has some 2,000. Together with the
/// number of those that are kept this bounds memory.
const MAX_ROTATION: usize = 64 << 10;

/// Chains that were left right after a rotation, where chains are mixed: the next receipt of each may still come.
const MAX_LEFT: usize = 1024;

/// Hand-overs that are kept: a key a day for more than a century.
const MAX_EDGES: usize = 1 << 16;

impl KeyLineage {
    /// A lineage that ends in `published`. `archived` are mere candidates; anybody may have put them there.
    pub fn new(published: PublicKey, archived: impl IntoIterator<Item = PublicKey>) -> Self {
        let ring = KeyRing::new(published, archived);
        let known = ring.candidates().iter().map(|key| (key.fingerprint().to_string(), *key)).collect();
        Self { ring, known, edges: HashMap::new(), waiting: Vec::new(), cursor: None, left: HashMap::new() }
    }

    /// Counts `key` as vouched for, because somebody knows it: see [`KeyRing::trust`].
    pub fn trust(&mut self, key: PublicKey) {
        self.known.insert(key.fingerprint().to_string(), key);
        self.ring.trust(key);
    }

    /// Takes the next receipt. Receipts must come chain by chain, each chain in sequence. (Chains may be mixed, as in a
    /// file that was written as receipts were recorded, up to 1024 of them that have just changed their key.)
    pub fn observe(&mut self, chain_id: &str, receipt_json: &[u8]) {
        let first = self.cursor.as_ref().is_none_or(|cursor| cursor.chain_id != chain_id);
        if first {
            self.turn_to(chain_id);
        }
        let open = self.is_open();
        if let Some(cursor) = self.cursor.as_mut().filter(|_| open) {
            cursor.last.clear();
            cursor.last.extend_from_slice(receipt_json);
        }
        let last_rotation = self.cursor.as_mut().and_then(|cursor| cursor.last_rotation.take());
        // A rotation whose name is written with escapes is not seen, and so proves nothing: it fails closed.
        let rotates = memchr::memmem::find(receipt_json, ROTATION).is_some();
        if !first && !rotates && last_rotation.is_none() {
            return;
        }
        let Ok(received) = Received::parse(receipt_json) else { return };
        if received.receipt().subject.chain.chain_id != chain_id {
            return;
        }
        if let Some(last_rotation) = last_rotation {
            self.follow(last_rotation, &received);
        }
        if first && received.verify(self.ring.published()).is_ok() {
            self.ring.published_has_signed = true;
        }
        if rotates
            && let Some(rotation) = self.record(received)
            && let Some(cursor) = &mut self.cursor
        {
            cursor.last_rotation = Some(rotation);
        }
    }

    /// Another chain begins, or goes on.
    fn turn_to(&mut self, chain_id: &str) {
        let last_rotation = self.left.remove(chain_id);
        let begun = Cursor { chain_id: chain_id.to_owned(), last_rotation, last: Vec::new() };
        let Some(left) = self.cursor.replace(begun) else { return };
        self.look_at_end(&left);
        if let Some(rotation) = left.last_rotation
            && self.left.len() < MAX_LEFT
        {
            self.left.insert(left.chain_id, rotation);
        }
    }

    /// Whether it is still open if the published key has signed anything, and matters: an archived key could gain from that.
    fn is_open(&self) -> bool {
        !self.ring.published_has_signed && self.ring.candidates().len() > 1
    }

    /// The reference lets chains go over to a new key in silence, without a rotation of their own. That the published key has
    /// signed shows at their end only.
    fn look_at_end(&mut self, Cursor { chain_id, last, .. }: &Cursor) {
        if !self.is_open() {
            return;
        }
        let Ok(received) = Received::parse(last) else { return };
        self.ring.published_has_signed = received.receipt().subject.chain.chain_id == *chain_id
            && received.verify(self.ring.published()).is_ok();
    }

    /// The ring for all chains of the store.
    pub fn resolve(mut self) -> KeyRing {
        if let Some(cursor) = self.cursor.take() {
            self.look_at_end(&cursor);
        }
        self.settle_waiting();
        let vouched = self.leading_to(self.ring.vouched.clone(), |followed| followed);
        // Before the published key has signed anything, an honest rotation cannot have been confirmed.
        let provisional = match self.ring.published_has_signed {
            true => HashSet::new(),
            false => &self.leading_to(vouched.clone(), |_| true) - &vouched,
        };
        let mut known: Vec<_> = self.known.into_values().collect();
        known.sort_by_key(|key| *key.as_bytes());
        for key in known.into_iter().filter(|key| vouched.contains(key) || provisional.contains(key)) {
            self.ring.add_candidate(key);
        }
        // Followed or not: the receipt that makes use of the hand-over in another chain is itself the confirmation.
        for (old, new) in self.edges.keys().filter(|(_, new)| vouched.contains(new)) {
            self.ring.handovers.entry(*old).or_default().push(*new);
        }
        self.ring.vouched = vouched;
        self.ring.provisional = provisional;
        self.ring
    }

    /// A receipt after a rotation: does the incoming key confirm it?
    fn follow(&mut self, LastRotation { anchor, new, place }: LastRotation, next: &Received) {
        let link = next.receipt().subject.chain.previous_receipt_hash.as_deref();
        if anchor.judge(link) == Link::Broken || next.verify(&new).is_err() {
            return;
        }
        self.ring.published_has_signed |= new == *self.ring.published();
        match place {
            Place::Edge(old) => {
                self.edges.insert((old, new), true);
            }
            Place::Waiting(at) => {
                if let Some(waiting) = self.waiting.get_mut(at) {
                    waiting.followed = true;
                }
            }
        }
    }

    /// Keeps a rotation that its outgoing key signed, or may have signed.
    fn record(&mut self, received: Received) -> Option<LastRotation> {
        let rotation = received.receipt().subject.key_rotation.as_ref()?;
        let new = incoming_key_from_any(rotation).ok()?;
        if received.canonical().len() > MAX_ROTATION {
            self.ring.overlooked += 1;
            return None;
        }
        let old_fingerprint = rotation.old_key_fingerprint.clone();
        let (anchor, place) = match self.known.get(&old_fingerprint).copied() {
            Some(old) => {
                let signature = received.verify(&old);
                signature.as_ref().ok()?;
                if !self.add_edge(old, new, false) {
                    return None;
                }
                (Anchor::new(received, &signature), Place::Edge(old))
            }
            None if self.waiting.len() < MAX_WAITING => {
                let unknown = Err(agent_receipts_core::SignatureError::Mismatch);
                let anchor = Anchor::new(received.clone(), &unknown);
                self.waiting.push(Waiting { received, old_fingerprint, new, followed: false });
                (anchor, Place::Waiting(self.waiting.len() - 1))
            }
            None => {
                self.ring.overlooked += 1;
                return None;
            }
        };
        Some(LastRotation { anchor, new, place })
    }

    /// Learns the incoming key, which may be the unknown outgoing key of another rotation.
    fn add_edge(&mut self, old: PublicKey, new: PublicKey, followed: bool) -> bool {
        if self.edges.len() >= MAX_EDGES && !self.edges.contains_key(&(old, new)) {
            self.ring.overlooked += 1;
            return false;
        }
        *self.edges.entry((old, new)).or_insert(false) |= followed;
        self.known.insert(new.fingerprint().to_string(), new);
        true
    }

    /// Each round learns a key or is the last.
    fn settle_waiting(&mut self) {
        loop {
            let known = &self.known;
            let (ready, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
                .into_iter()
                .partition(|waiting| known.contains_key(&waiting.old_fingerprint));
            self.waiting = waiting;
            if ready.is_empty() {
                return;
            }
            for Waiting { received, old_fingerprint, new, followed } in ready {
                if let Some(old) = self.known.get(&old_fingerprint).copied()
                    && received.verify(&old).is_ok()
                {
                    self.add_edge(old, new, followed);
                }
            }
        }
    }

    /// The keys from which hand-overs lead to `ends`.
    fn leading_to(&self, ends: HashSet<PublicKey>, counts: impl Fn(bool) -> bool) -> HashSet<PublicKey> {
        let mut backwards: HashMap<PublicKey, Vec<PublicKey>> = HashMap::new();
        for ((old, new), _) in self.edges.iter().filter(|(_, followed)| counts(**followed)) {
            backwards.entry(*new).or_default().push(*old);
        }
        let mut pending: Vec<_> = ends.iter().copied().collect();
        let mut found = ends;
        while let Some(key) = pending.pop() {
            let fresh = backwards.get(&key).into_iter().flatten().filter(|old| found.insert(**old));
            pending.extend(fresh.copied().collect::<Vec<_>>());
        }
        found
    }
}

const ROTATION: &[u8] = b"keyRotation";
