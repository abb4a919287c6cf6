//! What the transport must know of a message: what kind it is, and which id it has.
//!
//! Of a client's message this is a second reading, by the same strict parser, of bytes that the session has let through. Of a server's
//! it is a glance that builds nothing: the record has a reading of its own.

use std::fmt::{self, Formatter};

use agent_receipts_core::json::{Object, Rules, Value, canonical, parse};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A client's message.
#[derive(Debug)]
pub(crate) enum Outline {
    /// It is to be answered.
    Request(Request),
    /// It is not.
    Notification {
        /// The method.
        method: String,
        /// The request that `notifications/cancelled` names.
        cancels: Option<Id>,
    },
    /// It answers a request of the server.
    Response,
}

/// A request of the client.
#[derive(Debug)]
pub(crate) struct Request {
    /// Its id.
    pub(crate) id: Id,
    /// The method.
    pub(crate) method: String,
    /// The parameters, if they are an object.
    pub(crate) params: Object,
}

/// An id as JSON text in canonical form: `1` and `"1"` are two.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id(pub(crate) String);

impl Outline {
    /// Reads a message that the session has let through; none if it is no message after all.
    pub(crate) fn of(message: &[u8]) -> Option<Self> {
        let mut message = parse(message, Rules::Receipt).ok()?.into_object().ok()?;
        let params =
            message.remove("params").and_then(|params| params.into_object().ok()).unwrap_or_default();
        let id = message.get("id").map(Id::of);
        match (message.remove("method").and_then(|method| method.into_string().ok()), id) {
            (Some(method), Some(id)) => Some(Self::Request(Request { id, method, params })),
            (Some(method), None) => {
                let cancels = params.get("requestId").filter(|_| method == CANCELLED).map(Id::of);
                Some(Self::Notification { method, cancels })
            }
            (None, _) => Some(Self::Response),
        }
    }
}

impl Outline {
    /// The id under which an answer is awaited.
    pub(crate) fn into_id(self) -> Option<Id> {
        match self {
            Self::Request(request) => Some(request.id),
            _ => None,
        }
    }
}

impl Request {
    /// The version of the protocol that the request itself names: since 2026-07-28 each does, and there is no session.
    pub(crate) fn own_version(&self) -> Option<&str> {
        self.params.get("_meta")?.as_object()?.get(VERSION_KEY)?.as_str()
    }
}

impl Id {
    /// Whether a client takes an answer to the one for an answer to the other: the official clients do not tell `1` from `"1"`.
    fn is_taken_for(&self, other: &Self) -> bool {
        let digits = |id: &Self| id.0.trim_matches('"').to_owned();
        self == other || (digits(self) == digits(other) && digits(self).parse::<i64>().is_ok())
    }

    fn of(value: &Value) -> Self {
        Self(String::from_utf8_lossy(&canonical(value)).into_owned())
    }
}

/// What a server's message is, at a glance.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// The ids of what it answers: several if it is a batch.
    answers: Vec<Id>,
}

impl Glance {
    /// Looks at one message. What cannot be read answers nothing.
    pub(crate) fn at(message: &[u8]) -> Self {
        if let Some(messages) = batch(message) {
            return Self {
                answers: messages.iter().filter_map(|message| answered(message.get().as_bytes())).collect(),
            };
        }
        Self { answers: answered(message).into_iter().collect() }
    }

    /// Whether it is, or holds, the answer to a request.
    pub(crate) fn answers(&self, id: &Id) -> bool {
        self.answers.iter().any(|answered| answered.is_taken_for(id))
    }

    /// Whether it answers any request.
    pub(crate) fn is_answer(&self) -> bool {
        !self.answers.is_empty()
    }
}

/// The messages of a batch, which servers of 2025-03-26 may send; none if it is none.
pub(crate) fn batch(message: &[u8]) -> Option<Vec<&RawValue>> {
    let is_array = message.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    is_array.then(|| serde_json::from_slice(message).ok())?
}

fn answered(message: &[u8]) -> Option<Id> {
    // Others put U+FFFD in place of what is no text, too.
    let text = String::from_utf8_lossy(message);
    let seen: Seen<'_> = serde_json::from_str(&text).ok()?;
    // No more is asked for than the official clients ask for: an id, and no method.
    let id = seen.id.filter(|_| !seen.has_method)?;
    let id = parse(id.get().as_bytes(), Rules::Payload).ok().filter(|id| !id.is_null())?;
    Some(Id::of(&id))
}

/// An object as the official clients read it: where a member stands twice, the last one counts.
#[derive(Default)]
struct Seen<'a> {
    id: Option<&'a RawValue>,
    has_method: bool,
}

impl<'de> Deserialize<'de> for Seen<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Seen<'de>;

    fn expecting(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Seen<'de>, A::Error> {
        let mut seen = Seen::default();
        while let Some(name) = members.next_key()? {
            match name {
                Name::Id => seen.id = Some(members.next_value()?),
                Name::Method => seen.has_method = members.next_value::<Option<IgnoredAny>>()?.is_some(),
                Name::Other => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(seen)
    }
}

/// A member's name. It is looked at as bytes: half a surrogate in a name is no text, and hides nothing.
enum Name {
    Id,
    Method,
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_bytes(Naming)
    }
}

struct Naming;

impl Visitor<'_> for Naming {
    type Value = Name;

    fn expecting(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Name, E> {
        Ok(match name {
            b"id" => Name::Id,
            b"method" => Name::Method,
            _ => Name::Other,
        })
    }
}

/// What begins a session.
pub(crate) const INITIALIZE: &str = "initialize";
/// The notification by which a client says that it wants no answer any more.
pub(crate) const CANCELLED: &str = "notifications/cancelled";
/// The notification after which a client may ask for anything.
pub(crate) const INITIALIZED: &str = "notifications/initialized";
/// Where a request names its version (MCP 2026-07-28, per-request fields).
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let request =
            Outline::of(br#"{"jsonrpc":"2.0","id":"1","method":"tools/call","params":{"name":"x"}}"#);
        assert!(matches!(request, Some(Outline::Request(Request { id: Id(id), .. })) if id == "\"1\""));
        let cancel =
            Outline::of(br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
        assert!(matches!(cancel, Some(Outline::Notification { cancels: Some(Id(id)), .. }) if id == "1"));
        let other =
            Outline::of(br#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"requestId":1}}"#);
        assert!(matches!(other, Some(Outline::Notification { cancels: None, .. })));
        assert!(matches!(Outline::of(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Some(Outline::Response)));
        assert!(Outline::of(br#"{"id":1,"id":2,"method":"x"}"#).is_none());
        assert!(Outline::of(b"[]").is_none());
    }

    #[test]
    fn a_glance_tells_an_answer() {
        let answers = |text: &str, id: &str| Glance::at(text.as_bytes()).answers(&Id(id.to_owned()));
        assert!(answers(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "1"));
        assert!(answers(r#"{"jsonrpc":"2.0","id":"1","error":{}}"#, "\"1\""));
        assert!(answers(r#"{"jsonrpc":"2.0","id":"1","error":{}}"#, "1"), "as the official clients take it");
        assert!(!answers(r#"{"jsonrpc":"2.0","id":"x","error":{}}"#, "1"));
        assert!(answers(r#"{"id":1.0,"result":null}"#, "1"));
        let batch = r#" [{"id":1,"result":{}},7,{"id":2,"method":"ping"},{"id":"3","error":{}}]"#;
        assert!(answers(batch, "1") && answers(batch, "\"3\"") && !answers(batch, "2"));
        for none in [
            r#"{"id":1,"method":"ping"}"#,
            r#"{"method":"x"}"#,
            r#"{"id":null,"error":{}}"#,
            "[]",
            "[1",
            "[[1,null]]",
            "",
            "\u{1}",
        ] {
            assert!(!Glance::at(none.as_bytes()).is_answer(), "{none}");
        }
        // The last of two counts, as with most readers.
        assert!(answers(r#"{"id":9,"id":1,"result":{}}"#, "1") && !answers(r#"{"id":1,"id":9}"#, "1"));
        assert!(!answers(r#"{"id":1,"id":null,"result":{}}"#, "1"));
        assert!(answers(r#"{"id":1,"method":"x","m\u0065thod":null,"result":{}}"#, "1"));
        assert!(answers(r#"{"\ud800":0,"id":1,"result":"\ud800"}"#, "1"));
        assert!(Glance::at(b"{\"\xff\":0,\"id\":1,\"result\":\"\xff\"}").answers(&Id("1".into())));
        // Nothing nests too deep for a glance.
        let deep = format!(r#"{{"id":7,"result":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
        assert!(answers(&deep, "7"));
    }
}
