//! What a request may say beside its message.

use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName};

use crate::http::bridge::{LAST_EVENT_ID, SESSION_ID};
use crate::http::outline::{Outline, Request};
use crate::http::remote::{Content, content};
use crate::http::stamp::{METHOD, NAME, PARAM, VERSION, among, decoded, named};

/// A header that is there twice: the first reader and the last would see two requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the header `{0}` is there more than once")]
pub(super) struct Twice(HeaderName);

/// A header that says something else than the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the header `{0}` says something else than the message")]
pub(super) struct Mismatch(HeaderName);

/// The headers of a client that reach the server; of the others it learns nothing.
pub(super) fn passed(headers: &HeaderMap) -> Result<HeaderMap, Twice> {
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        if !PASSED.contains(name) && !name.as_str().starts_with(PARAM) {
            continue;
        }
        let mut value = value.clone();
        value.set_sensitive(*name == AUTHORIZATION);
        // `Accept` is a list that may be on several lines.
        if *name == ACCEPT {
            passed.append(name, value);
        } else if passed.insert(name, value).is_some() {
            return Err(Twice(name.clone()));
        }
    }
    Ok(passed)
}

/// Whether a message is JSON in UTF-8, by its type: a server that goes by another `charset` would read another message out of it.
pub(super) fn is_plain_json(headers: &HeaderMap) -> bool {
    let parameters = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let charset = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    };
    content(headers) == Content::Json
        && parameters
            .split(';')
            .filter_map(charset)
            .all(|charset| matches!(charset.as_str(), "utf-8" | "utf8"))
}

/// Holds the headers that repeat the message against it. Who routes by the one and who acts by the other must see the same.
///
/// What is not there is the server's to miss.
pub(super) fn agree(passed: &HeaderMap, outline: &Outline) -> Result<(), Mismatch> {
    let (method, request) = match outline {
        Outline::Request(request) => (Some(request.method.as_str()), Some(request)),
        Outline::Notification { method, .. } => (Some(method.as_str()), None),
        Outline::Response => (None, None),
    };
    let version = request.and_then(Request::own_version);
    let arguments = request.and_then(|request| request.params.get("arguments")?.as_object());
    for (name, value) in passed {
        let agrees = match name {
            name if *name == METHOD => method.is_some_and(|method| value.as_bytes() == method.as_bytes()),
            name if *name == NAME => {
                decoded(value).is_some_and(|name| request.and_then(named) == Some(name.as_str()))
            }
            name if *name == VERSION => version.is_none_or(|version| value.as_bytes() == version.as_bytes()),
            name if name.as_str().starts_with(PARAM) => {
                decoded(value).zip(arguments).is_some_and(|(text, arguments)| among(arguments, &text))
            }
            _ => true,
        };
        if !agrees {
            return Err(Mismatch(name.clone()));
        }
    }
    Ok(())
}

/// Takes away what repeats a message, where there is none.
pub(super) fn say_nothing(passed: &mut HeaderMap) {
    let repeats = |name: &HeaderName| *name == METHOD || *name == NAME || name.as_str().starts_with(PARAM);
    for name in passed.keys().filter(|name| repeats(name)).cloned().collect::<Vec<_>>() {
        passed.remove(name);
    }
}

/// The session that a request or an answer names.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    headers.get(SESSION_ID)?.to_str().ok().filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)
}

/// The headers of a server that reach the client.
pub(super) fn returned(headers: &HeaderMap) -> HeaderMap {
    let known = headers.iter().filter(|(name, _)| RETURNED.contains(&name.as_str()));
    known.map(|(name, value)| (name.clone(), value.clone())).collect()
}

const PASSED: [HeaderName; 8] =
    [ACCEPT, AUTHORIZATION, CONTENT_TYPE, LAST_EVENT_ID, METHOD, NAME, SESSION_ID, VERSION];
const RETURNED: [&str; 7] = [
    "allow",
    "cache-control",
    "content-type",
    "mcp-protocol-version",
    "mcp-session-id",
    "retry-after",
    "www-authenticate",
];
const LONGEST_ID: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_what_is_listed_passes() {
        let given = headers(&[
            ("accept", "application/json"),
            ("accept", "text/event-stream"),
            ("authorization", "Bearer s3cret"),
            ("cookie", "a=b"),
            ("x-forwarded-for", "1.2.3.4"),
            ("accept-encoding", "gzip"),
            ("mcp-session-id", "s"),
            ("mcp-param-region", "eu"),
        ]);
        let passed = passed(&given).unwrap();
        let mut names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "authorization", "mcp-param-region", "mcp-session-id"]);
        assert_eq!(passed.get_all(ACCEPT).iter().count(), 2);
        assert!(!format!("{passed:?}").contains("s3cret"));
    }

    #[test]
    fn a_header_that_is_there_twice_is_refused() {
        for name in ["mcp-session-id", "authorization", "mcp-method", "content-type", "mcp-param-x"] {
            assert!(passed(&headers(&[(name, "a"), (name, "a")])).is_err(), "{name}");
        }
    }

    #[test]
    fn a_header_says_what_the_message_says() {
        let modern = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"z\u00fcrich",
            "arguments":{"region":"eu"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let before = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        let told = br#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
        let answer = br#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        let agrees = |message: &[u8], pairs: &[(&str, &str)]| {
            agree(&headers(pairs), &Outline::of(message).unwrap()).is_ok()
        };
        let whole = [
            ("mcp-method", "tools/call"),
            ("mcp-name", "=?base64?esO8cmljaA==?="),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-param-region", "eu"),
        ];
        assert!(agrees(modern, &whole));
        assert!(agrees(modern, &[]), "it is for the server to miss them");
        for (name, lie) in [
            ("mcp-method", "ping"),
            ("mcp-method", "Tools/Call"),
            ("mcp-name", "harmless"),
            ("mcp-name", ""),
            ("mcp-name", "=?base64?esO8cmljaA?="),
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-param-region", "us"),
            ("mcp-param-other", "2026-07-28"),
        ] {
            assert!(!agrees(modern, &[(name, lie)]), "{name}: {lie}");
        }
        assert!(agrees(before, &[("mcp-protocol-version", "2025-11-25"), ("mcp-method", "tools/list")]));
        assert!(!agrees(before, &[("mcp-name", "x")]) && !agrees(before, &[("mcp-param-x", "y")]));
        assert!(
            agrees(told, &[("mcp-method", "notifications/x")]) && !agrees(told, &[("mcp-method", "ping")])
        );
        assert!(agrees(answer, &[]) && !agrees(answer, &[("mcp-method", "ping")]));
    }
}
