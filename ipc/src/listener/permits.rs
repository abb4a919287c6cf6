//! Counts open connections, overall and per user, and refuses those beyond the caps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::notice::Notice;
use super::options::Limits;

/// The connections that are open, shared by all their permits.
#[derive(Debug)]
pub(super) struct Permits {
    overall: usize,
    per_uid: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    overall: usize,
    by_uid: HashMap<u32, usize>,
}

/// The right to one connection; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    permits: Arc<Permits>,
    uid: u32,
}

impl Permits {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            overall: limits.connections,
            per_uid: limits.connections_per_uid,
            open: Mutex::default(),
        })
    }

    /// One more connection of `uid`, or the notice that says why not.
    pub(super) fn take(self: &Arc<Self>, uid: u32) -> Result<Permit, Notice> {
        let mut open = self.lock();
        if open.overall >= self.overall {
            return Err(Notice::ConnectionLimit { limit: self.overall });
        }
        let of_uid = open.by_uid.entry(uid).or_default();
        if *of_uid >= self.per_uid {
            return Err(Notice::UidLimit { uid, limit: self.per_uid });
        }
        *of_uid += 1;
        open.overall += 1;
        Ok(Permit { permits: Arc::clone(self), uid })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.permits.lock();
        open.overall -= 1;
        // INVARIANT: no entry of 0 stays, so that the map is no longer than the open connections.
        if let Some(of_uid) = open.by_uid.get_mut(&self.uid) {
            *of_uid -= 1;
            if *of_uid == 0 {
                open.by_uid.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(overall: usize, per_uid: usize) -> Arc<Permits> {
        Permits::new(&Limits { connections: overall, connections_per_uid: per_uid, ..Limits::default() })
    }

    #[test]
    fn one_user_cannot_take_what_is_left_for_the_others() {
        let permits = permits(3, 2);
        let _one = permits.take(7).unwrap();
        let two = permits.take(7).unwrap();
        assert_eq!(permits.take(7).unwrap_err(), Notice::UidLimit { uid: 7, limit: 2 });
        let _other = permits.take(8).unwrap();
        assert_eq!(permits.take(8).unwrap_err(), Notice::ConnectionLimit { limit: 3 });
        drop(two);
        assert!(permits.take(8).is_ok());
    }

    #[test]
    fn what_is_given_back_leaves_no_trace() {
        let permits = permits(10, 1);
        for uid in 0..100 {
            permits.take(uid).unwrap();
        }
        assert!(permits.take(5).is_ok());
        assert_eq!(permits.lock().overall, 0);
        assert!(permits.lock().by_uid.is_empty());
    }

    #[test]
    fn a_refused_user_leaves_no_trace_either() {
        let permits = permits(10, 0);
        assert!(permits.take(5).is_err());
        assert!(permits.lock().by_uid.values().all(|count| *count == 0));
    }
}
