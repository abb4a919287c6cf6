//! Questions that results ask, and their answers in requests.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use agent_receipts_core::json::Value;
use agent_receipts_core::payload::withheld;
use agent_receipts_core::{ReceiptHash, clipped};
use agent_receipts_ipc::Decision;

use super::flight::Entry;
use super::from_client::closing;
use super::{Scope, Session};
use crate::message::{Answers, is_recorded_by_server, questions};
use crate::record::Note;

/// The questions that no request has answered yet. They outlive the request whose result asked them, and so belong to a whole session,
/// whatever carries its parts.
#[derive(Default)]
pub(super) struct Rounds(Mutex<HashMap<ReceiptHash, Option<Entry>>>);

impl Rounds {
    fn open(&self) -> MutexGuard<'_, HashMap<ReceiptHash, Option<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Records what a result asks for, before the client has it.
    pub(super) fn note_questions(&self, result: &str) {
        if self.proxy.terms().scope != Scope::All {
            return;
        }
        let (state, questions) = questions(result);
        for question in questions {
            let entry = is_recorded_by_server(&question.method).then(|| Entry {
                tool: question.method.as_str().into(),
                input: question.params.as_deref().map(|text| {
                    if text.len() > KEPT { withheld(text.as_bytes()).into() } else { text.into() }
                }),
                key: json_name(&question.name).into(),
                correlation_id: self.next_correlation_id().into(),
                target: None,
            });
            if let Some(entry) = &entry {
                self.proxy.recorder().note(&entry.note(Decision::Pending));
            }
            let mut open = self.rounds.open();
            // The answer to one that is not kept is recorded as one to nothing that is known.
            let has_room = open.len() < self.proxy.terms().most_in_flight;
            let former = if has_room {
                open.insert(place(state.as_deref(), &question.name), entry)
            } else {
                entry.map(Some)
            };
            drop(open);
            if let Some(Some(former)) = former {
                self.note_unanswered(&former, ASKED_AGAIN);
            }
        }
    }

    /// Records what a request answers, when it goes on.
    pub(super) fn note_answers(&self, answers: &Answers) {
        if self.proxy.terms().scope != Scope::All {
            return;
        }
        for (name, text) in &answers.answers {
            let asked = self.rounds.open().remove(&place(answers.state.as_deref(), name));
            match asked {
                Some(Some(entry)) => self.proxy.recorder().note(&closing(&entry, false, text)),
                Some(None) => {}
                None => {
                    let correlation_id = self.next_correlation_id();
                    self.proxy.recorder().note(&Note {
                        input: Some(text),
                        error: "an answer to nothing that the server is known to have asked",
                        key: &json_name(name),
                        correlation_id: &correlation_id,
                        ..Note::new("unasked", Decision::Allowed)
                    });
                }
            }
        }
    }

    /// Closes what no request answered.
    pub(super) fn close_rounds(&self, why: &str) -> u64 {
        let mut open: Vec<Entry> = self.rounds.open().drain().filter_map(|(_, entry)| entry).collect();
        open.sort_by(|a, b| a.correlation_id.cmp(&b.correlation_id));
        for entry in &open {
            self.note_unanswered(entry, &format!("no answer: {why}"));
        }
        open.len() as u64
    }

    /// The last receipt of a question.
    pub(super) fn note_unanswered(&self, entry: &Entry, error: &str) {
        self.proxy.recorder().note(&Note { error, ..entry.note(Decision::Allowed) });
    }
}

/// Where a question is kept: however long a server's state and names are, this is short.
fn place(state: Option<&str>, name: &str) -> ReceiptHash {
    let state = state.map_or(Value::Null, Value::from);
    ReceiptHash::of(Value::Array(vec![state, name.into()]).to_string().as_bytes())
}

fn json_name(name: &str) -> String {
    Value::from(clipped(name, SHOWN)).to_string()
}

/// Why nobody will know the answer to a question.
pub(super) const ASKED_AGAIN: &str = "no answer: the server asked again, or too much at once";

/// As much of a name as a receipt shows, in bytes.
const SHOWN: usize = 128;

/// The longest question in bytes that is kept for the receipt of its answer; of a longer one what stands for it.
const KEPT: usize = 64 << 10;
