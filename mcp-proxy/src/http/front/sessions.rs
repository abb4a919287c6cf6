//! The sessions that clients have through us: each has its gate, and all are bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::waiting::Waiting;
use crate::http::gate::Gate;
use crate::http::outline::Id;
use crate::session::Ended;

/// Makes a gate: for a session, or for one exchange of a client that has none.
pub(super) type Gates = Box<dyn Fn(Span) -> Arc<dyn Gate> + Send + Sync>;

/// How long a gate is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// For as long as the server keeps the session.
    Session,
    /// For one request and its answer.
    Exchange,
}

/// All sessions, by the names that the server gave them.
pub(super) struct Sessions {
    named: Mutex<HashMap<String, Session>>,
    gates: Gates,
    /// Whether we are to end.
    is_over: Arc<AtomicBool>,
}

struct Session {
    gate: Arc<Slot>,
    /// Requests and streams that are open.
    seats: usize,
    last_used: Instant,
}

/// A gate that is made when the first message comes: a stream that is refused is no session.
#[derive(Default)]
struct Slot(OnceLock<Arc<dyn Gate>>);

impl Slot {
    fn end(&self, why: Ended) {
        if let Some(gate) = self.0.get() {
            gate.end(why);
        }
    }
}

/// One request's or stream's place in a session. Where the server keeps none, the session ends with it.
pub(super) struct Seat {
    sessions: Arc<Sessions>,
    gate: Arc<Slot>,
    span: Span,
    name: Option<String>,
}

impl Sessions {
    /// No sessions yet; `gates` makes a gate for each.
    pub(super) fn new(gates: Gates) -> Arc<Self> {
        Arc::new(Self { named: Mutex::default(), gates, is_over: Arc::default() })
    }

    /// A place in the session `name`. A name that is not known gets a gate of its own until the server has confirmed it.
    pub(super) fn seat(self: &Arc<Self>, name: Option<&str>) -> Seat {
        let mut named = self.named();
        if let Some((name, session)) = name.and_then(|name| Some((name, named.get_mut(name)?))) {
            session.seats += 1;
            session.last_used = Instant::now();
            let (gate, name) = (Arc::clone(&session.gate), Some(name.to_owned()));
            return Seat { sessions: Arc::clone(self), gate, span: Span::Session, name };
        }
        drop(named);
        // A name that the client may have made up brings no budget of its own.
        Seat { sessions: Arc::clone(self), gate: Arc::default(), span: Span::Exchange, name: None }
    }

    /// The server says that the seat is in the session `name`.
    pub(super) fn name(&self, mut seat: Seat, name: String) -> Seat {
        let mut named = self.named();
        let is_known = seat.name.is_some() || named.contains_key(&name);
        if is_known || (named.len() >= MOST && !make_room(&mut named)) {
            // It goes on with the gate it has, and ends it.
            return seat;
        }
        let gate = Arc::clone(&seat.gate);
        named.insert(name.clone(), Session { gate, seats: 1, last_used: Instant::now() });
        seat.name = Some(name);
        seat
    }

    /// The session is over.
    pub(super) fn forget(&self, name: &str, why: Ended) {
        let session = self.named().remove(name);
        if let Some(session) = session {
            session.gate.end(why);
        }
    }

    /// Ends the sessions that nobody has used for `idle`.
    pub(super) fn sweep(&self, idle: Duration) {
        let mut over = Vec::new();
        self.named().retain(|_, session| {
            let stays = session.seats > 0 || session.last_used.elapsed() < idle;
            if !stays {
                over.push(Arc::clone(&session.gate));
            }
            stays
        });
        over.iter().for_each(|gate| gate.end(Ended::Client));
    }

    /// Ends all, and each request that is still open as soon as it is dropped.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        let all = std::mem::take(&mut *self.named());
        all.values().for_each(|session| session.gate.end(Ended::Stopped));
    }

    fn named(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the session that was unused for the longest, if there is one that nobody is in.
fn make_room(named: &mut HashMap<String, Session>) -> bool {
    let idle = named.iter().filter(|(_, session)| session.seats == 0);
    let Some(oldest) = idle.min_by_key(|(_, session)| session.last_used).map(|(name, _)| name.clone()) else {
        return false;
    };
    if let Some(session) = named.remove(&oldest) {
        session.gate.end(Ended::Client);
    }
    true
}

impl Seat {
    /// Begins to wait for the answer to a request.
    pub(super) fn waits_for(&self, id: Id) -> Waiting {
        Waiting::new(Arc::clone(self.gate()), id, Arc::clone(&self.sessions.is_over))
    }

    /// What is said here may open a session.
    pub(super) fn may_open(mut self) -> Self {
        self.span = Span::Session;
        self
    }

    /// What judges and records in this session.
    pub(super) fn gate(&self) -> &Arc<dyn Gate> {
        self.gate.0.get_or_init(|| (self.sessions.gates)(self.span))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(name) = &self.name else {
            let is_over = self.sessions.is_over.load(Ordering::Relaxed);
            return self.gate.end(if is_over { Ended::Stopped } else { Ended::Client });
        };
        let mut named = self.sessions.named();
        // Another may have the name by now.
        if let Some(session) = named.get_mut(name).filter(|session| Arc::ptr_eq(&session.gate, &self.gate)) {
            session.seats -= 1;
            session.last_used = Instant::now();
        }
    }
}

/// Sessions at once.
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::http::gate::Onward;

    struct Counted(Arc<AtomicUsize>);

    impl Gate for Counted {
        fn client_says(self: Arc<Self>, _: Vec<u8>, _: Box<dyn FnOnce(Onward) + Send>) {}
        fn refused(&self, _: &[u8], _: &str) {}
        fn server_says(&self, _: &[u8]) {}
        fn hung_up(&self, _: &Id, _: bool) {}
        fn end(&self, _: Ended) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn sessions() -> (Arc<Sessions>, Arc<AtomicUsize>) {
        let ended = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ended);
        (Sessions::new(Box::new(move |_| Arc::new(Counted(Arc::clone(&count))))), ended)
    }

    fn name(sessions: &Arc<Sessions>, name: &str) -> Seat {
        let seat = sessions.seat(Some(name));
        seat.gate();
        sessions.name(seat, name.to_owned())
    }

    #[test]
    fn a_session_has_one_gate_for_as_long_as_the_server_keeps_it() {
        let (sessions, ended) = sessions();
        let first = name(&sessions, "a");
        let second = sessions.seat(Some("a"));
        assert!(Arc::ptr_eq(first.gate(), second.gate()));
        drop((first, second));
        assert_eq!(ended.load(Ordering::SeqCst), 0);
        sessions.forget("a", Ended::Server);
        sessions.forget("a", Ended::Server);
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn without_a_session_the_gate_ends_with_the_request() {
        let (sessions, ended) = sessions();
        sessions.seat(None).gate();
        sessions.seat(Some("never confirmed")).gate();
        assert_eq!(ended.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn only_what_opens_a_session_is_held_as_one() {
        let spans = Arc::new(Mutex::new(Vec::new()));
        let made = Arc::clone(&spans);
        let sessions = Sessions::new(Box::new(move |span| {
            made.lock().unwrap().push(span);
            Arc::new(Counted(Arc::default()))
        }));
        sessions.seat(None).gate();
        sessions.seat(Some("made up")).gate();
        sessions.seat(None).may_open().gate();
        assert_eq!(*spans.lock().unwrap(), [Span::Exchange, Span::Exchange, Span::Session]);
    }

    #[test]
    fn who_says_nothing_has_no_gate() {
        let (sessions, ended) = sessions();
        drop(sessions.seat(None));
        let seat = sessions.seat(Some("a"));
        drop(sessions.name(seat, "a".into()));
        sessions.forget("a", Ended::Server);
        assert_eq!(ended.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn idle_sessions_end_and_used_ones_do_not() {
        let (sessions, ended) = sessions();
        let used = name(&sessions, "used");
        drop(name(&sessions, "idle"));
        sessions.sweep(Duration::from_secs(60));
        assert_eq!(ended.load(Ordering::SeqCst), 0);
        sessions.sweep(Duration::ZERO);
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        assert!(Arc::ptr_eq(sessions.seat(Some("used")).gate(), used.gate()));
        sessions.end();
        assert_eq!(ended.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_flood_of_sessions_is_bounded() {
        let (sessions, ended) = sessions();
        let seats: Vec<Seat> = (0..MOST - 1).map(|n| name(&sessions, &n.to_string())).collect();
        for n in 0..100 {
            drop(name(&sessions, &format!("more {n}")));
        }
        assert_eq!((sessions.named().len(), ended.load(Ordering::SeqCst)), (MOST, 99));
        // Where everybody is in use, the new one goes without a name.
        let last = name(&sessions, "last");
        let beyond = name(&sessions, "beyond");
        assert_eq!((last.name.as_deref(), beyond.name.as_deref()), (Some("last"), None));
        drop(seats);
    }
}
