//! What a server says.

use agent_receipts_core::payload::withheld;
use agent_receipts_ipc::Decision;

use super::flight::{Entry, Flight};
use super::from_client::closing;
use super::rounds::ASKED_AGAIN;
use super::{Measure, Scope, Session};
use crate::message::{Heard, Id, Outcome, hear, is_recorded_by_server};
use crate::record::Note;

/// What is to be recorded once a message is with the client.
enum After<'a> {
    Answered(Entry, Outcome<'a>),
    Unasked(Option<Id>, Outcome<'a>),
    Unreadable,
}

impl Session {
    /// Takes note of one message, without its line's end, and has `deliver` pass it on, which is called exactly once and on this thread.
    ///
    /// A question to the client is recorded before it is passed on. A result is with the client first: the call's pending receipt stands
    /// already, and no client can take the last one back by leaving, since the session outlives it.
    pub(crate) fn server_says(&self, message: &[u8], deliver: impl FnOnce()) {
        let mut after = Vec::new();
        self.heard(hear(message), &mut after);
        deliver();
        for done in after {
            self.record(message, done);
        }
    }

    /// Takes note of a message that was too long to be read, and so could not be passed on.
    pub(crate) fn server_says_too_much(&self, measure: &Measure) {
        self.flights().counts.unreadable += 1;
        let error = format!(
            "a message of the server has {} bytes, more than are taken; it was dropped",
            measure.bytes
        );
        let (output, correlation_id) = (measure.stand_in(), self.next_correlation_id());
        self.proxy.recorder().note(&Note {
            output: Some(&output),
            error: &error,
            correlation_id: &correlation_id,
            ..Note::new("unreadable", Decision::Denied)
        });
    }

    fn heard<'a>(&self, heard: Heard<'a>, after: &mut Vec<After<'a>>) {
        match heard {
            Heard::Answer(id, outcome) => {
                let mut flights = self.flights();
                let flight = id.as_ref().and_then(|id| flights.finish(id));
                flights.counts.unasked += u64::from(flight.is_none());
                drop(flights);
                match flight {
                    Some(Flight { entry: Some(entry), .. }) => {
                        if !outcome.is_error {
                            self.note_questions(&outcome.text);
                        }
                        after.push(After::Answered(entry, outcome));
                    }
                    Some(_) => {}
                    None => after.push(After::Unasked(id, outcome)),
                }
            }
            Heard::Request { id, method, params } => {
                let is_recorded = self.proxy.terms().scope == Scope::All && is_recorded_by_server(&method);
                let entry = is_recorded.then(|| Entry {
                    tool: method.as_str().into(),
                    input: params.as_deref().map(Into::into),
                    key: id.as_json().into(),
                    correlation_id: self.next_correlation_id().into(),
                    target: None,
                });
                // The client may answer as soon as it has the question.
                let lost = self.flights().begin_back(id, entry.as_ref());
                if let Some(entry) = entry {
                    self.proxy.recorder().note(&entry.note(Decision::Pending));
                }
                if let Some(lost) = lost {
                    self.note_unanswered(&lost, ASKED_AGAIN);
                }
            }
            Heard::Cancelled(id) => {
                let question = self.flights().finish_back(&id);
                if let Some(Some(entry)) = question {
                    self.note_unanswered(&entry, "no answer: the server took it back");
                }
            }
            Heard::Batch(messages) => messages.into_iter().for_each(|message| self.heard(message, after)),
            Heard::Notification => {}
            Heard::NoMessage | Heard::NoJson => {
                let mut flights = self.flights();
                flights.counts.unreadable += 1;
                if flights.counts.unreadable == 1 {
                    after.push(After::Unreadable);
                }
            }
        }
    }

    fn record(&self, message: &[u8], done: After<'_>) {
        let recorder = self.proxy.recorder();
        match done {
            After::Answered(entry, outcome) => {
                let text = self.without_secrets(outcome.is_error, &outcome.text);
                let note = closing(&entry, outcome.is_error, &text);
                if !outcome.is_exact {
                    let error = "the answer is not strict json; this is one way to read it";
                    return recorder.note(&Note { error, output: Some(&outcome.text), ..note });
                }
                let error =
                    if outcome.is_failure() { "the result says that the tool failed" } else { note.error };
                recorder.note(&Note { error, ..note });
            }
            After::Unasked(id, outcome) => {
                let correlation_id = self.next_correlation_id();
                recorder.note(&Note {
                    output: Some(&outcome.text),
                    error: "an answer to nothing that the client has asked",
                    key: id.as_ref().map_or("", Id::as_json),
                    correlation_id: &correlation_id,
                    ..Note::new("unasked", Decision::Allowed)
                });
            }
            After::Unreadable => {
                let (output, correlation_id) = (withheld(message), self.next_correlation_id());
                recorder.note(&Note {
                    output: Some(&output),
                    error: "the server said something that is no message; how many there were is told when the session ends",
                    correlation_id: &correlation_id,
                    ..Note::new("unreadable", Decision::Allowed)
                });
            }
        }
    }
}
