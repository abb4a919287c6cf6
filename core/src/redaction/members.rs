//! The first pass: a text that is JSON loses the values of members with telling names.

use crate::json::{Rules, Value, canonical, parse};

use super::REDACTED;

/// The text as canonical JSON with sensitive values replaced, or `None` if it is not JSON.
///
/// It is written anew even where nothing was replaced: an escape such as `gh\u0070_…` would hide a token from the
/// patterns of the second pass.
pub(super) fn redact_members(text: &str) -> Option<String> {
    let mut value = parse(text.as_bytes(), Rules::Payload).ok()?;
    // A work list instead of recursion: nesting may be 10,000 deep.
    let mut pending = vec![&mut value];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(elements) => pending.extend(elements),
            Value::Object(object) => {
                for (name, value) in object.iter_mut() {
                    if is_sensitive(name) {
                        *value = REDACTED.into();
                    } else {
                        pending.push(value);
                    }
                }
            }
            _ => {}
        }
    }
    String::from_utf8(canonical(&value)).ok()
}

fn is_sensitive(name: &str) -> bool {
    // No name in the list is longer; lower case may be shorter than what it stands for.
    name.len() <= 64 && SENSITIVE.contains(&name.to_lowercase().as_str())
}

/// Member names, in lower case, whose values are secrets (wire protocol §1.10).
const SENSITIVE: [&str; 29] = [
    "password",
    "token",
    "api_key",
    "apikey",
    "secret",
    "authorization",
    "private_key",
    "privatekey",
    "access_token",
    "refresh_token",
    "client_secret",
    "credentials",
    "session_token",
    "session_id",
    "sessionid",
    "auth_token",
    "cookie",
    "set-cookie",
    "x-api-key",
    "bearer",
    "jwt",
    "signing_key",
    "encryption_key",
    "database_url",
    "connection_string",
    "dsn",
    "ssh_key",
    "passphrase",
    "pin",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_any_case_at_any_depth() {
        for name in SENSITIVE {
            for name in [name.to_owned(), name.to_uppercase()] {
                for secret in ["\"s3\"", "7", "null", "[1,{\"a\":2}]", "{\"a\":\"s3\"}"] {
                    let text = format!("[{{\"x\":{{\"{name}\":{secret}}}}}]");
                    let expected = format!("[{{\"x\":{{\"{name}\":\"[REDACTED]\"}}}}]");
                    assert_eq!(redact_members(&text).as_deref(), Some(&*expected));
                }
            }
        }
    }

    #[test]
    fn a_name_that_only_contains_a_word_is_no_secret() {
        for text in [r#"{"tokens":1}"#, r#"{"my_token":1}"#, r#"{"token ":1}"#, r#"{"pinned":true}"#] {
            assert_eq!(redact_members(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn of_two_members_with_one_name_no_value_stays() {
        let text = r#"{"token":"first","token":"second"}"#;
        assert_eq!(redact_members(text).as_deref(), Some(r#"{"token":"[REDACTED]"}"#));
    }

    #[test]
    fn what_is_not_wholly_json_is_left_to_the_other_passes() {
        for text in ["", "failed: {\"token\":\"a\"}", "{\"token\":\"a\"} trailing", "{\"token\":", "1e400"] {
            assert_eq!(redact_members(text), None, "{text}");
        }
    }

    #[test]
    fn ten_thousand_levels_on_a_small_stack() {
        let text = format!("{}{{\"pin\":1}}{}", "[".repeat(9_999), "]".repeat(9_999));
        let redacted = std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(move || redact_members(&text))
            .unwrap()
            .join()
            .unwrap();
        assert!(redacted.unwrap().contains(r#"[{"pin":"[REDACTED]"}]"#));
    }
}
