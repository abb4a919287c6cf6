//! One line of calls.

use std::time::Duration;

use agent_receipts_core::json::{Object, Rules, Value, parse};

use crate::message::{Message, decode};

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// Nothing.
    Empty,
    /// A call.
    Call(Tried),
    /// A message that is no call.
    Other,
    /// What the proxy would not pass on, and why.
    Refused(String),
}

/// A call that is tried.
#[derive(Debug, PartialEq)]
pub(super) struct Tried {
    pub(super) server: String,
    pub(super) tool: String,
    pub(super) arguments: Option<Value>,
    /// Since the session's start.
    pub(super) at: Duration,
}

/// Reads a line as strictly as the proxy reads a message. What it leaves out is `server`, and as late as the line before.
pub(super) fn read_line(line: &[u8], server: &str, at: Duration) -> Line {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Line::Empty;
    }
    // Its own form, or a message: whatever is no object of the one is for the message's reader to refuse.
    match parse(line, Rules::Receipt) {
        Ok(Value::Object(ref members)) if !members.contains("jsonrpc") => {
            plain(members, server, at).map_or_else(Line::Refused, Line::Call)
        }
        _ => message(line, server, at),
    }
}

fn message(line: &[u8], server: &str, at: Duration) -> Line {
    match decode(line) {
        Ok(decoded) => match decoded.message {
            Message::Call(_, call) => Line::Call(Tried {
                server: server.to_owned(),
                tool: call.name,
                arguments: call.arguments,
                at,
            }),
            _ => Line::Other,
        },
        Err(refusal) => Line::Refused(refusal.fault.to_string()),
    }
}

fn plain(members: &Object, server: &str, at: Duration) -> Result<Tried, String> {
    if let Some((unknown, _)) = members.iter().find(|(name, _)| !MEMBERS.contains(name)) {
        return Err(format!(
            "unknown member `{unknown}`; a call has {}, a message has `jsonrpc`",
            MEMBERS.join(", ")
        ));
    }
    let text = |name: &str| match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("`{name}` is of type {}, not string", other.type_name())),
    };
    let tool = match (text("tool")?, text("name")?) {
        (Some(tool), None) | (None, Some(tool)) if !tool.is_empty() => tool,
        (Some(_), Some(_)) => return Err("both `tool` and `name`".to_owned()),
        _ => return Err("no `tool`".to_owned()),
    };
    let arguments = match members.get("arguments") {
        None => None,
        Some(object @ Value::Object(_)) => Some(object.clone()),
        Some(other) => return Err(format!("`arguments` is of type {}, not object", other.type_name())),
    };
    let at = match members.get("at") {
        None => at,
        Some(seconds) => moment(seconds, at)?,
    };
    Ok(Tried { server: text("server")?.unwrap_or_else(|| server.to_owned()), tool, arguments, at })
}

fn moment(seconds: &Value, earliest: Duration) -> Result<Duration, String> {
    let at = seconds
        .as_f64()
        .filter(|seconds| (0.0..=LATEST).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("`at` is no number of seconds from 0 to {LATEST}"))?;
    if at < earliest { Err("`at` is earlier than the line before".to_owned()) } else { Ok(at) }
}

const MEMBERS: [&str; 5] = ["server", "tool", "name", "arguments", "at"];
/// Seconds; thirty years.
const LATEST: f64 = 1e9;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Line {
        read_line(line.as_bytes(), "default", Duration::from_secs(5))
    }

    fn call(line: &str) -> (String, String, Option<String>, f64) {
        match read(line) {
            Line::Call(Tried { server, tool, arguments, at }) => {
                (server, tool, arguments.map(|arguments| arguments.to_string()), at.as_secs_f64())
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn calls_are_read_in_both_forms() {
        let expected = ("default".to_owned(), "t".to_owned(), None, 5.0);
        assert_eq!(call(r#"{"tool":"t"}"#), expected);
        assert_eq!(call(r#"{"name":"t"}"#), expected);
        assert_eq!(
            call(r#" {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}} "#),
            expected
        );
        assert_eq!(
            call(r#"{"server":"s","tool":"t","arguments":{"a":1},"at":7.5}"#),
            ("s".to_owned(), "t".to_owned(), Some(r#"{"a":1}"#.to_owned()), 7.5)
        );
        assert_eq!(read(" \r"), Line::Empty);
        assert_eq!(read(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#), Line::Other);
        assert_eq!(read(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), Line::Other);
    }

    #[test]
    fn what_the_proxy_would_refuse_is_refused() {
        for line in [
            "tools/call",
            "7",
            "[]",
            r#"[{"tool":"t"}]"#,
            r#"{"tool":"t""#,
            r#"{"tool":"t","tool":"u"}"#,
            r#"{"tool":"t","arguments":{"a":1,"a":2}}"#,
            r#"{"tool":"t","name":"t"}"#,
            r#"{"tool":""}"#,
            r#"{"server":"s"}"#,
            r#"{"tool":7}"#,
            r#"{"tool":"t","server":null}"#,
            r#"{"tool":"t","arguments":[]}"#,
            r#"{"tool":"t","arguments":null}"#,
            r#"{"Tool":"t"}"#,
            r#"{"tool":"t","input":{}}"#,
            r#"{"tool":"t","at":4}"#,
            r#"{"tool":"t","at":-1}"#,
            r#"{"tool":"t","at":"9"}"#,
            r#"{"tool":"t","at":1e300}"#,
            r#"{"method":"tools/call","params":{"name":"t"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":[]}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","NAME":"u"}}"#,
        ] {
            assert!(matches!(read(line), Line::Refused(_)), "{line}");
        }
        assert!(matches!(read_line(b"{\"tool\":\"\xff\"}", "", Duration::ZERO), Line::Refused(_)));
    }
}
