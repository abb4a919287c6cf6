//! What was asked and is not answered.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use agent_receipts_core::payload::withheld;

use super::end::Ended;
use super::held::Held;
use crate::approvals::ApprovalId;
use crate::message::Id;

/// What is recorded of one request, with its pending receipt and again with the last.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) tool: Arc<str>,
    /// JSON text.
    pub(super) input: Option<Arc<str>>,
    pub(super) key: Arc<str>,
    pub(super) correlation_id: Arc<str>,
    /// System and resource.
    pub(super) target: Option<(&'static str, Arc<str>)>,
}

/// How far a request is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    /// Somebody is to approve it; whom to ask no more, as soon as that is known.
    Paused(Option<ApprovalId>),
    /// The same, and it was taken back before anybody did: it goes nowhere.
    Withdrawn,
    /// The other side has it.
    Onward,
    /// The same, and it was taken back: an answer may come or not.
    TakenBack,
}

impl Stage {
    /// Whether the other side has not got it.
    fn waits(&self) -> bool {
        matches!(self, Self::Paused(_) | Self::Withdrawn)
    }
}

#[derive(Debug)]
pub(super) struct Flight {
    pub(super) stage: Stage,
    /// What is recorded of it, if anything is.
    pub(super) entry: Option<Entry>,
}

/// Why a request may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoRoom {
    /// A request of that id is not answered yet.
    #[error("a request with this id is not answered yet")]
    InFlight,
    /// As many as may be are not answered yet.
    #[error("too many requests are not answered yet")]
    TooMany,
    /// The session is over.
    #[error("the session has ended")]
    Ended,
}

/// All requests of one session that are not answered.
pub(super) struct Flights {
    /// The client's.
    asked: HashMap<Id, Flight>,
    /// Those of them that were taken back, the oldest first.
    taken_back: VecDeque<Id>,
    /// The server's.
    asked_back: HashMap<Id, Option<Entry>>,
    /// Whether the server once asked more than is kept, so that an answer may be to something that is not known here.
    has_overflowed: bool,
    most: usize,
    /// Bytes of inputs that are kept for the last receipts.
    held: usize,
    /// The same, of all sessions.
    held_by_all: Arc<Held>,
    pub(super) ended: Option<Ended>,
    pub(super) counts: Counts,
}

/// What the session's last receipt says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) calls: u64,
    pub(super) refused: u64,
    pub(super) unanswered: u64,
    pub(super) unasked: u64,
    pub(super) unreadable: u64,
}

impl Flights {
    /// At most `most` requests, and as much of their inputs as `held_by_all` has room for.
    pub(super) fn new(most: usize, held_by_all: Arc<Held>) -> Self {
        Self {
            asked: HashMap::new(),
            taken_back: VecDeque::new(),
            asked_back: HashMap::new(),
            has_overflowed: false,
            most,
            held: 0,
            held_by_all,
            ended: None,
            counts: Counts::default(),
        }
    }

    /// Whether a request of the client's with this id is not answered.
    pub(super) fn has(&self, id: &Id) -> bool {
        self.asked.contains_key(id)
    }

    /// Whether a request may begin.
    pub(super) fn check(&self, id: &Id) -> Result<(), NoRoom> {
        if self.ended.is_some() {
            return Err(NoRoom::Ended);
        }
        if self.has(id) {
            return Err(NoRoom::InFlight);
        }
        if self.asked.len() - self.taken_back.len() >= self.most { Err(NoRoom::TooMany) } else { Ok(()) }
    }

    /// A request of the client's begins.
    pub(super) fn begin(&mut self, id: Id, stage: Stage, entry: Option<&Entry>) -> Result<(), NoRoom> {
        self.check(&id)?;
        let entry = entry.map(|entry| self.kept(entry));
        self.asked.insert(id, Flight { stage, entry });
        Ok(())
    }

    /// The flight of this id, to be changed.
    pub(super) fn get_mut(&mut self, id: &Id) -> Option<&mut Flight> {
        self.asked.get_mut(id)
    }

    /// A request of the client's is answered, perhaps under the other spelling of its id, which some clients take for the same.
    pub(super) fn finish(&mut self, id: &Id) -> Option<Flight> {
        // A paused call was never passed on: an answer to it is no answer, and must not let it vanish.
        let is_open =
            |flights: &Self, id: &Id| flights.asked.get(id).is_some_and(|flight| !flight.stage.waits());
        let found = if is_open(self, id) {
            id.clone()
        } else {
            id.other_spelling().filter(|id| is_open(self, id))?
        };
        self.remove(&found)
    }

    /// A request that the other side has is answered to nobody.
    pub(super) fn hang_up(&mut self, id: &Id) -> Option<Flight> {
        if self.asked.get(id)?.stage.waits() { None } else { self.remove(id) }
    }

    /// Takes a flight out, whatever its stage.
    pub(super) fn remove(&mut self, id: &Id) -> Option<Flight> {
        let flight = self.asked.remove(id)?;
        if flight.stage == Stage::TakenBack {
            self.taken_back.retain(|other| other != id);
        }
        self.release(flight.entry.as_ref());
        Some(flight)
    }

    /// A request that waits for an approval goes nowhere. Gives whom to ask no more, as far as that is known; `None` if it does not wait.
    pub(super) fn withdraw(&mut self, id: &Id) -> Option<Option<ApprovalId>> {
        let flight = self.asked.get_mut(id)?;
        let Stage::Paused(approval) = &flight.stage else { return None };
        let approval = approval.clone();
        flight.stage = Stage::Withdrawn;
        Some(approval)
    }

    /// A request of the client's that the server has is taken back. Gives what is waited for no longer.
    pub(super) fn take_back(&mut self, id: &Id) -> Option<Entry> {
        let flight = self.asked.get_mut(id).filter(|flight| flight.stage == Stage::Onward)?;
        flight.stage = Stage::TakenBack;
        self.taken_back.push_back(id.clone());
        if self.taken_back.len() <= self.most.min(TAKEN_BACK) {
            return None;
        }
        let oldest = self.taken_back.pop_front()?;
        let flight = self.asked.remove(&oldest)?;
        self.release(flight.entry.as_ref());
        flight.entry
    }

    /// The server asks the client. Gives the question whose answer nobody would know from now on: one of the same id, or this one if as many
    /// as may be are open.
    pub(super) fn begin_back(&mut self, id: Id, entry: Option<&Entry>) -> Option<Entry> {
        if self.asked_back.len() >= self.most {
            self.has_overflowed = true;
            return entry.cloned();
        }
        let entry = entry.map(|entry| self.kept(entry));
        let former = self.asked_back.insert(id, entry).flatten();
        self.release(former.as_ref());
        former
    }

    /// The client answers the server: what is recorded of the question, or nothing where there was none.
    pub(super) fn finish_back(&mut self, id: &Id) -> Option<Option<Entry>> {
        let entry = match self.asked_back.remove(id) {
            Some(entry) => entry,
            None => self.asked_back.remove(&id.other_spelling()?)?,
        };
        self.release(entry.as_ref());
        Some(entry)
    }

    /// Whether there may have been questions that nobody knows of here.
    pub(super) fn has_overflowed(&self) -> bool {
        self.has_overflowed
    }

    /// The questions that still wait for an approval.
    pub(super) fn paused(&self) -> Vec<ApprovalId> {
        let name = |flight: &Flight| match &flight.stage {
            Stage::Paused(name) => name.clone(),
            _ => None,
        };
        self.asked.values().filter_map(name).collect()
    }

    /// All that the other side has and did not answer; what is paused stays until it is decided.
    pub(super) fn close(&mut self) -> Vec<(Stage, Entry)> {
        let (paused, open): (HashMap<_, _>, HashMap<_, _>) =
            self.asked.drain().partition(|(_, flight)| flight.stage.waits());
        self.asked = paused;
        self.taken_back.clear();
        let open = open.into_values().filter_map(|flight| Some((flight.stage, flight.entry?)));
        let back = self.asked_back.drain().filter_map(|(_, entry)| Some((Stage::Onward, entry?)));
        let mut closed: Vec<_> = open.chain(back).collect();
        closed.iter().for_each(|(_, entry)| self.release(Some(entry)));
        closed.sort_by(|a, b| a.1.correlation_id.cmp(&b.1.correlation_id));
        closed
    }

    /// An entry as it is kept: its input as long as there is room, otherwise what stands for it, which is bounded by the number of requests.
    fn kept(&mut self, entry: &Entry) -> Entry {
        let mut entry = entry.clone();
        if let Some(input) = entry.input.as_mut().filter(|input| input.len() >= SHORT) {
            if self.held + input.len() > HELD || !self.held_by_all.take(input.len()) {
                *input = withheld(input.as_bytes()).into();
            } else {
                self.held += input.len();
            }
        }
        entry
    }

    fn release(&mut self, entry: Option<&Entry>) {
        let bytes = entry.map_or(0, counted).min(self.held);
        self.held -= bytes;
        self.held_by_all.give_back(bytes);
    }
}

impl Drop for Flights {
    fn drop(&mut self) {
        self.held_by_all.give_back(self.held);
    }
}

/// What an entry takes of the room for inputs: short ones, and what stands for long ones, are bounded by the number of requests.
fn counted(entry: &Entry) -> usize {
    let bytes = entry.input.as_ref().map_or(0, |input| input.len());
    if bytes < SHORT { 0 } else { bytes }
}

/// The most bytes of inputs that are kept of one session.
const HELD: usize = 64 << 20;

/// Bytes.
const SHORT: usize = 1024;

/// The most requests that were taken back and may still be answered.
const TAKEN_BACK: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Id {
        Id::of_json(&format!("\"{name}\"")).unwrap()
    }

    fn entry(bytes: usize) -> Entry {
        let input = format!(r#"{{"x":"{}"}}"#, "y".repeat(bytes - 8));
        assert_eq!(input.len(), bytes);
        let text = |text: &str| text.into();
        Entry {
            tool: text("t"),
            input: Some(input.into()),
            key: text("1"),
            correlation_id: text("s/1"),
            target: None,
        }
    }

    fn begin(flights: &mut Flights, id: &str, bytes: usize) {
        flights.begin(named(id), Stage::Onward, Some(&entry(bytes))).unwrap();
    }

    /// Whether the input of a request is kept.
    fn keeps(flights: &mut Flights, id: &str) -> bool {
        let kept =
            flights.get_mut(&named(id)).unwrap().entry.as_ref().unwrap().input.as_ref().unwrap().clone();
        !kept.contains("withheld")
    }

    #[test]
    fn inputs_of_all_sessions_together_are_bounded_and_each_end_makes_room() {
        let all = Arc::new(Held::new(10_000));
        let mut sessions = [(); 3].map(|()| Flights::new(4096, Arc::clone(&all)));
        begin(&mut sessions[0], "a", 6_000);
        begin(&mut sessions[1], "b", 6_000);
        begin(&mut sessions[1], "c", 4_000);
        begin(&mut sessions[2], "d", 1_000);
        let is_kept = [(0, "a"), (1, "b"), (1, "c"), (2, "d")].map(|(at, id)| keeps(&mut sessions[at], id));
        assert_eq!(is_kept, [true, false, true, true], "a short one needs no room");

        // An answer, the session's end, a question that takes another's place, and the last of whoever held a session.
        assert!(sessions[0].finish(&named("a")).is_some() && sessions[1].finish(&named("b")).is_some());
        assert_eq!(sessions[1].close().len(), 1);
        begin(&mut sessions[0], "e", 10_000);
        assert!(keeps(&mut sessions[0], "e"));
        let last = sessions.into_iter().next_back();
        let mut last = last.unwrap();
        last.begin_back(named("q"), Some(&entry(9_000)));
        last.begin_back(named("q"), Some(&entry(1_500)));
        begin(&mut last, "f", 8_000);
        assert!(keeps(&mut last, "f"));
        drop(last);
        assert!(all.take(10_000) && !all.take(1));
    }
}
