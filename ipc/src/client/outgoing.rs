//! An event on its way out: checked as the daemon will check it, and written as a frame.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;
use agent_receipts_core::json::{check_payload, write_string};

use super::error::CallerError;
use crate::decision::Decision;
use crate::event::{EventFault, LimitedTexts};
use crate::frame::{FrameError, HEADER, MAX_FRAME, header_for};
use crate::version::FRAME_VERSION;

/// One event to be sent; `Debug` shows no payload, which may hold secrets. Empty texts are left out; the limits are those of [`Event`](crate::Event).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EventToSend<'a> {
    /// The kind of emitter, such as `sdk`; required.
    pub channel: &'a str,
    /// The server that owns the tool.
    pub tool_server: &'a str,
    /// The tool; required.
    pub tool_name: &'a str,
    /// The action type, where it is better known than as `channel.server.tool`.
    pub action_type: &'a str,
    /// The tool's parameters, as JSON text that is sent byte for byte.
    pub input: Option<&'a str>,
    /// The tool's response, as JSON text that is sent byte for byte.
    pub output: Option<&'a str>,
    /// What went wrong.
    pub error: &'a str,
    /// What was decided.
    pub decision: Decision,
    /// Who acts, where it is not the emitter's own identity: each text that is not empty takes the place of the emitter's.
    pub identity: Option<&'a Identity>,
    /// The key by which a repetition is known.
    pub idempotency_key: &'a str,
    /// What ties this event to others.
    pub correlation_id: &'a str,
    /// The agent whose own chain this belongs to.
    pub agent_id: &'a str,
    /// The agent's type.
    pub agent_type: &'a str,
    /// The model that acted.
    pub model: &'a str,
    /// What the model used up, as JSON text that is sent byte for byte.
    pub usage: Option<&'a str>,
    /// How the event was captured.
    pub capture_method: &'a str,
    /// The system acted upon; together with `target_resource` or not at all.
    pub target_system: &'a str,
    /// The resource acted upon.
    pub target_resource: &'a str,
}

impl<'a> EventToSend<'a> {
    /// An event with what every event needs; set the other fields as they are known.
    pub fn new(channel: &'a str, tool_name: &'a str, decision: Decision) -> Self {
        Self {
            channel,
            tool_server: "",
            tool_name,
            action_type: "",
            input: None,
            output: None,
            error: "",
            decision,
            identity: None,
            idempotency_key: "",
            correlation_id: "",
            agent_id: "",
            agent_type: "",
            model: "",
            usage: None,
            capture_method: "",
            target_system: "",
            target_resource: "",
        }
    }
}

impl fmt::Debug for EventToSend<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("EventToSend")
            .field("channel", &self.channel)
            .field("tool_name", &self.tool_name)
            .field("decision", &self.decision)
            .finish_non_exhaustive()
    }
}

/// Who acts, as the emitter claims it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The issuer's name.
    pub issuer_name: String,
    /// The issuer's model.
    pub issuer_model: String,
    /// The operator's identifier.
    pub operator_id: String,
    /// The operator's name; only with an `operator_id`.
    pub operator_name: String,
}

impl Identity {
    pub(super) fn check(&self) -> Result<(), EventFault> {
        Acting::in_event(None, self).limited_texts().check()
    }
}

/// Who acts in one event: what it says itself, and the emitter's own identity where it says nothing.
struct Acting<'a> {
    issuer_name: &'a str,
    issuer_model: &'a str,
    operator_id: &'a str,
    operator_name: &'a str,
}

impl<'a> Acting<'a> {
    fn in_event(said: Option<&'a Identity>, own: &'a Identity) -> Self {
        let said = said.unwrap_or(own);
        let either = |said: &'a String, own: &'a String| if said.is_empty() { own } else { said };
        Self {
            issuer_name: either(&said.issuer_name, &own.issuer_name),
            issuer_model: either(&said.issuer_model, &own.issuer_model),
            operator_id: either(&said.operator_id, &own.operator_id),
            operator_name: either(&said.operator_name, &own.operator_name),
        }
    }

    fn limited_texts(&self) -> LimitedTexts<'a> {
        LimitedTexts {
            issuer_name: set(self.issuer_name),
            issuer_model: set(self.issuer_model),
            operator_id: set(self.operator_id),
            operator_name: set(self.operator_name),
            ..LimitedTexts::default()
        }
    }
}

/// A frame but for its drop count and its length, which are known only when it is sent.
pub(super) struct Draft(Vec<u8>);

impl Draft {
    /// Checks `event` as the daemon will, and writes it.
    pub(super) fn new(
        event: &EventToSend<'_>,
        session_id: &str,
        own: &Identity,
        ack: bool,
        now: SystemTime,
    ) -> Result<Self, CallerError> {
        let identity = Acting::in_event(event.identity, own);
        check(event, &identity)?;
        let payloads = [("input", event.input), ("output", event.output), ("usage", event.usage)];
        let long =
            payloads.iter().filter_map(|(_, json)| *json).map(str::len).sum::<usize>() + event.error.len();
        let mut frame = Vec::with_capacity(640 + long);
        frame.extend_from_slice(&[0; HEADER]);
        frame.extend_from_slice(b"{\"v\":");
        write_string(FRAME_VERSION, &mut frame);
        member(&mut frame, "ts_emit", &timestamp(now));
        member(&mut frame, "session_id", session_id);
        member(&mut frame, "channel", event.channel);
        name(&mut frame, "tool");
        frame.push(b'{');
        if !event.tool_server.is_empty() {
            frame.extend_from_slice(b"\"server\":");
            write_string(event.tool_server, &mut frame);
            frame.push(b',');
        }
        frame.extend_from_slice(b"\"name\":");
        write_string(event.tool_name, &mut frame);
        frame.push(b'}');
        for (key, value) in payloads {
            if let Some(json) = value {
                name(&mut frame, key);
                frame.extend_from_slice(json.as_bytes());
            }
        }
        for (key, value) in texts(event, &identity) {
            if !value.is_empty() {
                member(&mut frame, key, value);
            }
        }
        if ack {
            frame.extend_from_slice(b",\"ack\":true");
        }
        match frame.len() - HEADER + 1 {
            length if length > MAX_FRAME => Err(CallerError::TooLarge { length }),
            _ => Ok(Self(frame)),
        }
    }

    /// The whole frame, telling `drops` lost events unless there is no room for it; and how many it tells.
    pub(super) fn finish(mut self, drops: u64) -> (Frame, u64) {
        let mut told = 0;
        if drops > 0 {
            let member = format!(",\"drop_count\":{drops}");
            if self.0.len() - HEADER + member.len() < MAX_FRAME {
                self.0.extend_from_slice(member.as_bytes());
                told = drops;
            }
        }
        self.0.push(b'}');
        (Frame::filled(self.0), told)
    }
}

fn member(frame: &mut Vec<u8>, key: &str, text: &str) {
    name(frame, key);
    write_string(text, frame);
}

/// A member's name, behind another's end; none of ours needs an escape.
fn name(frame: &mut Vec<u8>, key: &str) {
    frame.extend_from_slice(b",\"");
    frame.extend_from_slice(key.as_bytes());
    frame.extend_from_slice(b"\":");
}

/// Header and body in one piece, so that one system call sends it.
pub(super) struct Frame(Vec<u8>);

impl Frame {
    /// A frame of any body that one can carry.
    pub(super) fn around(body: &[u8]) -> Result<Self, FrameError> {
        let header = header_for(body)?;
        Ok(Self([&header[..], body].concat()))
    }

    /// Of room for the header, and behind it a body that is neither empty nor too long.
    fn filled(mut bytes: Vec<u8>) -> Self {
        let length = u32::try_from(bytes.len() - HEADER).unwrap_or(u32::MAX);
        bytes[..HEADER].copy_from_slice(&length.to_be_bytes());
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn check(event: &EventToSend<'_>, identity: &Acting<'_>) -> Result<(), CallerError> {
    for (key, value) in [("channel", event.channel), ("tool.name", event.tool_name)] {
        if value.is_empty() {
            return Err(CallerError::Event(EventFault::Missing { key }));
        }
    }
    let limited = LimitedTexts {
        idempotency_key: set(event.idempotency_key),
        correlation_id: set(event.correlation_id),
        agent_id: set(event.agent_id),
        agent_type: set(event.agent_type),
        model: set(event.model),
        capture_method: set(event.capture_method),
        target_system: set(event.target_system),
        target_resource: set(event.target_resource),
        ..identity.limited_texts()
    };
    limited.check().map_err(CallerError::Event)?;
    for (field, payload) in [("input", event.input), ("output", event.output), ("usage", event.usage)] {
        if let Some(text) = payload {
            // Longer than any frame: not worth parsing.
            if text.len() > MAX_FRAME {
                return Err(CallerError::TooLarge { length: text.len() });
            }
            check_payload(text.as_bytes()).map_err(|error| CallerError::Payload { field, error })?;
        }
    }
    Ok(())
}

fn texts<'a>(event: &EventToSend<'a>, identity: &Acting<'a>) -> [(&'static str, &'a str); 15] {
    [
        ("action_type", event.action_type),
        ("error", event.error),
        ("decision", event.decision.as_str()),
        ("issuer_name", identity.issuer_name),
        ("issuer_model", identity.issuer_model),
        ("operator_id", identity.operator_id),
        ("operator_name", identity.operator_name),
        ("idempotency_key", event.idempotency_key),
        ("correlation_id", event.correlation_id),
        ("agent_id", event.agent_id),
        ("agent_type", event.agent_type),
        ("model", event.model),
        ("capture_method", event.capture_method),
        ("target_system", event.target_system),
        ("target_resource", event.target_resource),
    ]
}

/// `now` as RFC 3339 in UTC with nanoseconds; a clock set outside years 1970 to 9999 says 1970, for the daemon does not believe it
/// anyway.
fn timestamp(now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).ok();
    let moment = seconds.and_then(|seconds| Timestamp::from_unix(seconds, since.subsec_nanos()));
    moment.unwrap_or(Timestamp::UNIX_EPOCH).to_rfc3339_nanos()
}

fn set(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use std::time::Duration;

    /// The body, behind a header that says how long it is; and how many drops it tells.
    fn sent(draft: Draft, drops: u64) -> (Vec<u8>, u64) {
        let (frame, told) = draft.finish(drops);
        let (header, body) = frame.bytes().split_at(HEADER);
        assert_eq!(header, u32::try_from(body.len()).unwrap().to_be_bytes());
        (body.to_vec(), told)
    }

    fn written(event: &EventToSend<'_>, drops: u64) -> String {
        let now = UNIX_EPOCH + Duration::new(1_795_318_799, 123_456_789);
        let body = Draft::new(event, "s1", &Identity::default(), false, now).unwrap();
        String::from_utf8(sent(body, drops).0).unwrap()
    }

    #[test]
    fn the_least_event_is_exactly_this() {
        let event = EventToSend::new("sdk", "t", Decision::Allowed);
        let expected = "{\"v\":\"1\",\"ts_emit\":\"2026-11-22T03:39:59.123456789Z\",\"session_id\":\"s1\",\
                        \"channel\":\"sdk\",\"tool\":{\"name\":\"t\"},\"decision\":\"allowed\"}";
        assert_eq!(written(&event, 0), expected);
        assert_eq!(
            written(&event, 3),
            expected.replace("\"}", "\",\"drop_count\":3}").replace("\"t\",\"drop_count\":3}", "\"t\"}")
        );
    }

    #[test]
    fn payloads_go_out_byte_for_byte() {
        let mut event = EventToSend::new("sdk", "t", Decision::Denied);
        event.input = Some("{ \"b\":1.50 ,\"b\":\"\\ud800\"}");
        assert!(written(&event, 0).contains("\"input\":{ \"b\":1.50 ,\"b\":\"\\ud800\"},"));
    }

    #[test]
    fn every_field_arrives() {
        let identity = Identity {
            issuer_name: "in\"".into(),
            issuer_model: "im".into(),
            operator_id: "oi".into(),
            operator_name: "on".into(),
        };
        let event = EventToSend {
            channel: "c",
            tool_server: "ts",
            tool_name: "tn",
            action_type: "at",
            input: Some("[1]"),
            output: Some("false"),
            error: "e\n",
            decision: Decision::Pending,
            identity: Some(&identity),
            idempotency_key: "ik",
            correlation_id: "ci",
            agent_id: "ai",
            agent_type: "aty",
            model: "m",
            usage: Some("{\"n\":null}"),
            capture_method: "cm",
            target_system: "tsy",
            target_resource: "tr",
        };
        let body = Draft::new(&event, "sid", &Identity::default(), true, SystemTime::now()).unwrap();
        let arrived = Event::decode(&sent(body, 7).0).unwrap();
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        assert_eq!((arrived.session_id.as_str(), arrived.channel.as_str()), ("sid", "c"));
        assert_eq!((arrived.tool_name.as_str(), optional(&arrived.tool_server).as_str()), ("tn", "ts"));
        assert_eq!((arrived.decision, arrived.drop_count, arrived.ack), (Decision::Pending, 7, true));
        assert_eq!(arrived.unknown_keys, 0);
        assert!(arrived.input.is_some() && arrived.output.is_some() && arrived.usage.is_some());
        let texts = [
            (&arrived.action_type, "at"),
            (&arrived.error, "e\n"),
            (&arrived.issuer_name, "in\""),
            (&arrived.issuer_model, "im"),
            (&arrived.operator_id, "oi"),
            (&arrived.operator_name, "on"),
            (&arrived.idempotency_key, "ik"),
            (&arrived.correlation_id, "ci"),
            (&arrived.agent_id, "ai"),
            (&arrived.agent_type, "aty"),
            (&arrived.model, "m"),
            (&arrived.capture_method, "cm"),
            (&arrived.target_system, "tsy"),
            (&arrived.target_resource, "tr"),
        ];
        for (found, expected) in texts {
            assert_eq!(optional(found), expected);
        }
    }

    #[test]
    fn an_event_takes_over_what_it_does_not_say_of_its_identity() {
        let own = Identity { issuer_name: "own".into(), operator_id: "op".into(), ..Identity::default() };
        let said = Identity { issuer_name: "said".into(), operator_name: "on".into(), ..Identity::default() };
        let mut event = EventToSend::new("sdk", "t", Decision::Allowed);
        event.identity = Some(&said);
        let body = Draft::new(&event, "s", &own, false, UNIX_EPOCH).unwrap();
        let arrived = Event::decode(&sent(body, 0).0).unwrap();
        assert_eq!(arrived.issuer_name.as_deref(), Some("said"));
        assert_eq!(
            (arrived.operator_id.as_deref(), arrived.operator_name.as_deref()),
            (Some("op"), Some("on"))
        );
        // Nobody else's identifier belongs to that name.
        let nobody = Draft::new(&event, "s", &Identity::default(), false, UNIX_EPOCH).err();
        assert_eq!(nobody, Some(CallerError::Event(EventFault::OperatorNameAlone)));
    }

    #[test]
    fn a_drop_count_without_room_waits_for_the_next_event() {
        let mut event = EventToSend::new("sdk", "t", Decision::Allowed);
        let least = written(&event, 0).len();
        let error = "x".repeat(MAX_FRAME - least - ",\"error\":\"\"".len());
        event.error = &error;
        let full = Draft::new(&event, "s1", &Identity::default(), false, UNIX_EPOCH).unwrap();
        let (bytes, told) = sent(full, 9);
        assert_eq!((bytes.len(), told), (MAX_FRAME, 0));
        let over = format!("{error}x");
        event.error = &over;
        let refused = Draft::new(&event, "s1", &Identity::default(), false, UNIX_EPOCH).err();
        assert_eq!(refused, Some(CallerError::TooLarge { length: MAX_FRAME + 1 }));
    }
}
