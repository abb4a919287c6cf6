//! The end of a session.

use std::fmt;

use agent_receipts_core::json::{Object, Value};
use agent_receipts_ipc::Decision;

use super::Session;
use super::flight::Stage;
use crate::message::Id;
use crate::record::Note;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The client has nothing more to say.
    Client,
    /// The server is gone.
    Server,
    /// The proxy was told to end.
    Stopped,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "the client left",
            Self::Server => "the server ended",
            Self::Stopped => "the proxy was stopped",
        })
    }
}

impl Session {
    /// Whoever asked under this id (JSON text) has hung up, and nobody else can be given the answer. What waits for an approval is taken
    /// back; what the server has (`is_onward`) gets its last receipt.
    pub(crate) fn client_hung_up(&self, id: &str, is_onward: bool) {
        let Some(id) = Id::of_json(id) else { return };
        let mut flights = self.flights();
        if let Some(approval) = flights.withdraw(&id) {
            drop(flights);
            if let (Some(desk), Some(approval)) = (self.proxy.desk(), approval) {
                desk.withdraw(&approval);
            }
            return;
        }
        let flight = if is_onward { flights.hang_up(&id) } else { None };
        drop(flights);
        if let Some(entry) = flight.and_then(|flight| flight.entry) {
            let error = "no answer: the client hung up";
            self.proxy.recorder().note(&Note { error, ..entry.note(Decision::Allowed) });
        }
    }

    /// Closes what is not answered, and records that the session is over. Only the first call does anything.
    pub(crate) fn end(&self, why: Ended) {
        let mut flights = self.flights();
        if flights.ended.replace(why).is_some() {
            return;
        }
        let open = flights.close();
        flights.counts.unanswered = open.len() as u64;
        let counts = flights.counts;
        drop(flights);
        self.withdraw_all();
        for (stage, entry) in &open {
            let error = match stage {
                Stage::TakenBack => "no answer: the client took it back".to_owned(),
                _ => format!("no answer: {why}"),
            };
            self.proxy.recorder().note(&Note { error: &error, ..entry.note(Decision::Allowed) });
        }
        if self.is_part {
            return;
        }
        let unanswered = counts.unanswered + self.close_rounds(&why.to_string());
        let members: [(&str, Value); 6] = [
            ("calls", counts.calls.into()),
            ("ended", why.to_string().into()),
            ("refused", counts.refused.into()),
            ("unanswered", unanswered.into()),
            ("unasked", counts.unasked.into()),
            ("unreadable", counts.unreadable.into()),
        ];
        let output = Value::Object(members.into_iter().collect::<Object>()).to_string();
        self.proxy.note_session(&Note {
            action_type: "mcp.session.end",
            output: Some(&output),
            correlation_id: &self.name,
            ..Note::new("session", Decision::Allowed)
        });
    }
}
