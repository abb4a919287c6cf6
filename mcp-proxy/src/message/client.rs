//! The one strict reading of what a client says.

use std::borrow::Cow;

use agent_receipts_core::json::{self, Object, Rules, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{MessageFault, Refusal};
use super::fold::is_variant;
use super::id::Id;
use super::methods::{CANCELLED, ENVELOPE, PARAMETERS, TOOL_CALL, is_recorded_by_client, watched};
use super::rounds::{Answers, answers};
use super::split::on_one_line;

/// A message that every reader understands alike, and what it says.
#[derive(Debug, PartialEq)]
pub struct Decoded {
    /// What may be passed on: the bytes as they came, but for line separators inside of strings, which are escaped.
    pub bytes: Vec<u8>,
    /// What it says.
    pub message: Message,
}

/// What a client says.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// It calls a tool.
    Call(Id, ToolCall),
    /// It asks for anything else.
    Request(Id, Request),
    /// It takes a request of its own back.
    Cancelled(Id),
    /// It tells anything else.
    Notification(Request),
    /// It answers the server.
    Reply(Option<Id>, Reply),
}

/// One call of a tool.
#[derive(Debug, PartialEq)]
pub struct ToolCall {
    /// The tool's name, as the server reads it.
    pub name: String,
    /// The arguments, an object.
    pub arguments: Option<Value>,
    /// The same, byte for byte.
    pub text: Option<String>,
    /// How the agent's host names this use of a tool.
    pub correlation_id: Option<String>,
    /// What of an earlier round it answers.
    pub answers: Answers,
}

/// A request or notification that is no call.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Its parameters, byte for byte; only of methods that leave receipts.
    pub params: Option<String>,
    /// What it is about: a resource's URI, or a prompt's or task's name; only of methods that leave receipts.
    pub subject: Option<String>,
    /// What of an earlier round it answers; only of methods that leave receipts.
    pub answers: Answers,
}

/// An answer to the server.
#[derive(Debug, PartialEq)]
pub struct Reply {
    /// Whether it is an error.
    pub is_error: bool,
    /// The result or the error, byte for byte.
    pub text: String,
}

/// The most bytes of a tool's name. The protocol advises 128; a receipt holds the name whole.
pub const MAX_NAME: usize = 1024;

/// Reads one message, without its line's end. What this refuses must not reach the server.
///
/// # Errors
///
/// [`Refusal`] says what is wrong and whether it is to be answered. No message, however hostile, makes this recurse, or allocate more
/// than a small multiple of its own length.
pub fn decode(message: &[u8]) -> Result<Decoded, Box<Refusal>> {
    let refuse = |fault| Box::new(Refusal { id: None, is_answered: true, tool: None, fault });
    let bytes = on_one_line(message).ok_or_else(|| refuse(MessageFault::CarriageReturn))?;
    let value = json::parse(&bytes, Rules::Receipt).map_err(|error| refuse(error.into()))?;
    let envelope = match value {
        Value::Object(_) => value.into_object().map_err(|_| refuse(MessageFault::Kind))?,
        Value::Array(_) => return Err(refuse(MessageFault::Batch)),
        other => return Err(refuse(MessageFault::NotAnObject { found: other.type_name() })),
    };
    let raw: Spans<'_> = serde_json::from_slice(&bytes).map_err(|_| refuse(MessageFault::Kind))?;
    let message = read(envelope, &raw)?;
    Ok(Decoded { message, bytes: bytes.into_owned() })
}

/// Where the members stand in the text. The text is strict JSON by now, so that there is one of each.
#[derive(Deserialize)]
struct Spans<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CallSpans<'a> {
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

fn read(mut envelope: Object, raw: &Spans<'_>) -> Result<Message, Box<Refusal>> {
    let id_value = envelope.get("id");
    let id = id_value.and_then(|id| Id::strict(id, raw.id.map_or("", RawValue::get)));
    let has_id = id_value.is_some();
    let method = envelope.get("method").and_then(Value::as_str).map(str::to_owned);
    let is_notification = !has_id && method.is_some();
    // An answer is never answered, or two proxies could keep one another busy.
    let is_answer =
        !envelope.contains("method") && (envelope.contains("result") || envelope.contains("error"));
    let mut refusal = Refusal {
        id: id.clone(),
        is_answered: !is_notification && !is_answer,
        tool: method
            .as_deref()
            .is_some_and(|method| method == TOOL_CALL)
            .then(|| tool_of(&envelope))
            .flatten(),
        fault: MessageFault::Kind,
    };
    let mut refuse = |fault| Box::new(Refusal { fault, ..std::mem::replace(&mut refusal, EMPTY) });
    no_variants(&envelope, &ENVELOPE).map_err(&mut refuse)?;
    if envelope.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(refuse(MessageFault::Version));
    }
    let kinds = ["method", "result", "error"].into_iter().filter(|kind| envelope.contains(kind)).count();
    if kinds != 1 {
        return Err(refuse(MessageFault::Kind));
    }
    if is_answer {
        let nobody = id_value.is_some_and(Value::is_null) && envelope.contains("error");
        if id.is_none() && !nobody {
            return Err(refuse(MessageFault::Id));
        }
        let (is_error, text) = match raw.error {
            Some(error) => (true, error.get()),
            // An error of `null` is none that anybody could take for one.
            None if envelope.contains("error") => (true, "null"),
            None => (false, raw.result.map_or("null", RawValue::get)),
        };
        return Ok(Message::Reply(id, Reply { is_error, text: text.to_owned() }));
    }
    let Some(method) = method.filter(|method| !method.contains('\0')) else {
        return Err(refuse(MessageFault::Method));
    };
    if let Some(known) = watched().find(|known| is_variant(&method, known)) {
        return Err(refuse(MessageFault::MethodVariant { known }));
    }
    if has_id && id.is_none() {
        return Err(refuse(MessageFault::Id));
    }
    let params = envelope.remove("params");
    let text = raw.params.map(RawValue::get);
    if method == TOOL_CALL {
        let call = tool_call(params, text).map_err(&mut refuse)?;
        return match id {
            Some(id) => Ok(Message::Call(id, call)),
            None => Err(refuse(MessageFault::NoId { method })),
        };
    }
    if method == CANCELLED && id.is_none() {
        return Ok(cancelled(method, params, text));
    }
    let request = request(method, params, text).map_err(&mut refuse)?;
    match id {
        Some(id) => Ok(Message::Request(id, request)),
        None if is_recorded_by_client(&request.method) => {
            Err(refuse(MessageFault::NoId { method: request.method }))
        }
        None => Ok(Message::Notification(request)),
    }
}

fn tool_call(params: Option<Value>, text: Option<&str>) -> Result<ToolCall, MessageFault> {
    let mut params = judged(params)?;
    let name = params.remove("name").and_then(|name| name.into_string().ok());
    let name = name.filter(|name| (1..=MAX_NAME).contains(&name.len()) && !name.contains('\0'));
    let name = name.ok_or(MessageFault::Name)?;
    let arguments = params.remove("arguments");
    if let Some(other) = arguments.as_ref().filter(|arguments| arguments.as_object().is_none()) {
        return Err(MessageFault::Arguments { found: other.type_name() });
    }
    let answers = text.map(answers).unwrap_or_default();
    let spans: Option<CallSpans<'_>> = text.and_then(|text| serde_json::from_str(text).ok());
    let text = spans.and_then(|spans| spans.arguments).map(|arguments| arguments.get().to_owned());
    // What is judged and what is recorded are one.
    if text.is_some() != arguments.is_some() {
        return Err(MessageFault::Params);
    }
    let correlation_id = params
        .get("_meta")
        .and_then(Value::as_object)
        .and_then(|meta| meta.get(TOOL_USE))
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty() && id.len() <= agent_receipts_ipc::MAX_TEXT)
        .map(str::to_owned);
    Ok(ToolCall { name, arguments, text, correlation_id, answers })
}

fn request(method: String, params: Option<Value>, text: Option<&str>) -> Result<Request, MessageFault> {
    if !is_recorded_by_client(&method) {
        return Ok(Request { method, params: None, subject: None, answers: Answers::default() });
    }
    let params = judged(params)?;
    let subject = ["uri", "name", "taskId"].into_iter().find_map(|member| params.get(member));
    let subject = subject.and_then(Value::as_str).map(str::to_owned);
    let answers = text.map(answers).unwrap_or_default();
    Ok(Request { method, params: text.map(str::to_owned), subject, answers })
}

/// Parameters that decide something: an object, every member of which is known for what it is.
fn judged(params: Option<Value>) -> Result<Object, MessageFault> {
    let params = params.and_then(|params| params.into_object().ok()).ok_or(MessageFault::Params)?;
    no_variants(&params, &PARAMETERS)?;
    Ok(params)
}

fn cancelled(method: String, params: Option<Value>, text: Option<&str>) -> Message {
    #[derive(Deserialize)]
    struct CancelSpans<'a> {
        #[serde(borrow, rename = "requestId")]
        request_id: Option<&'a RawValue>,
    }
    let params = params.and_then(|params| params.into_object().ok());
    let spans: Option<CancelSpans<'_>> = text.and_then(|text| serde_json::from_str(text).ok());
    let literal = spans.and_then(|spans| spans.request_id).map_or("", RawValue::get);
    let id = params.as_ref().and_then(|params| params.get("requestId"));
    match id.and_then(|id| Id::strict(id, literal)) {
        Some(id) => Message::Cancelled(id),
        // It names no request, and so takes none back.
        None => Message::Notification(Request {
            method,
            params: None,
            subject: None,
            answers: Answers::default(),
        }),
    }
}

fn no_variants(object: &Object, known: &[&'static str]) -> Result<(), MessageFault> {
    for (found, _) in object.iter() {
        if let Some(known) = known.iter().find(|known| is_variant(found, known) || found == PROTOTYPE) {
            return Err(MessageFault::Variant { found: excerpt(found), known });
        }
    }
    Ok(())
}

/// The tool that a message names before it is known whether it is a call at all.
fn tool_of(envelope: &Object) -> Option<String> {
    let name = envelope.get("params")?.as_object()?.get("name")?.as_str()?;
    (!name.is_empty()).then(|| agent_receipts_core::clipped(name, MAX_NAME))
}

fn excerpt(text: &str) -> String {
    let shown: Cow<'_, str> =
        text.chars().take(SHOWN).flat_map(char::escape_debug).collect::<String>().into();
    if text.chars().nth(SHOWN).is_some() { format!("{shown}…") } else { shown.into_owned() }
}

/// How much of a member's name is repeated, in characters.
const SHOWN: usize = 48;

/// Where JavaScript looks for members that an object has not, once somebody has copied it by assignment: it stands for any of them.
const PROTOTYPE: &str = "__proto__";

/// Where Claude Code says which use of a tool a call belongs to.
const TOOL_USE: &str = "claudecode/toolUseId";

/// What is left of a refusal that was given away.
const EMPTY: Refusal = Refusal { id: None, is_answered: true, tool: None, fault: MessageFault::Kind };
