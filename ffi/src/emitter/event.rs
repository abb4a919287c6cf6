//! An event as C fills it.
#![allow(unsafe_code)]

use std::mem::size_of;

use super::fields::{COUNT, Fields, NAMES};
use crate::boundary::{Extensible, Text};
use crate::failure::Failure;

/// One event. Start from `AR_EVENT_INIT` and set what is known; `channel`, `tool_name` and `decision` are required.
///
/// Its order is that of a packed event as well.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Event {
    /// `sizeof(ar_event)`.
    pub size: usize,
    /// The kind of emitter, such as `sdk`.
    pub channel: Text,
    /// The server that owns the tool.
    pub tool_server: Text,
    /// The tool.
    pub tool_name: Text,
    /// The action type, where it is better known than as `channel.server.tool`.
    pub action_type: Text,
    /// The tool's parameters: JSON text that goes out byte for byte.
    pub input: Text,
    /// The tool's response: JSON text that goes out byte for byte.
    pub output: Text,
    /// What went wrong.
    pub error: Text,
    /// `allowed`, `denied` or `pending`.
    pub decision: Text,
    /// Who acts, where it is not the emitter's own identity: each of these four that is given wins. At most 256 bytes each.
    pub issuer_name: Text,
    /// The issuer's model, at most 256 bytes.
    pub issuer_model: Text,
    /// The operator's identifier, at most 256 bytes.
    pub operator_id: Text,
    /// The operator's name, at most 256 bytes; only with `operator_id`, here or there.
    pub operator_name: Text,
    /// The key by which a repetition is known, at most 256 bytes.
    pub idempotency_key: Text,
    /// What ties this event to others, at most 256 bytes.
    pub correlation_id: Text,
    /// The agent whose own chain this belongs to, at most 256 bytes, without slash and NUL.
    pub agent_id: Text,
    /// The agent's type, at most 256 bytes.
    pub agent_type: Text,
    /// The model that acted, at most 256 bytes.
    pub model: Text,
    /// What the model used up: JSON text that goes out byte for byte.
    pub usage: Text,
    /// How the event was captured, at most 256 bytes.
    pub capture_method: Text,
    /// The system acted upon, at most 256 bytes; together with `target_resource` or not at all.
    pub target_system: Text,
    /// The resource acted upon, at most 4,096 bytes.
    pub target_resource: Text,
}

// SAFETY: `repr(C)`, `size` first, pointers and numbers only.
unsafe impl Extensible for Event {
    const NAME: &'static str = "event";
    const FIRST: usize = size_of::<usize>() + 21 * size_of::<Text>();
}

impl Event {
    /// Its fields, judged by length and UTF-8.
    ///
    /// # Safety
    ///
    /// Its texts are as [`Text`] says.
    pub(super) unsafe fn fields(&self) -> Result<Fields<'_>, Failure> {
        let mut fields = [None; COUNT];
        for ((field, text), name) in fields.iter_mut().zip(self.texts()).zip(NAMES) {
            // SAFETY: passed on from the caller.
            *field = unsafe { text.read(name) }?;
        }
        Ok(fields)
    }

    fn texts(&self) -> [&Text; COUNT] {
        [
            &self.channel,
            &self.tool_server,
            &self.tool_name,
            &self.action_type,
            &self.input,
            &self.output,
            &self.error,
            &self.decision,
            &self.issuer_name,
            &self.issuer_model,
            &self.operator_id,
            &self.operator_name,
            &self.idempotency_key,
            &self.correlation_id,
            &self.agent_id,
            &self.agent_type,
            &self.model,
            &self.usage,
            &self.capture_method,
            &self.target_system,
            &self.target_resource,
        ]
    }
}
