//! Calls that wait for somebody's approval.

use std::sync::Arc;

use agent_receipts_core::ReceiptHash;
use agent_receipts_core::json::{Object, Value};
use agent_receipts_ipc::Decision;

use super::flight::{Entry, Stage};
use super::from_client::Then;
use super::refusal::{answer, reasons};
use super::{Onward, Session};
use crate::approvals::{Answer, ApprovalId, Approver, Question};
use crate::message::{Answers, Id};
use crate::policy::Judgement;
use crate::record::{Note, Ruling, SYSTEM};

/// What was said of a call that is to wait.
pub(super) struct Judged {
    pub(super) judgement: Judgement,
    /// The digest of the rules.
    pub(super) rules: String,
    /// Its arguments, for the eyes of whoever approves.
    pub(super) shown: String,
    /// What of an earlier round it answers, when it goes on.
    pub(super) answers: Answers,
}

/// One call that waits.
struct Waiting {
    bytes: Vec<u8>,
    id: Id,
    entry: Entry,
    judged: Judged,
    then: Then,
}

impl Session {
    /// Asks whether the call may go on. Never waits.
    pub(super) fn pause(self: &Arc<Self>, bytes: Vec<u8>, id: Id, entry: Entry, judged: Judged, then: Then) {
        let waiting = Waiting { bytes, id: id.clone(), entry, judged, then };
        let Some(desk) = self.proxy.desk() else {
            return self.decided(waiting, None, Answer::NoApprover);
        };
        let question = self.question(&waiting);
        let session = Arc::clone(self);
        let approval =
            desk.ask(question, move |approval, answer| session.answered(waiting, approval, answer));
        let mut flights = self.flights();
        let has_ended = flights.ended.is_some();
        let is_unwanted = match flights.get_mut(&id).map(|flight| &mut flight.stage) {
            Some(stage @ Stage::Paused(None)) => {
                *stage = Stage::Paused(Some(approval.clone()));
                has_ended
            }
            // The client has taken it back in the meantime. (Whatever else it is, the question has ended already.)
            Some(Stage::Withdrawn) => true,
            _ => false,
        };
        drop(flights);
        if is_unwanted {
            desk.withdraw(&approval);
        }
    }

    /// Nobody is asked any longer: the client has left, or the session ends.
    pub(crate) fn withdraw_all(&self) {
        let paused = self.flights().paused();
        if let Some(desk) = self.proxy.desk() {
            paused.iter().for_each(|approval| desk.withdraw(approval));
        }
    }

    fn question(&self, waiting: &Waiting) -> Question {
        let Judged { judgement, shown, .. } = &waiting.judged;
        Question {
            server: self.proxy.terms().server.clone(),
            tool: waiting.entry.tool.to_string(),
            arguments: shown.clone(),
            rule: judgement.rule.clone().unwrap_or_default(),
            description: judgement.description.clone(),
            score: judgement.score,
            correlation_id: waiting.entry.correlation_id.to_string(),
        }
    }

    /// On the desk's thread: what is to be passed on is handed to a thread of its own, so that a server or client that does not read
    /// holds up no other answer, and not the end.
    fn answered(self: Arc<Self>, waiting: Waiting, approval: &ApprovalId, answer: Answer) {
        let approval = approval.clone();
        if answer == Answer::Withdrawn {
            return self.decided(waiting, Some(&approval), answer);
        }
        let (give, take) = std::sync::mpsc::channel::<(Arc<Self>, Waiting)>();
        let under_way = self.proxy.under_way();
        let name = approval.clone();
        let forward = move || {
            if let Ok((session, waiting)) = take.recv() {
                session.decided(waiting, Some(&name), answer);
            }
            drop(under_way);
        };
        let thread = std::thread::Builder::new().name("approved".into());
        match thread.spawn(forward) {
            Ok(_) => drop(give.send((self, waiting))),
            // No thread, no way to go on: as if somebody had said no.
            Err(_) => self.decided(waiting, Some(&approval), Answer::NoApprover),
        }
    }

    fn decided(&self, waiting: Waiting, approval: Option<&ApprovalId>, answer: Answer) {
        let Waiting { bytes, id, entry, judged, then } = waiting;
        let mut flights = self.flights();
        let is_wanted = flights.ended.is_none()
            && flights.get_mut(&id).is_some_and(|flight| matches!(flight.stage, Stage::Paused(_)));
        let answer = match answer {
            Answer::Approved(_) if !is_wanted => Answer::Withdrawn,
            other => other,
        };
        match (&answer, flights.get_mut(&id)) {
            (Answer::Approved(_), Some(flight)) => flight.stage = Stage::Onward,
            _ => {
                flights.remove(&id);
                flights.counts.refused += 1;
            }
        }
        drop(flights);
        let (outcome, approver) = outcome(&answer);
        let ruling = Ruling::decided(&judged.judgement, &judged.rules, approver);
        let first = self.note_approval(&entry, approval, &outcome, &ruling);
        match answer {
            Answer::Approved(_) => match first {
                Ok(()) => {
                    self.note_answers(&judged.answers);
                    then(Onward::Forward(bytes));
                }
                Err(error) => then(self.not_recorded(&id, &error)),
            },
            _ => {
                let error = format!("{}: {}", outcome.message, judged.judgement.description);
                let target = Some((SYSTEM, ruling.as_str()));
                let denied =
                    Note { error: error.trim_end_matches(": "), target, ..entry.note(Decision::Denied) };
                self.proxy.recorder().note(&denied);
                then(match answer {
                    // Nobody waits for an answer to what was taken back.
                    Answer::Withdrawn => Onward::Nothing,
                    _ => Onward::Answer(self.told(&id, &entry, &judged.judgement, approval, &outcome)),
                });
            }
        }
    }

    fn note_approval(
        &self,
        entry: &Entry,
        approval: Option<&ApprovalId>,
        outcome: &Outcome,
        ruling: &Ruling,
    ) -> Result<(), crate::record::NotRecorded> {
        let arguments = ReceiptHash::of(entry.input.as_deref().unwrap_or("{}").as_bytes()).to_string();
        let members: [(&str, Value); 3] = [
            ("approval_id", approval.map(ApprovalId::as_str).into()),
            ("arguments_sha256", arguments.into()),
            ("tool", (&*entry.tool).into()),
        ];
        let input = Value::Object(members.into_iter().collect()).to_string();
        let action_type = format!("mcp.approval.{}", outcome.word);
        let granted = outcome.word == "granted";
        self.proxy.note_first(&Note {
            action_type: &action_type,
            input: Some(&input),
            error: if granted { "" } else { outcome.message },
            key: &entry.key,
            correlation_id: &entry.correlation_id,
            target: Some((SYSTEM, ruling.as_str())),
            ..Note::new("approval", if granted { Decision::Allowed } else { Decision::Denied })
        })
    }

    fn told(
        &self,
        id: &Id,
        entry: &Entry,
        judgement: &Judgement,
        approval: Option<&ApprovalId>,
        outcome: &Outcome,
    ) -> Vec<u8> {
        let mut data: Object = reasons("approval");
        let members: [(&str, Value); 7] = [
            ("status", outcome.status.into()),
            ("tool_name", (&*entry.tool).into()),
            ("rule_name", judgement.rule.clone().into()),
            ("risk_score", u32::from(judgement.score).into()),
            ("approval_id", approval.map(ApprovalId::as_str).into()),
            ("approval_timeout_ms", self.proxy.terms().approval_ms.into()),
            ("approval_required", true.into()),
        ];
        for (name, value) in members {
            data.insert(name, value);
        }
        answer(Some(id), outcome.code, outcome.message, data)
    }
}

/// How a question ended, in the words of receipts and of the reference's errors.
struct Outcome {
    word: &'static str,
    status: &'static str,
    message: &'static str,
    code: i32,
}

fn outcome(answer: &Answer) -> (Outcome, Option<&Approver>) {
    let outcome = |word, status, message, code| Outcome { word, status, message, code };
    match answer {
        Answer::Approved(approver) => (outcome("granted", "approved", "approved", 0), Some(approver)),
        Answer::Denied(approver) => (outcome("denied", "denied", "approval denied", -32002), Some(approver)),
        Answer::TimedOut => (outcome("timed_out", "timed_out", "approval timed out", -32002), None),
        Answer::NoApprover => {
            (outcome("no_approver", "no_approver", "approval needed, and nobody can give it", -32003), None)
        }
        Answer::Withdrawn => {
            (outcome("withdrawn", "withdrawn", "taken back before it was approved", -32002), None)
        }
    }
}
