//! The headers that repeat what a message says (MCP 2026-07-28, "Standard request headers" and "Custom headers").

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use agent_receipts_core::json::{Object, Value};

use super::outline::Request;

/// The headers of a request that names its own version of the protocol; none for one that does not.
pub(crate) fn stamp(request: &Request) -> Option<HeaderMap> {
    let version = HeaderValue::from_str(request.own_version()?).ok()?;
    let mut headers = HeaderMap::new();
    headers.insert(VERSION, version);
    headers.insert(METHOD, encoded(&request.method));
    if let Some(name) = named(request) {
        headers.insert(NAME, encoded(name));
    }
    Some(headers)
}

/// What a request is about: the tool, the prompt, the resource or the task, where its method has one.
pub(crate) fn named(request: &Request) -> Option<&str> {
    let key = NAMED.iter().find(|(method, _)| *method == request.method)?.1;
    request.params.get(key)?.as_str()
}

/// A text as a header carries it: as it is where that survives, and in Base64 otherwise.
pub(crate) fn encoded(text: &str) -> HeaderValue {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && text.trim() == text;
    let wrapped = || format!("{SENTINEL}{}{END}", BASE64_STANDARD.encode(text));
    let value = if plain && payload(text).is_none() { text.to_owned() } else { wrapped() };
    // Printable ASCII in either case.
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(""))
}

/// The text that a header carries; none where it is not one that [`encoded`] could have written.
pub(crate) fn decoded(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    match payload(text) {
        None => Some(text.to_owned()),
        Some(base64) => String::from_utf8(BASE64_STANDARD.decode(base64).ok()?).ok(),
    }
}

/// Whether a value is one that the call's arguments hold somewhere, so that the header tells the server nothing that the record has not.
pub(crate) fn among(arguments: &Object, text: &str) -> bool {
    let mut open: Vec<&Value> = arguments.iter().map(|(_, value)| value).collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(object) => open.extend(object.iter().map(|(_, value)| value)),
            Value::Array(items) => open.extend(items),
            Value::Null => {}
            scalar if rendered(scalar).as_deref() == Some(text) || same_number(scalar, text) => return true,
            _ => {}
        }
    }
    false
}

/// A value as a header of a parameter has it.
pub(crate) fn rendered(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => {
            String::from_utf8(agent_receipts_core::json::canonical(value)).ok()
        }
        _ => None,
    }
}

/// `42` and `42.0` are one number to the specification.
fn same_number(value: &Value, text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'.');
    digits && value.as_f64().is_some_and(|number| text.parse() == Ok(number))
}

fn payload(text: &str) -> Option<&str> {
    text.strip_prefix(SENTINEL)?.strip_suffix(END)
}

/// The version of the protocol.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// The method, again.
pub(crate) const METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// What the request is about, again.
pub(crate) const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// Before the name that a tool gives to a parameter's header.
pub(crate) const PARAM: &str = "mcp-param-";

const SENTINEL: &str = "=?base64?";
const END: &str = "?=";
/// Which parameter `Mcp-Name` repeats.
const NAMED: &[(&str, &str)] = &[
    ("tools/call", "name"),
    ("prompts/get", "name"),
    ("resources/read", "uri"),
    ("tasks/get", "taskId"),
    ("tasks/update", "taskId"),
    ("tasks/cancel", "taskId"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::outline::Outline;

    fn request(params: &str) -> Request {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        match Outline::of(text.as_bytes()) {
            Some(Outline::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_without_a_version_has_no_stamp() {
        assert!(stamp(&request(r#"{"name":"x"}"#)).is_none());
        assert!(
            stamp(&request(r#"{"name":"x","_meta":{"io.modelcontextprotocol/protocolVersion":1}}"#))
                .is_none()
        );
        let split = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"1\r\nX-Evil: 1"}}"#;
        assert!(stamp(&request(split)).is_none());
    }

    #[test]
    fn a_stamp_repeats_the_message() {
        let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
        let headers = stamp(&request(&format!(r#"{{"name":"z\u00fcrich",{meta}}}"#))).unwrap();
        assert_eq!(headers[VERSION], "2026-07-28");
        assert_eq!(headers[METHOD], "tools/call");
        assert_eq!(headers[NAME], "=?base64?esO8cmljaA==?=");
    }

    #[test]
    fn names_come_back_as_they_were() {
        for name in
            ["read_file", "", " edge", "a\r\nb: c", "=?base64?eA==?=", "\u{fc}\u{1f600}", "file:///a b"]
        {
            assert_eq!(decoded(&encoded(name)).as_deref(), Some(name));
        }
        for bad in ["=?base64?e===?=", "=?base64?/w==?=", "=?base64?eB==?="] {
            assert_eq!(decoded(&HeaderValue::from_static(bad)), None, "{bad}");
        }
    }

    #[test]
    fn what_is_among_the_arguments() {
        let request =
            request(r#"{"name":"x","arguments":{"a":{"b":["eu-west"]},"n":42,"yes":true,"no":null}}"#);
        let arguments = request.params.get("arguments").unwrap().as_object().unwrap();
        for there in ["eu-west", "42", "42.0", "true"] {
            assert!(among(arguments, there), "{there}");
        }
        for not in ["eu", "43", "null", "false", "", "a", "4.2e1"] {
            assert!(!among(arguments, not), "{not}");
        }
    }
}
