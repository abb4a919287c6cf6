//! One MCP session, whatever carries it: who asked what, what is passed on, and what is recorded of it.

mod approval;
mod end;
mod flight;
mod from_client;
mod from_server;
mod held;
mod proxy;
mod refusal;
mod rounds;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_receipts_ipc::Decision;

use crate::policy::Counters;
use crate::record::Note;
use flight::Flights;
use rounds::Rounds;

pub(crate) use end::Ended;
pub(crate) use proxy::{Proxy, Scope, Terms};
pub(crate) use refusal::Measure;

/// What becomes of a client's message.
#[derive(Debug, PartialEq)]
pub(crate) enum Onward {
    /// It goes to the server: these bytes, without a line's end.
    Forward(Vec<u8>),
    /// It does not; the client is told this, without a line's end.
    Answer(Vec<u8>),
    /// It does not, and nobody is told.
    Nothing,
}

/// One session between a client and a server, neither of whom is trusted. May be used by many threads at once.
pub(crate) struct Session {
    proxy: Arc<Proxy>,
    /// The first half of the correlation ids of calls for which the client names none.
    name: String,
    counters: Arc<Counters>,
    rounds: Arc<Rounds>,
    /// Whether this is but one exchange of a session that begins and ends elsewhere.
    is_part: bool,
    calls: AtomicU64,
    flights: Mutex<Flights>,
}

impl Session {
    /// Begins a session, and records that.
    pub(crate) fn begin(proxy: Arc<Proxy>, name: String) -> Arc<Self> {
        let flights = Mutex::new(Flights::new(proxy.terms().most_in_flight, proxy.held()));
        proxy.note_session(&Note {
            action_type: "mcp.session.start",
            input: proxy.terms().started.as_deref(),
            correlation_id: &name,
            ..Note::new("session", Decision::Allowed)
        });
        let counters = Arc::new(proxy.counters());
        let rounds = Arc::default();
        Arc::new(Self { counters, rounds, is_part: false, proxy, name, calls: AtomicU64::new(0), flights })
    }

    /// One exchange of a client for which nobody keeps a session: its ids are its own, its budgets those of the `whole`, whose beginning
    /// and end are recorded.
    pub(crate) fn part_of(whole: &Self, name: String) -> Arc<Self> {
        let proxy = Arc::clone(&whole.proxy);
        let flights = Mutex::new(Flights::new(proxy.terms().most_in_flight, proxy.held()));
        let counters = Arc::clone(&whole.counters);
        let rounds = Arc::clone(&whole.rounds);
        Arc::new(Self { counters, rounds, is_part: true, proxy, name, calls: AtomicU64::new(0), flights })
    }

    fn next_correlation_id(&self) -> String {
        format!("{}/{}", self.name, self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// INVARIANT: nothing is sent, and nobody waited for, while this is held.
    fn flights(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
