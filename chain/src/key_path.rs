//! The way of one chain from key to key.

use agent_receipts_core::{PublicKey, Received, SignatureError, Verified};

use crate::examine::Examined;
use crate::key_ring::{Genesis, KeyRing};

/// Which key signs now, and whether the published key stands behind the ones before.
#[derive(Debug)]
pub(crate) struct KeyPath {
    genesis: Genesis,
    path: Option<Path>,
}

#[derive(Debug)]
struct Path {
    first: PublicKey,
    active: PublicKey,
    rotations: u64,
    /// A key was used that is not vouched for, and no receipt of a vouched-for key has followed.
    in_doubt: bool,
}

/// A signature judged, and whether the key had to be changed for it without a rotation in this chain.
pub(crate) struct Judged {
    pub(crate) signature: Result<Verified, SignatureError>,
    pub(crate) handed_over: bool,
}

/// Whether the keys of a chain can be relied upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    Trusted,
    Unconfirmed,
    Refused(&'static str),
}

impl KeyPath {
    pub(crate) fn new(genesis: Genesis) -> Self {
        Self { genesis, path: None }
    }

    /// The key that the next receipt must be signed with, as far as is known before the first one.
    pub(crate) fn active(&self) -> PublicKey {
        match (&self.path, &self.genesis) {
            (Some(path), _) => path.active,
            (None, Genesis::Key(key)) => *key,
            (None, Genesis::Ring(ring)) => *ring.published(),
        }
    }

    pub(crate) fn first(&self) -> Option<PublicKey> {
        self.path.as_ref().map(|path| path.first)
    }

    pub(crate) fn rotations(&self) -> u64 {
        self.path.as_ref().map_or(0, |path| path.rotations)
    }

    /// Judges the signature of the next receipt under the active key; the work already done is used if it was
    /// done with that key.
    pub(crate) fn judge(&mut self, examined: &Examined) -> Judged {
        if self.path.is_none() {
            let first = self.choose(&examined.received);
            let in_doubt = self.ring().is_some_and(|ring| !ring.vouches_for(&first));
            self.path = Some(Path { first, active: first, rotations: 0, in_doubt });
        }
        let active = self.active();
        let signature = match active == examined.key {
            true => examined.signature.clone(),
            false => examined.received.verify(&active),
        };
        match (signature, self.ring()) {
            (Err(SignatureError::Mismatch), Some(ring)) => match successor(ring, &active, &examined.received)
            {
                Some((key, verified)) => {
                    self.change(key);
                    Judged { signature: Ok(verified), handed_over: true }
                }
                None => Judged { signature: Err(SignatureError::Mismatch), handed_over: false },
            },
            (signature, _) => Judged { signature, handed_over: false },
        }
    }

    /// A receipt of the active key links to its predecessor: if the key is vouched for, so is now everything before.
    pub(crate) fn confirm(&mut self) {
        let active = self.active();
        let vouched = self.ring().is_some_and(|ring| ring.vouches_for(&active));
        if let (true, Some(path)) = (vouched, &mut self.path) {
            path.in_doubt = false;
        }
    }

    /// A valid rotation installs `key`.
    pub(crate) fn rotate(&mut self, key: PublicKey) {
        self.change(key);
        if let Some(path) = &mut self.path {
            path.rotations += 1;
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        let (Some(ring), Some(path)) = (self.ring(), &self.path) else { return Trust::Trusted };
        if path.first == *ring.published() {
            return Trust::Trusted;
        }
        if ring.vouches_for(&path.active) {
            return match path.in_doubt {
                false => Trust::Trusted,
                true if ring.published_has_signed => Trust::Refused(NOT_CONFIRMED),
                true => Trust::Unconfirmed,
            };
        }
        if ring.is_provisional(&path.active) {
            return Trust::Unconfirmed;
        }
        Trust::Refused(if path.rotations == 0 { NO_ROTATION } else { OTHER_END })
    }

    fn change(&mut self, key: PublicKey) {
        let vouched = self.ring().is_none_or(|ring| ring.vouches_for(&key));
        if let Some(path) = &mut self.path {
            path.active = key;
            path.in_doubt |= !vouched;
        }
    }

    fn choose(&self, first: &Received) -> PublicKey {
        match &self.genesis {
            Genesis::Key(key) => *key,
            Genesis::Ring(ring) => {
                let signed = ring.candidates().iter().find(|key| first.verify(key).is_ok());
                *signed.unwrap_or(ring.published())
            }
        }
    }

    fn ring(&self) -> Option<&KeyRing> {
        match &self.genesis {
            Genesis::Key(_) => None,
            Genesis::Ring(ring) => Some(ring),
        }
    }
}

/// The reference writes a rotation into one chain only; others then continue under the incoming key without one.
/// INVARIANT: only forward, and only to keys that the published key vouches for. A retired key never takes over.
fn successor(ring: &KeyRing, active: &PublicKey, received: &Received) -> Option<(PublicKey, Verified)> {
    let verified = |key: PublicKey| Some((key, received.verify(&key).ok()?));
    ring.successors(active).into_iter().find_map(verified)
}

const NO_ROTATION: &str =
    "verified against an archived key, but the chain has no key rotation that installs the published key";
const OTHER_END: &str = "rotation chain does not terminate at the published key";
const NOT_CONFIRMED: &str =
    "the published key has signed receipts, but none that confirms the rotation at the end of this chain";
