//! What a client says.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use agent_receipts_core::payload::withheld;
use agent_receipts_core::{clipped, open_address};
use agent_receipts_ipc::{Decision, MAX_RESOURCE};

use super::approval::Judged;
use super::flight::{Entry, Stage};
use super::refusal::{answer, reasons};
use super::{Onward, Scope, Session};
use crate::message::{Decoded, Id, Message, Reply, Request, ToolCall, decode, is_recorded_by_client};
use crate::policy::{Action, Call, Judgement};
use crate::record::{NotRecorded, Note, Ruling, SYSTEM};

impl Session {
    /// Decides what becomes of one message, without its line's end, and records it.
    ///
    /// `then` is called exactly once: at once on this thread, or, for a call that waits for an approval, later and on another.
    pub(crate) fn client_says(self: &Arc<Self>, message: &[u8], then: impl FnOnce(Onward) + Send + 'static) {
        let Decoded { bytes, message } = match decode(message) {
            Ok(decoded) => decoded,
            Err(refusal) => return then(self.refuse(message, &refusal)),
        };
        match message {
            Message::Call(id, call) => self.call(bytes, id, &call, Box::new(then)),
            Message::Request(id, request) => then(self.request(bytes, id, &request)),
            Message::Cancelled(id) => then(self.take_back(bytes, &id)),
            Message::Notification(_) => then(Onward::Forward(bytes)),
            Message::Reply(id, reply) => then(self.reply(bytes, id.as_ref(), &reply)),
        }
    }

    fn call(self: &Arc<Self>, bytes: Vec<u8>, id: Id, call: &ToolCall, then: Then) {
        let input = call.text.as_deref();
        let room = self.flights().check(&id);
        if let Err(why) = room {
            return then(self.refuse_room(&call.name, input.unwrap_or("{}"), &id, why));
        }
        let terms = self.proxy.terms();
        let seen = Call { server: &terms.server, tool: &call.name, arguments: call.arguments.as_ref() };
        let policy = self.proxy.rules().current();
        let judgement = policy.decide(&seen, &self.counters, Instant::now());
        let entry = Entry {
            tool: call.name.as_str().into(),
            input: input.map(Into::into),
            key: id.as_json().into(),
            correlation_id: call.correlation_id.clone().unwrap_or_else(|| self.next_correlation_id()).into(),
            target: Some((SYSTEM, Ruling::of(&judgement, &policy.digest().to_string()).as_str().into())),
        };
        if judgement.action == Action::Block {
            return then(self.block(&id, &entry, &judgement));
        }
        let pauses = judgement.action == Action::Pause;
        let stage = if pauses { Stage::Paused(None) } else { Stage::Onward };
        let begun = self.flights().begin(id.clone(), stage, Some(&entry));
        if let Err(why) = begun {
            return then(self.refuse_room(&call.name, input.unwrap_or("{}"), &id, why));
        }
        self.flights().counts.calls += 1;
        if let Err(error) = self.proxy.note_first(&entry.note(Decision::Pending)) {
            return then(self.not_recorded(&id, &error));
        }
        match pauses {
            true => {
                let shown = policy.shown(call.arguments.as_ref(), SHOWN);
                let (rules, answers) = (policy.digest().to_string(), call.answers.clone());
                let judged = Judged { judgement, rules, shown, answers };
                self.pause(bytes, id, entry, judged, then);
            }
            false => {
                self.note_answers(&call.answers);
                then(Onward::Forward(bytes));
            }
        }
    }

    fn block(&self, id: &Id, entry: &Entry, judgement: &Judgement) -> Onward {
        let description = match (judgement.description.as_str(), &judgement.rule) {
            ("", Some(rule)) => rule,
            (description, _) => description,
        };
        let error = format!("blocked by policy: {description}");
        self.flights().counts.refused += 1;
        self.proxy.recorder().note(&Note { error: &error, ..entry.note(Decision::Denied) });
        let mut data = reasons("policy");
        data.insert("rule_name", judgement.rule.clone());
        data.insert("risk_score", u32::from(judgement.score));
        data.insert("tool_name", &*entry.tool);
        Onward::Answer(answer(Some(id), BLOCKED, &error, data))
    }

    fn request(&self, bytes: Vec<u8>, id: Id, request: &Request) -> Onward {
        let is_recorded = self.proxy.terms().scope == Scope::All && is_recorded_by_client(&request.method);
        let entry = is_recorded.then(|| Entry {
            tool: request.method.as_str().into(),
            input: request.params.as_deref().map(Into::into),
            key: id.as_json().into(),
            correlation_id: self.next_correlation_id().into(),
            target: request.subject.as_deref().map(|subject| ("mcp", self.shown(subject).into())),
        });
        let begun = self.flights().begin(id.clone(), Stage::Onward, entry.as_ref());
        if let Err(why) = begun {
            return self.refuse_room(&request.method, "{}", &id, why);
        }
        let noted = entry.map_or(Ok(()), |entry| self.proxy.note_first(&entry.note(Decision::Pending)));
        match noted {
            Ok(()) => {
                self.note_answers(&request.answers);
                Onward::Forward(bytes)
            }
            Err(error) => self.not_recorded(&id, &error),
        }
    }

    /// What a request is about, as everybody may read it.
    fn shown(&self, subject: &str) -> String {
        self.proxy.rules().current().redact(&open_address(&clipped(subject, MAX_RESOURCE)))
    }

    /// What nobody recorded goes no further.
    pub(super) fn not_recorded(&self, id: &Id, error: &NotRecorded) -> Onward {
        let mut flights = self.flights();
        let flight = flights.remove(id);
        flights.counts.refused += 1;
        drop(flights);
        let message = "not recorded, so not forwarded";
        // The daemon may have recorded it all the same, and not have said so in time; or it was the approval that could not be recorded.
        if let Some(entry) = flight.and_then(|flight| flight.entry) {
            self.proxy.recorder().note(&Note { error: message, ..entry.note(Decision::Denied) });
        }
        Onward::Answer(answer(Some(id), NOT_RECORDED, message, reasons(&error.to_string())))
    }

    fn take_back(&self, bytes: Vec<u8>, id: &Id) -> Onward {
        let mut flights = self.flights();
        if let Some(approval) = flights.withdraw(id) {
            drop(flights);
            // The server never had it. That it waits no longer is recorded where it is decided.
            if let (Some(desk), Some(approval)) = (self.proxy.desk(), approval) {
                desk.withdraw(&approval);
            }
            return Onward::Nothing;
        }
        let given_up = flights.take_back(id);
        drop(flights);
        if let Some(entry) = given_up {
            let error = "no answer: the client took it back";
            self.proxy.recorder().note(&Note { error, ..entry.note(Decision::Allowed) });
        }
        Onward::Forward(bytes)
    }

    fn reply(&self, bytes: Vec<u8>, id: Option<&Id>, reply: &Reply) -> Onward {
        // An error without an id is about something that could not be read.
        let Some(id) = id else { return Onward::Forward(bytes) };
        let mut flights = self.flights();
        // Without a session, what is asked on one exchange is answered on another, and only the server knows which of them belong together.
        let may_be_unknown = self.is_part || flights.has_overflowed();
        let question = flights.finish_back(id);
        flights.counts.unasked += u64::from(question.is_none());
        drop(flights);
        match question {
            Some(Some(entry)) => {
                let text = self.without_secrets(reply.is_error, &reply.text);
                self.proxy.recorder().note(&closing(&entry, reply.is_error, &text));
                Onward::Forward(bytes)
            }
            Some(None) => Onward::Forward(bytes),
            None => {
                let decision = if may_be_unknown { Decision::Allowed } else { Decision::Denied };
                let error = if self.is_part {
                    "an answer without a session: what it answers is not known"
                } else {
                    "an answer to nothing that the server has asked"
                };
                let correlation_id = self.next_correlation_id();
                self.proxy.recorder().note(&Note {
                    input: Some(&reply.text),
                    error,
                    key: id.as_json(),
                    correlation_id: &correlation_id,
                    ..Note::new("unasked", decision)
                });
                if may_be_unknown { Onward::Forward(bytes) } else { Onward::Nothing }
            }
        }
    }
}

impl Session {
    /// An answer as receipts are told it. A result leaves its hash alone; an error stands there as a text, and so goes without secrets:
    /// the whole of it, before it is cut, as half a secret is of no known form. One that is too long for that leaves a digest.
    pub(super) fn without_secrets<'a>(&self, is_error: bool, text: &'a str) -> Cow<'a, str> {
        match is_error {
            false => text.into(),
            true if text.len() > LONGEST_ERROR => withheld(text.as_bytes()).into(),
            true => self.proxy.rules().current().redact(text).into(),
        }
    }
}

impl Entry {
    /// What every receipt of it has.
    pub(super) fn note(&self, decision: Decision) -> Note<'_> {
        Note {
            input: self.input.as_deref(),
            key: &self.key,
            correlation_id: &self.correlation_id,
            target: self.target.as_ref().map(|(system, resource)| (*system, &**resource)),
            ..Note::new(&self.tool, decision)
        }
    }
}

/// The last receipt of a request that was answered.
pub(super) fn closing<'a>(entry: &'a Entry, is_error: bool, text: &'a str) -> Note<'a> {
    let note = entry.note(Decision::Allowed);
    match is_error {
        true => Note { error: text, ..note },
        false => Note { output: Some(text), ..note },
    }
}

/// What is done with the message once it is decided.
pub(super) type Then = Box<dyn FnOnce(Onward) + Send>;

/// The most bytes of arguments that whoever approves is shown.
const SHOWN: usize = 8 << 10;

/// The most bytes of an error that are looked through for secrets.
const LONGEST_ERROR: usize = 1 << 20;

const BLOCKED: i32 = -32001;
const NOT_RECORDED: i32 = -32004;
