//! On whose behalf a process acts: the login behind its uid.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use agent_receipts_ipc::Peer;
use nix::unistd::{Uid, User};

/// Looks users up in the host's user database, and remembers them for a while.
///
/// The database may be a directory service a network away, so it is asked once a connection at most, never once a frame.
#[derive(Default)]
pub(crate) struct Principals {
    known: Mutex<HashMap<u32, (Instant, Arc<str>)>>,
}

impl Principals {
    /// `did:user:<login>`, or `did:user:<platform>:<uid>` for a user that the host does not know.
    pub(crate) fn of(&self, peer: &Peer) -> Arc<str> {
        let now = Instant::now();
        if let Some((since, principal)) = self.lock().get(&peer.uid)
            && now.duration_since(*since) < REMEMBERED
        {
            return Arc::clone(principal);
        }
        // Not under the lock: a slow directory must not hold up the connections of other users.
        let principal: Arc<str> = match User::from_uid(Uid::from_raw(peer.uid)) {
            Ok(Some(user)) => format!("did:user:{}", user.name).into(),
            _ => format!("did:user:{}:{}", peer.platform, peer.uid).into(),
        };
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(peer.uid, (now, Arc::clone(&principal)));
        principal
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, (Instant, Arc<str>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a login is believed without asking again.
const REMEMBERED: Duration = Duration::from_secs(300);

/// How many users are remembered at once.
const MOST: usize = 4096;

/// The principal of receipts that no emitter caused.
pub(crate) const UNKNOWN: &str = "did:user:unknown";
