//! The keys under which a chain may be valid, and what vouches for them.

use std::collections::{HashMap, HashSet, VecDeque};

use agent_receipts_core::PublicKey;

/// The published key, the archived ones, and which of these the published key vouches for.
///
/// An archived key is a mere candidate: anybody can put a file there. A key counts only when it is *vouched for*,
/// that is, when it handed over by a rotation receipt (signed with it) after which, hash-linked, a receipt of the
/// incoming key stands, and the incoming key is the published key or vouched for in its turn. So the last word is
/// always a signature of the published key. [`KeyLineage`](crate::KeyLineage) collects this over a whole store;
/// a chain's own rotations count in any case.
#[derive(Debug, Clone)]
pub struct KeyRing {
    published: PublicKey,
    candidates: Vec<PublicKey>,
    pub(crate) vouched: HashSet<PublicKey>,
    pub(crate) provisional: HashSet<PublicKey>,
    /// From each key to the vouched-for keys that a rotation signed with it names.
    pub(crate) handovers: HashMap<PublicKey, Vec<PublicKey>>,
    pub(crate) published_has_signed: bool,
    pub(crate) overlooked: u64,
}

impl KeyRing {
    /// A ring that knows nothing of any rotation; `archived` in the order in which they are to be tried.
    pub fn new(published: PublicKey, archived: impl IntoIterator<Item = PublicKey>) -> Self {
        let mut ring = Self {
            published,
            candidates: vec![published],
            vouched: HashSet::from([published]),
            provisional: HashSet::new(),
            handovers: HashMap::new(),
            published_has_signed: false,
            overlooked: 0,
        };
        archived.into_iter().for_each(|key| ring.add_candidate(key));
        ring
    }

    /// Counts `key` as vouched for, because whoever verifies knows from elsewhere that it was genuine. The mend where
    /// a rotation stands at the end of a chain that the incoming key never continued, having signed other chains.
    pub fn trust(&mut self, key: PublicKey) {
        self.vouched.insert(key);
        self.add_candidate(key);
    }

    /// The key that everything is measured against.
    pub fn published(&self) -> &PublicKey {
        &self.published
    }

    /// The keys that may have signed the first receipt of a chain, the published one first.
    pub fn candidates(&self) -> &[PublicKey] {
        &self.candidates
    }

    /// Whether `key` is the published key or one that it vouches for.
    pub fn vouches_for(&self, key: &PublicKey) -> bool {
        self.vouched.contains(key)
    }

    /// Whether `key` handed over towards the published key in a rotation that no receipt confirms yet. Never so
    /// once the published key was seen to have signed anything: the first or the last receipt of a chain, or one behind a
    /// rotation. A rotation that nobody continued is then worth nothing, also an honest one, which the reference leaves behind
    /// where it rotates one chain and goes on with another; [`KeyRing::trust`] is the mend. (A new key's link to a receipt of the
    /// old one would not do in its place: receipts are linked without their proofs, so that a forger can sign the same receipt.)
    ///
    /// What remains possible for a forger who can write the store and plant an archive, in the time until the
    /// published key first signs: a chain under a key of his own that ends in a rotation to the published key.
    /// Such a chain carries the finding `rotation_unconfirmed`, and is BROKEN under
    /// [`Options::strict`](crate::Options).
    pub fn is_provisional(&self, key: &PublicKey) -> bool {
        self.provisional.contains(key)
    }

    /// Rotation receipts that were beyond the bounds of the lineage and not looked at. Keys may be missing then,
    /// never too many.
    pub fn overlooked_rotations(&self) -> u64 {
        self.overlooked
    }

    pub(crate) fn add_candidate(&mut self, key: PublicKey) {
        if !self.candidates.contains(&key) {
            self.candidates.push(key);
        }
    }

    /// The vouched-for keys to which `key` handed over, directly or not, the nearest first.
    pub(crate) fn successors(&self, key: &PublicKey) -> Vec<PublicKey> {
        let mut found = Vec::new();
        let mut queue = VecDeque::from([*key]);
        while let Some(from) = queue.pop_front() {
            for next in self.handovers.get(&from).into_iter().flatten() {
                if next != key && !found.contains(next) {
                    found.push(*next);
                    queue.push_back(*next);
                }
            }
            if found.len() >= MAX_SUCCESSORS {
                break;
            }
        }
        found
    }
}

/// Keys that are tried where a signature is not the active key's: bounds the work that a bad signature makes.
const MAX_SUCCESSORS: usize = 16;

/// What a chain must start from.
#[derive(Debug, Clone)]
pub enum Genesis {
    /// This key signed the first receipt, or the chain is broken: the reference's `VerifyChain`.
    Key(PublicKey),
    /// The first of the ring's candidates that verifies the first receipt; the chain must end in a key that the
    /// published key vouches for: the reference's `receipt verify`, made right.
    Ring(std::sync::Arc<KeyRing>),
}

impl From<PublicKey> for Genesis {
    fn from(key: PublicKey) -> Self {
        Genesis::Key(key)
    }
}

impl From<KeyRing> for Genesis {
    fn from(ring: KeyRing) -> Self {
        Genesis::Ring(ring.into())
    }
}

impl From<std::sync::Arc<KeyRing>> for Genesis {
    fn from(ring: std::sync::Arc<KeyRing>) -> Self {
        Genesis::Ring(ring)
    }
}
