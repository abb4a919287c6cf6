//! What a server says, as far as it can be read. It is passed on whatever it is; this is for the record.

use std::borrow::Cow;

use agent_receipts_core::json::{self, Object, Rules, Value, canonical};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::id::Id;
use super::methods::CANCELLED;

/// One message of a server's.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard<'a> {
    /// It answers a request.
    Answer(Option<Id>, Outcome<'a>),
    /// It asks the client.
    Request { id: Id, method: String, params: Option<Cow<'a, str>> },
    /// It takes a request of its own back.
    Cancelled(Id),
    /// It tells something, of which nothing is recorded.
    Notification,
    /// Several at once.
    Batch(Vec<Heard<'a>>),
    /// JSON, but no message.
    NoMessage,
    /// No JSON.
    NoJson,
}

/// How a request ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome<'a> {
    /// Whether it is an error of the protocol.
    pub(crate) is_error: bool,
    /// The result or the error as JSON text.
    pub(crate) text: Cow<'a, str>,
    /// Whether the text is what the server said, and not how somebody may read it who is patient with what is no strict JSON.
    pub(crate) is_exact: bool,
}

/// Reads one message. Where members stand twice the last one counts, as with most readers.
pub(crate) fn hear(message: &[u8]) -> Heard<'_> {
    match message.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => match serde_json::from_slice::<Vec<&RawValue>>(message) {
            Ok(elements) => {
                Heard::Batch(elements.iter().map(|element| one(element.get().as_bytes())).collect())
            }
            Err(_) => lossy(message),
        },
        Some(b'{') => one(message),
        _ => match json::parse(message, Rules::Payload) {
            Ok(_) => Heard::NoMessage,
            Err(_) => Heard::NoJson,
        },
    }
}

/// The members that tell what a message is, where they stand in its text.
#[derive(Deserialize)]
struct Spans<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A result of `null` is one.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

fn one(text: &[u8]) -> Heard<'_> {
    // (An array would be read as the members in order.)
    if !text.trim_ascii_start().starts_with(b"{") {
        return Heard::NoMessage;
    }
    // Members that stand twice are an error here, and read by the more patient reader.
    let Ok(spans) = serde_json::from_slice::<Spans<'_>>(text) else { return lossy(text) };
    let id = spans.id.and_then(|id| json::parse(id.get().as_bytes(), Rules::Payload).ok());
    let id = id.as_ref().and_then(Id::lenient);
    match (spans.error, spans.result, spans.method) {
        (Some(error), _, _) => Heard::Answer(id, Outcome::exact(true, error.get())),
        (None, Some(result), _) => Heard::Answer(id, Outcome::exact(false, result.get())),
        (None, None, Some(method)) => {
            let Ok(method) = serde_json::from_str::<String>(method.get()) else { return Heard::NoMessage };
            match id {
                Some(id) => {
                    Heard::Request { id, method, params: spans.params.map(|params| params.get().into()) }
                }
                None if method == CANCELLED => cancelled(spans.params),
                None => Heard::Notification,
            }
        }
        (None, None, None) => Heard::NoMessage,
    }
}

impl<'a> Outcome<'a> {
    fn exact(is_error: bool, text: &'a str) -> Self {
        Self { is_error, text: text.into(), is_exact: true }
    }

    /// Whether the result says of itself that the tool failed, by `"isError": true`.
    pub(crate) fn is_failure(&self) -> bool {
        #[derive(Deserialize)]
        struct Verdict {
            #[serde(default, rename = "isError")]
            is_error: bool,
        }
        // (An array would be read as the members in order.)
        if self.is_error || !self.text.starts_with('{') {
            return false;
        }
        match serde_json::from_str::<Verdict>(&self.text) {
            Ok(verdict) => verdict.is_error,
            // Where the member stands twice, the last one counts.
            Err(_) => json::parse(self.text.as_bytes(), Rules::Payload).is_ok_and(|result| {
                result.as_object().and_then(|result| result.get("isError")?.as_bool()) == Some(true)
            }),
        }
    }
}

fn cancelled<'a>(params: Option<&RawValue>) -> Heard<'a> {
    let params = params.and_then(|params| json::parse(params.get().as_bytes(), Rules::Payload).ok());
    let id = params.as_ref().and_then(Value::as_object).and_then(|params| params.get("requestId"));
    id.and_then(Id::lenient).map_or(Heard::Notification, Heard::Cancelled)
}

/// What is no strict JSON, as somebody may read it who lets the last of two members count, and puts U+FFFD in place of what is no text.
fn lossy<'a>(message: &[u8]) -> Heard<'a> {
    let Ok(value) = json::parse(message, Rules::Payload) else { return Heard::NoJson };
    match &value {
        Value::Object(object) => lossy_object(object),
        Value::Array(elements) => Heard::Batch(
            elements
                .iter()
                .map(|element| element.as_object().map_or(Heard::NoMessage, lossy_object))
                .collect(),
        ),
        _ => Heard::NoMessage,
    }
}

fn lossy_object<'a>(message: &Object) -> Heard<'a> {
    let id = message.get("id").and_then(Id::lenient);
    let text = |value: &Value| String::from_utf8_lossy(&canonical(value)).into_owned();
    let ended = |is_error: bool, value: &Value| {
        Heard::Answer(id.clone(), Outcome { is_error, text: text(value).into(), is_exact: false })
    };
    if let Some(error) = message.get("error").filter(|error| !error.is_null()) {
        return ended(true, error);
    }
    if let Some(result) = message.get("result") {
        return ended(false, result);
    }
    match (message.get("method").and_then(Value::as_str), id) {
        (Some(method), Some(id)) => Heard::Request {
            id,
            method: method.to_owned(),
            params: message.get("params").map(|params| text(params).into()),
        },
        (Some(_), None) => Heard::Notification,
        (None, _) => Heard::NoMessage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(message: &str) -> (String, bool, String, bool) {
        match hear(message.as_bytes()) {
            Heard::Answer(Some(id), outcome) => {
                (id.to_string(), outcome.is_error, outcome.text.into_owned(), outcome.is_exact)
            }
            other => panic!("{message}: {other:?}"),
        }
    }

    #[test]
    fn an_answer_keeps_its_bytes() {
        let result = r#"{ "b":1.50 ,"a":"\u00e9"}"#;
        let exact = |id: &str, is_error, text: &str| (id.to_owned(), is_error, text.to_owned(), true);
        assert_eq!(answer(&format!(r#"{{"id":1,"result":{result}}}"#)), exact("1", false, result));
        assert_eq!(answer(r#" {"id":"1","result":null}"#), exact("\"1\"", false, "null"));
        assert_eq!(answer(r#"{"id":1.0,"error":{"code":1},"result":{}}"#), exact("1", true, r#"{"code":1}"#));
        assert_eq!(answer(r#"{"error":null,"result":7,"id":2}"#), exact("2", false, "7"));
    }

    #[test]
    fn what_is_no_strict_json_still_closes_its_call() {
        for (message, text) in
            [(r#"{"id":9,"id":1,"result":1,"result":2}"#, "2"), (r#"{"\ud800":0,"id":1,"result":2}"#, "2")]
        {
            assert_eq!(answer(message), ("1".into(), false, text.into(), false), "{message}");
        }
        let broken = [&b"{\"id\":1,\"result\":\""[..], b"\xff\"}"].concat();
        assert!(matches!(hear(&broken), Heard::Answer(Some(_), outcome) if outcome.text == "\"\u{fffd}\""));
    }

    #[test]
    fn a_result_says_that_the_tool_failed() {
        for (result, failed) in [
            (r#"{"isError":true}"#, true),
            (r#"{"content":[{"isError":true}],"isError":false}"#, false),
            (r#"{"isError":"true"}"#, false),
            (r#"{"isError":false,"isError":true}"#, true),
            (r#"{"isError":true,"isError":false}"#, false),
            ("[true]", false),
            ("null", false),
        ] {
            assert_eq!(Outcome::exact(false, result).is_failure(), failed, "{result}");
        }
    }

    #[test]
    fn whatever_else_there_is_has_a_name() {
        let is = |message: &str| format!("{:?}", hear(message.as_bytes()));
        assert_eq!(is("hello"), "NoJson");
        assert_eq!(is(""), "NoJson");
        assert_eq!(is("{"), "NoJson");
        assert_eq!(is("7"), "NoMessage");
        assert_eq!(is("{}"), "NoMessage");
        assert_eq!(is(r#"{"method":7}"#), "NoMessage");
        assert_eq!(is(r#"{"method":"notifications/progress"}"#), "Notification");
        assert_eq!(is(r#"{"method":"notifications/cancelled","params":{"requestId":3}}"#), "Cancelled(3)");
        assert_eq!(is(r#"[{"id":1,"result":0},7]"#), is(r#"[ {"id":1,"result":0} , "x"]"#));
        let request = r#"{"id":"q","method":"sampling/createMessage","params":{"a":1}}"#;
        assert!(
            is(request).starts_with("Request { id: \"q\", method: \"sampling/createMessage\""),
            "{}",
            is(request)
        );
        assert_eq!(is(r#"[[1,"m",{},0,null]]"#), "Batch([NoMessage])");
        assert_eq!(is(&"[".repeat(100_000)), "NoJson");
    }
}
