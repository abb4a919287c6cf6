//! Where questions wait. Asking holds nobody up; each question ends once.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::answer::{Answer, Approver, Verdict};
use super::board::{Board, Taken};
use super::question::{ApprovalId, Names, Pending, Question};

/// What is done when a question has ended.
pub(super) type Then = Box<dyn FnOnce(&ApprovalId, Answer) + Send>;

/// Takes questions, and tells whoever asked how each has ended, on one thread of its own, which keeps the time-outs, too.
pub(super) struct WaitingRoom {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the ways of answering see of it.
#[derive(Clone)]
pub(super) struct Answering(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    names: Names,
    board: Board<With>,
    ended: VecDeque<(ApprovalId, Then, Answer)>,
    patience: Duration,
    /// Whether anybody could answer.
    attended: bool,
    closed: bool,
}

/// What goes with a question until it ends.
struct With {
    then: Then,
    /// Whoever asks somebody on its behalf stops when this is dropped.
    _until: Option<Box<dyn Send>>,
}

impl WaitingRoom {
    /// Room for at most `most` questions at once, which end unanswered after `patience`; `seed` makes their names.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn new(seed: [u8; 32], most: usize, patience: Duration) -> std::io::Result<Self> {
        let state = State {
            names: Names::new(seed),
            board: Board::new(most),
            ended: VecDeque::new(),
            patience,
            attended: false,
            closed: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new().name("approvals".to_owned()).spawn(move || own.tell())?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// What the ways of answering see.
    pub(super) fn answering(&self) -> Answering {
        Answering(Arc::clone(&self.shared))
    }

    /// Says that somebody could answer from now on.
    pub(super) fn attend(&self) {
        self.shared.lock().attended = true;
    }

    /// Asks. `announce` is called with the question before anybody can have answered, and gives what is dropped when it ends.
    pub(super) fn ask(
        &self,
        question: Question,
        announce: impl FnOnce(&Pending) -> Option<Box<dyn Send>>,
        then: Then,
    ) -> ApprovalId {
        let mut state = self.shared.lock();
        let id = state.names.next();
        if state.closed {
            drop(state);
            then(&id, Answer::Withdrawn);
            return id;
        }
        if state.attended && !state.board.is_full() {
            let now = Instant::now();
            let (asked, deadline) = (SystemTime::now(), now.checked_add(state.patience).unwrap_or(now + FAR));
            let pending = Pending { id: id.clone(), question, asked, left: state.patience };
            let with = With { then, _until: announce(&pending) };
            state.board.put(pending, deadline, with);
        } else {
            state.ended.push_back((id.clone(), then, Answer::NoApprover));
        }
        drop(state);
        self.shared.changed.notify_all();
        id
    }

    /// Takes a question back; nothing where it has ended already.
    pub(super) fn withdraw(&self, id: &ApprovalId) {
        let mut state = self.shared.lock();
        if let Some(taken) = state.board.take(id, Instant::now()) {
            state.end(taken, Answer::Withdrawn);
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Takes all questions back, and waits until everybody who asked has been told.
    pub(super) fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        for taken in state.board.take_all(Instant::now()) {
            state.end(taken, Answer::Withdrawn);
        }
        drop(state);
        self.shared.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever is being told may be the one who closes.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Drop for WaitingRoom {
    fn drop(&mut self) {
        self.close();
    }
}

impl Answering {
    /// What waits.
    pub(super) fn pending(&self) -> Vec<Pending> {
        self.0.lock().board.pending(Instant::now())
    }

    /// One question that waits.
    pub(super) fn one(&self, id: &ApprovalId) -> Option<Pending> {
        self.0.lock().board.one(id, Instant::now())
    }

    /// Ends a question; false where there is none of that name, or none any more.
    pub(super) fn decide(&self, id: &ApprovalId, verdict: Verdict, approver: Approver) -> bool {
        let mut state = self.0.lock();
        let Some(taken) = state.board.take(id, Instant::now()) else { return false };
        let in_time = !taken.late;
        state.end(taken, verdict.by(approver));
        drop(state);
        self.0.changed.notify_all();
        in_time
    }
}

impl State {
    /// INVARIANT: too late is too late, however slow the thread that keeps the time was.
    fn end(&mut self, taken: Taken<With>, answer: Answer) {
        let answer = if taken.late { Answer::TimedOut } else { answer };
        self.ended.push_back((taken.id, taken.with.then, answer));
    }
}

/// For a patience that no clock can count to: a hundred years.
const FAR: Duration = Duration::from_secs(100 * 366 * 24 * 3_600);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds this; what was told is outside of it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everybody who asked, until the room is closed and nobody is left to be told.
    fn tell(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            for taken in state.board.take_late(now) {
                state.end(taken, Answer::TimedOut);
            }
            if let Some((id, then, answer)) = state.ended.pop_front() {
                drop(state);
                // One that panics must not leave all others waiting for ever.
                let _ = catch_unwind(AssertUnwindSafe(|| then(&id, answer)));
                state = self.lock();
                continue;
            }
            if state.closed {
                return;
            }
            state = match state.board.next_deadline() {
                Some(at) => {
                    let (state, _) = self
                        .changed
                        .wait_timeout(state, at.saturating_duration_since(now))
                        .unwrap_or_else(PoisonError::into_inner);
                    state
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
