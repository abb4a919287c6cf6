//! Messages that go no further, and what their sender is told.

use agent_receipts_core::ReceiptHash;
use agent_receipts_core::json::{Object, Value};
use agent_receipts_core::payload::withheld;
use agent_receipts_ipc::Decision;

use super::flight::NoRoom;
use super::{Onward, Session};
use crate::message::{Id, Refusal};
use crate::record::Note;

/// A message that was too long to be read: how long, and what its bytes hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) bytes: u64,
    pub(crate) sha256: ReceiptHash,
}

impl Measure {
    /// What stands for the message in a receipt.
    pub(crate) fn stand_in(&self) -> String {
        format!(r#"{{"withheld":{{"bytes":{},"sha256":"{}"}}}}"#, self.bytes, self.sha256)
    }
}

impl Session {
    /// A message that is not understood.
    pub(super) fn refuse(&self, message: &[u8], refusal: &Refusal) -> Onward {
        let fault = refusal.fault.to_string();
        let key = refusal.id.as_ref().map_or("", Id::as_json);
        self.note_refused(refusal.tool.as_deref(), &withheld(message), &fault, key);
        if !refusal.is_answered {
            return Onward::Nothing;
        }
        // An answer under the id of a request that is not answered would be taken for that request's.
        let id = refusal.id.as_ref().filter(|id| !self.flights().has(id));
        Onward::Answer(answer(id, refusal.fault.code(), &format!("refused: {fault}"), reasons(&fault)))
    }

    /// A message of the client's that was too long to be read.
    pub(crate) fn client_says_too_much(&self, measure: &Measure) -> Onward {
        let fault = format!("the message has {} bytes, more than are taken", measure.bytes);
        self.note_refused(None, &measure.stand_in(), &fault, "");
        Onward::Answer(answer(None, INVALID, &format!("refused: {fault}"), reasons(&fault)))
    }

    /// Records a message that the transport refuses, and answers itself.
    pub(crate) fn note_refused_by_transport(&self, message: &[u8], why: &str) {
        self.note_refused(None, &withheld(message), why, "");
    }

    /// A request that is understood, and for which there is no room.
    pub(super) fn refuse_room(&self, tool: &str, input: &str, id: &Id, why: NoRoom) -> Onward {
        let fault = why.to_string();
        self.note_refused(Some(tool), input, &fault, id.as_json());
        let id = Some(id).filter(|_| why != NoRoom::InFlight);
        Onward::Answer(answer(id, INVALID, &format!("refused: {fault}"), reasons(&fault)))
    }

    fn note_refused(&self, tool: Option<&str>, input: &str, error: &str, key: &str) {
        self.flights().counts.refused += 1;
        let correlation_id = self.next_correlation_id();
        self.proxy.recorder().note(&Note {
            input: Some(input),
            error,
            key,
            correlation_id: &correlation_id,
            ..Note::new(tool.unwrap_or(UNREADABLE), Decision::Denied)
        });
    }
}

/// An error of JSON-RPC (§5.1).
pub(super) fn answer(id: Option<&Id>, code: i32, message: &str, mut data: Object) -> Vec<u8> {
    data.insert("refused_by", "agent-receipts-mcp");
    let members: [(&str, Value); 3] =
        [("code", code.into()), ("message", message.into()), ("data", Value::Object(data))];
    let error = Value::Object(members.into_iter().collect());
    format!(r#"{{"jsonrpc":"2.0","id":{},"error":{error}}}"#, id.map_or("null", Id::as_json)).into_bytes()
}

pub(super) fn reasons(why: &str) -> Object {
    [("reason", why)].into_iter().collect()
}

/// The tool of a message that names none.
const UNREADABLE: &str = "unreadable";
/// "Invalid request" of JSON-RPC.
const INVALID: i32 = -32600;
