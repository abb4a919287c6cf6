//! What a request may say beside its message.

use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName};

use crate::http::bridge::{LAST_EVENT_ID, SESSION_ID};
use crate::http::outline::Outline;
use crate::http::stamp::{METHOD, NAME, PARAM, VERSION, among, decoded, stamp};

/// A header that is there twice: the first reader and the last would see two requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the header `{0}` is there more than once")]
pub(super) struct Twice(HeaderName);

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

/// Writes the headers anew that repeat the message, so that they can say nothing else than it does.
pub(super) fn repeat(passed: &mut HeaderMap, outline: Option<&Outline>) {
    for name in [METHOD, NAME] {
        passed.remove(name);
    }
    let parameters: Vec<HeaderName> =
        passed.keys().filter(|name| name.as_str().starts_with(PARAM)).cloned().collect();
    let request = match outline {
        Some(Outline::Request(request)) => Some(request),
        _ => None,
    };
    let arguments = request.and_then(|request| request.params.get("arguments")?.as_object());
    for name in parameters {
        let text = passed.get(&name).and_then(decoded);
        let known = text.zip(arguments).is_some_and(|(text, arguments)| among(arguments, &text));
        if !known {
            passed.remove(&name);
        }
    }
    for (name, value) in request.and_then(stamp).unwrap_or_default() {
        if let Some(name) = name {
            passed.insert(name, value);
        }
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
    fn what_repeats_the_message_is_taken_from_the_message() {
        let message = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_all",
            "arguments":{"region":"eu"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let mut given = headers(&[
            ("mcp-method", "ping"),
            ("mcp-name", "harmless"),
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-param-region", "eu"),
            ("mcp-param-target", "another"),
        ]);
        repeat(&mut given, Outline::of(message).as_ref());
        assert_eq!(
            (&given[METHOD], &given[NAME], &given[VERSION]),
            (&"tools/call".parse().unwrap(), &"delete_all".parse().unwrap(), &"2026-07-28".parse().unwrap(),)
        );
        assert!(given.contains_key("mcp-param-region"));
        assert!(!given.contains_key("mcp-param-target"), "a value that the message has not");
    }

    #[test]
    fn a_message_without_a_version_is_not_routed_by_headers() {
        let mut given = headers(&[("mcp-method", "ping"), ("mcp-name", "x"), ("mcp-param-y", "z")]);
        given.insert(VERSION, "2025-11-25".parse().unwrap());
        repeat(&mut given, Outline::of(br#"{"jsonrpc":"2.0","method":"notifications/x"}"#).as_ref());
        assert_eq!(given, headers(&[("mcp-protocol-version", "2025-11-25")]));
    }
}
