//! The event message: what an emitter says of one tool call (wire protocol §1.5).

mod fault;
mod limits;
mod literal;
mod members;

use std::fmt;

use agent_receipts_core::Timestamp;
use agent_receipts_core::json::{self, JsonError, Object, Rules, Value};

use crate::decision::Decision;
use crate::version::FRAME_VERSION;
use fault::excerpt;
use members::Members;

pub use fault::{EventError, EventFault, MAX_DROP_COUNT};
pub(crate) use limits::LimitedTexts;
pub use limits::{MAX_RESOURCE, MAX_TEXT};

/// One event as an emitter claims it: checked for form, believed in nothing. `Debug` shows no payload, which may hold
/// secrets.
///
/// An empty text, `null` and an absent key are the same: `None`.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// When the emitter says it sent this; advisory, never the receipt's time.
    pub ts_emit: Timestamp,
    /// The emitter's session; never empty, no limit but the frame's.
    pub session_id: String,
    /// The kind of emitter, such as `mcp` or `sdk`; never empty.
    pub channel: String,
    /// The server that owns the tool.
    pub tool_server: Option<String>,
    /// The tool; never empty.
    pub tool_name: String,
    /// The action type, where the emitter knows better than `channel.server.tool`.
    pub action_type: Option<String>,
    /// The tool's parameters, any JSON.
    pub input: Option<Value>,
    /// The tool's response, any JSON.
    pub output: Option<Value>,
    /// What went wrong, in the emitter's words, before redaction.
    pub error: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// How many events the emitter says it lost before this one; at most [`MAX_DROP_COUNT`].
    pub drop_count: u64,
    /// The issuer's name, at most [`MAX_TEXT`] bytes, as all that follow unless they say otherwise.
    pub issuer_name: Option<String>,
    /// The issuer's model.
    pub issuer_model: Option<String>,
    /// The operator's identifier.
    pub operator_id: Option<String>,
    /// The operator's name; never without `operator_id`.
    pub operator_name: Option<String>,
    /// The key by which a repetition is known.
    pub idempotency_key: Option<String>,
    /// What ties this event to others.
    pub correlation_id: Option<String>,
    /// The agent whose own chain this belongs to; holds neither `/` nor NUL.
    pub agent_id: Option<String>,
    /// The agent's type.
    pub agent_type: Option<String>,
    /// The model that acted.
    pub model: Option<String>,
    /// What the model used up, any JSON.
    pub usage: Option<Value>,
    /// How the event was captured.
    pub capture_method: Option<String>,
    /// The system acted upon; there exactly when `target_resource` is.
    pub target_system: Option<String>,
    /// The resource acted upon, at most [`MAX_RESOURCE`] bytes.
    pub target_resource: Option<String>,
    /// Whether the sender waits for one [`Ack`](crate::Ack).
    pub ack: bool,
    /// How many keys of the frame and of `tool` mean nothing here, case variants of known keys among them.
    pub unknown_keys: u32,
}

impl Event {
    /// Reads a frame's body.
    ///
    /// Stricter than the reference in the frame's own keys, which must be in their exact case and stand once; as lenient
    /// as the reference inside `input`, `output` and `usage` (wire protocol §1.6).
    pub fn decode(body: &[u8]) -> Result<Event, EventError> {
        let object = match json::parse(body, Rules::Frame) {
            Ok(Value::Null) => Object::new(),
            Ok(value) => value.into_object().map_err(|other| EventError {
                fault: EventFault::NotAnObject { found: other.type_name() },
                ack_requested: false,
            })?,
            Err(error) => return Err(unreadable(body, error)),
        };
        let ack_requested = asks_for_ack(&object);
        Self::from_object(body, object).map_err(|fault| EventError { fault, ack_requested })
    }

    fn from_object(body: &[u8], object: Object) -> Result<Event, EventFault> {
        let mut frame = Members::new(object);
        // All types first, as a decoder into a typed structure would; then meaning, in the protocol's order.
        let version = frame.text("v", "v")?;
        let ts_emit = frame.text("ts_emit", "ts_emit")?;
        let session_id = frame.text("session_id", "session_id")?;
        let channel = frame.text("channel", "channel")?;
        let mut tool = frame.object("tool")?;
        let tool_server = tool.text("server", "tool.server")?;
        let tool_name = tool.text("name", "tool.name")?;
        let decision = frame.text("decision", "decision")?;
        let mut text = |key: &'static str| frame.text(key, key);
        let claimed = Texts {
            action_type: text("action_type")?,
            error: text("error")?,
            issuer_name: text("issuer_name")?,
            issuer_model: text("issuer_model")?,
            operator_id: text("operator_id")?,
            operator_name: text("operator_name")?,
            idempotency_key: text("idempotency_key")?,
            correlation_id: text("correlation_id")?,
            agent_id: text("agent_id")?,
            agent_type: text("agent_type")?,
            model: text("model")?,
            capture_method: text("capture_method")?,
            target_system: text("target_system")?,
            target_resource: text("target_resource")?,
        };
        let drop_count = if frame.is_number("drop_count")? { integer(body)? } else { 0 };
        let ack = frame.switch("ack")?;

        check_version(version)?;
        let session_id = session_id.ok_or(EventFault::Missing { key: "session_id" })?;
        let ts_emit = timestamp(ts_emit)?;
        let channel = channel.ok_or(EventFault::Missing { key: "channel" })?;
        let tool_name = tool_name.ok_or(EventFault::Missing { key: "tool.name" })?;
        let decision = decided(decision)?;
        let drop_count =
            u64::try_from(drop_count).map_err(|_| EventFault::NegativeDropCount { count: drop_count })?;
        let event = Event {
            ts_emit,
            session_id,
            channel,
            tool_server,
            tool_name,
            action_type: claimed.action_type,
            input: frame.any("input"),
            output: frame.any("output"),
            error: claimed.error,
            decision,
            drop_count,
            issuer_name: claimed.issuer_name,
            issuer_model: claimed.issuer_model,
            operator_id: claimed.operator_id,
            operator_name: claimed.operator_name,
            idempotency_key: claimed.idempotency_key,
            correlation_id: claimed.correlation_id,
            agent_id: claimed.agent_id,
            agent_type: claimed.agent_type,
            model: claimed.model,
            usage: frame.any("usage"),
            capture_method: claimed.capture_method,
            target_system: claimed.target_system,
            target_resource: claimed.target_resource,
            ack,
            unknown_keys: frame.left().saturating_add(tool.left()),
        };
        event.limited_texts().check()?;
        Ok(event)
    }

    fn limited_texts(&self) -> LimitedTexts<'_> {
        LimitedTexts {
            issuer_name: self.issuer_name.as_deref(),
            issuer_model: self.issuer_model.as_deref(),
            operator_id: self.operator_id.as_deref(),
            operator_name: self.operator_name.as_deref(),
            idempotency_key: self.idempotency_key.as_deref(),
            correlation_id: self.correlation_id.as_deref(),
            agent_id: self.agent_id.as_deref(),
            agent_type: self.agent_type.as_deref(),
            model: self.model.as_deref(),
            capture_method: self.capture_method.as_deref(),
            target_system: self.target_system.as_deref(),
            target_resource: self.target_resource.as_deref(),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Event")
            .field("session_id", &self.session_id)
            .field("channel", &self.channel)
            .field("tool_name", &self.tool_name)
            .field("decision", &self.decision)
            .field("drop_count", &self.drop_count)
            .field("ack", &self.ack)
            .field("unknown_keys", &self.unknown_keys)
            .finish_non_exhaustive()
    }
}

/// The optional texts, taken with their types before anything is judged.
struct Texts {
    action_type: Option<String>,
    error: Option<String>,
    issuer_name: Option<String>,
    issuer_model: Option<String>,
    operator_id: Option<String>,
    operator_name: Option<String>,
    idempotency_key: Option<String>,
    correlation_id: Option<String>,
    agent_id: Option<String>,
    agent_type: Option<String>,
    model: Option<String>,
    capture_method: Option<String>,
    target_system: Option<String>,
    target_resource: Option<String>,
}

/// A frame refused for a duplicate key can still have asked for a reply, which its sender then waits for.
fn unreadable(body: &[u8], error: JsonError) -> EventError {
    let ack_requested = matches!(error, JsonError::DuplicateMember { .. })
        && json::parse(body, Rules::Payload)
            .ok()
            .and_then(|value| value.into_object().ok())
            .is_some_and(|object| asks_for_ack(&object));
    EventError { fault: error.into(), ack_requested }
}

fn asks_for_ack(object: &Object) -> bool {
    object.get("ack").and_then(Value::as_bool) == Some(true)
}

fn check_version(version: Option<String>) -> Result<(), EventFault> {
    match version {
        None => Err(EventFault::Missing { key: "v" }),
        Some(version) if version == FRAME_VERSION => Ok(()),
        Some(other) => Err(EventFault::UnsupportedVersion { found: excerpt(&other) }),
    }
}

fn timestamp(text: Option<String>) -> Result<Timestamp, EventFault> {
    let text = text.ok_or(EventFault::Missing { key: "ts_emit" })?;
    Timestamp::parse(&text).map_err(|_| EventFault::Timestamp { found: excerpt(&text) })
}

fn decided(word: Option<String>) -> Result<Decision, EventFault> {
    let word = word.ok_or(EventFault::Missing { key: "decision" })?;
    Decision::from_word(&word).ok_or_else(|| EventFault::UnknownDecision { found: excerpt(&word) })
}

/// `drop_count` as it was written, or why it is no integer that every reader would see alike.
fn integer(body: &[u8]) -> Result<i64, EventFault> {
    let literal = literal::member_text(body, "drop_count").map(String::from_utf8_lossy).unwrap_or_default();
    match literal.parse::<i64>() {
        Ok(count) if count <= MAX_DROP_COUNT as i64 => Ok(count),
        _ => Err(EventFault::DropCountLiteral { literal: excerpt(&literal) }),
    }
}
