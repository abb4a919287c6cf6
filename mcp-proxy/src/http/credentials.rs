//! Headers of the operator's own, whose values come from the environment and are never shown.

use std::ffi::OsString;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

/// Why a header cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CredentialError {
    /// Not `Name=VARIABLE`.
    #[error("`--header-env` takes `Name=VARIABLE`, where the environment variable holds the value")]
    Shape,
    /// The name is not one of a header.
    #[error("`{0}` is not the name of a header")]
    Name(String),
    /// A header that belongs to the protocol, and not to the operator.
    #[error("the header `{0}` is the protocol's own")]
    Ours(String),
    /// The variable is not set, or empty.
    #[error("the environment variable `{0}` is not set")]
    Unset(String),
    /// The value has characters that no header may have. The value is not shown.
    #[error("the value of the environment variable `{0}` cannot be sent in a header")]
    Value(String),
}

/// Reads what `--header-env` names. `variable` looks one up.
pub(crate) fn credentials(
    given: &[String],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<HeaderMap, CredentialError> {
    let mut headers = HeaderMap::new();
    for pair in given {
        let (name, source) = pair.split_once('=').ok_or(CredentialError::Shape)?;
        if name.is_empty() || source.is_empty() {
            return Err(CredentialError::Shape);
        }
        let header: HeaderName = name.parse().map_err(|_| CredentialError::Name(name.to_owned()))?;
        if is_the_protocols(&header) {
            return Err(CredentialError::Ours(header.to_string()));
        }
        let value = variable(source).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| CredentialError::Unset(source.to_owned()))?;
        let value =
            value.into_string().ok().and_then(|text| HeaderValue::from_str(text.trim_end_matches('\n')).ok());
        let mut value = value.ok_or_else(|| CredentialError::Value(source.to_owned()))?;
        // It prints itself as `Sensitive` from now on.
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

/// What says how a message is framed and which session it belongs to: two sources of that would be two readings.
fn is_the_protocols(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("mcp-")
        || [
            "accept",
            "accept-encoding",
            "connection",
            "content-encoding",
            "content-length",
            "content-type",
            "expect",
            "host",
            "last-event-id",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ]
        .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &str) -> Result<HeaderMap, CredentialError> {
        credentials(&[given.to_owned()], |name| match name {
            "TOKEN" => Some("Bearer s3cret".into()),
            "SPLIT" => Some("Bearer s3cret\r\nX-Evil: 1".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        })
    }

    #[test]
    fn a_value_is_sent_and_not_shown() {
        let headers = read("Authorization=TOKEN").unwrap();
        assert_eq!(headers["authorization"], "Bearer s3cret");
        assert!(!format!("{headers:?}").contains("s3cret"));
    }

    #[test]
    fn what_cannot_be_sent() {
        use CredentialError as E;
        for (given, error) in [
            ("Authorization", E::Shape),
            ("=TOKEN", E::Shape),
            ("Authorization=", E::Shape),
            ("Author ization=TOKEN", E::Name("Author ization".into())),
            ("Mcp-Session-Id=TOKEN", E::Ours("mcp-session-id".into())),
            ("Content-Length=TOKEN", E::Ours("content-length".into())),
            ("Authorization=NOWHERE", E::Unset("NOWHERE".into())),
            ("Authorization=EMPTY", E::Unset("EMPTY".into())),
            ("Authorization=SPLIT", E::Value("SPLIT".into())),
        ] {
            let got = read(given).unwrap_err();
            assert!(!format!("{got} {got:?}").contains("s3cret"));
            assert_eq!(got, error);
        }
    }
}
