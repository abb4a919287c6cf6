//! Which root chain an event belongs on.

use agent_receipts_chain::{Scope, is_agent_chain, scoped_chain_id};

use super::submission::Submission;
use crate::config::Chains;

/// The chain that the daemon was given, and how those of users and sessions are named under it.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    /// The chain that all others are named after. Where users or sessions have chains, only the daemon itself writes to it.
    pub(crate) base: String,
    /// Which events share a chain.
    pub(crate) by: Chains,
}

impl Roots {
    /// The first chain of what an event belongs to: a chain that was closed has a successor.
    pub(super) fn first_of(&self, submission: &Submission) -> String {
        let uid = submission.sender.peer.uid;
        match self.by {
            Chains::One => self.base.clone(),
            Chains::Uid => scoped_chain_id(&self.base, Scope::User(uid)),
            Chains::Session => scoped_chain_id(&self.base, Scope::Session(uid, &submission.claim.session_id)),
        }
    }

    /// The first chain on which a user's lost events are told of where no event of his is left to tell of them.
    pub(super) fn first_of_user(&self, uid: u32) -> String {
        match self.by {
            Chains::One => self.base.clone(),
            Chains::Uid | Chains::Session => scoped_chain_id(&self.base, Scope::User(uid)),
        }
    }

    /// Whether a chain is the base's, a user's, a session's or an agent's under it.
    pub(super) fn hold(&self, chain_id: &str) -> bool {
        let under = |rest: &str| ["/agent/", "/uid/", "/session/"].iter().any(|part| rest.starts_with(part));
        chain_id.strip_prefix(&self.base).is_some_and(|rest| rest.is_empty() || under(rest))
    }

    /// Puts chains into the order in which they are closed: what another was opened from comes after it.
    pub(super) fn order(&self, chains: &mut [String]) {
        chains.sort_by_key(|chain| (!is_agent_chain(chain), *chain == self.base));
    }
}
