//! The requests that are on their way, and how each can be ended.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Duration, sleep};

use crate::http::outline::Id;

/// The requests that are on their way.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: Mutex<Open>,
    /// One has ended.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Open {
    calls: HashMap<Id, Call>,
    /// The last task's number: a client may use an id again.
    serial: u64,
}

/// What kind of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Closing its stream is what cancels it.
    pub(super) ends_by_closing: bool,
    /// Its stream is what is wanted, and nobody waits for its answer.
    pub(super) is_lasting: bool,
}

#[derive(Debug)]
struct Call {
    exchange: AbortHandle,
    kind: Kind,
    serial: u64,
}

impl Calls {
    /// Remembers a request by the task that waits for its answer, which it begins.
    pub(super) fn begin<F>(self: &Arc<Self>, id: &Id, kind: Kind, exchange: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut open = self.open();
        open.serial += 1;
        let serial = open.serial;
        let finish = Finish { calls: Arc::clone(self), id: id.clone(), serial };
        // However the task ends, it is no longer on its way then.
        let task = tokio::spawn(async move {
            let _finish = finish;
            exchange.await;
        });
        open.calls.insert(id.clone(), Call { exchange: task.abort_handle(), kind, serial });
    }

    /// Ends a request whose stream's end is what cancels it; whether it was one.
    pub(super) fn cancel(&self, id: &Id) -> bool {
        let open = self.open();
        let Some(call) = open.calls.get(id).filter(|call| call.kind.ends_by_closing) else { return false };
        call.exchange.abort();
        true
    }

    /// Ends a request that the server was told of to be cancelled, with a little time for an answer that is on its way.
    pub(super) fn leave_soon(&self, id: &Id) {
        if let Some(call) = self.open().calls.get(id) {
            let exchange = call.exchange.clone();
            tokio::spawn(async move {
                sleep(ON_ITS_WAY).await;
                exchange.abort();
            });
        }
    }

    /// Ends all, and gives those that had no answer.
    pub(super) fn end(&self) -> Vec<Id> {
        let open = std::mem::take(&mut self.open().calls);
        for call in open.values() {
            call.exchange.abort();
        }
        open.into_keys().collect()
    }

    /// Waits until no answer is on its way.
    pub(super) async fn all_answered(&self) {
        loop {
            let ended = self.ended.notified();
            if self.open().calls.values().all(|call| call.kind.is_lasting) {
                return;
            }
            ended.await;
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a request when its task is over.
struct Finish {
    calls: Arc<Calls>,
    id: Id,
    serial: u64,
}

impl Drop for Finish {
    fn drop(&mut self) {
        let mut open = self.calls.open();
        if open.calls.get(&self.id).is_some_and(|call| call.serial == self.serial) {
            open.calls.remove(&self.id);
        }
        self.calls.ended.notify_waiters();
    }
}

/// For an answer that crossed the cancellation.
const ON_ITS_WAY: Duration = Duration::from_secs(2);
