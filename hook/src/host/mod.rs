//! The hosts, and the form of each.

mod codex_notify;
mod generic;
mod lifecycle;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::args::Format;
use crate::noted::Noted;

/// Why what was handed over says nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Not text.
    #[error("the event is not UTF-8")]
    NotText,
    /// Not JSON, or not of the host's shape.
    #[error("the event cannot be read: {0}")]
    Shape(String),
    /// JSON that no host speaks.
    #[error("the event is of no known form: it has neither `hook_event_name` nor `tool`")]
    Unknown,
}

/// What tells the hosts apart.
#[derive(Deserialize)]
struct Marks {
    hook_event_name: Option<IgnoredAny>,
    turn_id: Option<IgnoredAny>,
    tool: Option<IgnoredAny>,
    #[serde(rename = "type")]
    kind: Option<IgnoredAny>,
}

/// Reads one event.
pub(crate) fn read(format: Format, bytes: &[u8]) -> Result<Noted<'_>, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotText)?;
    let marks: Marks = parse(text)?;
    match format {
        Format::ClaudeCode => lifecycle::read(lifecycle::CLAUDE_CODE, text),
        Format::Codex if marks.hook_event_name.is_none() => codex_notify::read(text),
        Format::Codex => lifecycle::read(lifecycle::CODEX, text),
        Format::Generic => generic::read(text),
        // Codex has a turn in each of its events.
        Format::Auto => match (marks.hook_event_name, marks.turn_id, marks.tool, marks.kind) {
            (Some(_), None, ..) => lifecycle::read(lifecycle::CLAUDE_CODE, text),
            (Some(_), Some(_), ..) => lifecycle::read(lifecycle::CODEX, text),
            (None, _, Some(_), _) => generic::read(text),
            (None, _, None, Some(_)) => codex_notify::read(text),
            (None, _, None, None) => Err(Unreadable::Unknown),
        },
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|error| Unreadable::Shape(without_value(&error.to_string())))
}

/// What the parser says, which names a place, a kind and perhaps a member's name, without the value that it found: a receipt's error is
/// read by everybody.
fn without_value(said: &str) -> String {
    let value = ["invalid type: ", "invalid value: "].into_iter().find_map(|words| {
        let (found, expected) = said.strip_prefix(words)?.rsplit_once(", expected ")?;
        let kind = found.split([' ', '`', '"']).next()?;
        Some(format!("{words}{kind}, expected {expected}"))
    });
    value.unwrap_or_else(|| said.to_owned())
}
