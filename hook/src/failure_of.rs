//! Whether a tool's response is that of a failure. Hosts report some failures as successes.

use serde_json::{Map, Value};

/// What went wrong by the response's own word; empty if nothing did.
pub(crate) fn failure_of(response: &str) -> String {
    // Far beyond what says how it ended; a response of that size is only hashed.
    if response.len() > MOST_READ {
        return String::new();
    }
    match serde_json::from_str(response) {
        Ok(Value::Object(members)) => of_object(&members).unwrap_or_default(),
        _ => String::new(),
    }
}

fn of_object(members: &Map<String, Value>) -> Option<String> {
    let nested = members.get("metadata").and_then(Value::as_object);
    let code = members_of(members, nested, &["exit_code", "exitCode", "returncode"])
        .and_then(Value::as_i64)
        .filter(|code| *code != 0);
    let flagged = ["is_error", "isError", "interrupted"];
    let flag = flagged.into_iter().find(|name| members.get(*name) == Some(&Value::Bool(true)));
    let refused = members.get("success") == Some(&Value::Bool(false));
    let error = members.get("error").filter(|error| !is_nothing(error));
    if code.is_none() && flag.is_none() && !refused && error.is_none() {
        return None;
    }
    let said = error.map(|error| error.as_str().map_or_else(|| error.to_string(), str::to_owned));
    let stderr = || members.get("stderr").and_then(Value::as_str).filter(|text| !text.is_empty());
    Some(said.or_else(|| stderr().map(str::to_owned)).unwrap_or_else(|| match (code, flag) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some("interrupted")) => "interrupted".to_owned(),
        _ => "the tool reported an error".to_owned(),
    }))
}

fn members_of<'a>(
    members: &'a Map<String, Value>,
    nested: Option<&'a Map<String, Value>>,
    names: &[&str],
) -> Option<&'a Value> {
    [Some(members), nested]
        .into_iter()
        .flatten()
        .find_map(|place| names.iter().find_map(|name| place.get(*name)))
}

fn is_nothing(error: &Value) -> bool {
    matches!(error, Value::Null | Value::Bool(false)) || error.as_str() == Some("")
}

const MOST_READ: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_seen_however_they_are_said() {
        for (response, said) in [
            (r#"{"is_error":true}"#, "the tool reported an error"),
            (r#"{"isError":true,"content":[]}"#, "the tool reported an error"),
            (r#"{"success":false,"error":"no such file"}"#, "no such file"),
            (r#"{"error":{"code":7}}"#, r#"{"code":7}"#),
            (r#"{"stdout":"","stderr":"boom","interrupted":true}"#, "boom"),
            (r#"{"stdout":"","stderr":"","interrupted":true}"#, "interrupted"),
            (r#"{"exit_code":2,"stderr":"bad"}"#, "bad"),
            (r#"{"exitCode":-1}"#, "exit code -1"),
            (r#"{"output":"","metadata":{"exit_code":127}}"#, "exit code 127"),
        ] {
            assert_eq!(failure_of(response), said, "{response}");
        }
    }

    #[test]
    fn a_success_is_no_failure() {
        for response in [
            r#"{"stdout":"error","stderr":"a warning","interrupted":false}"#,
            r#"{"exit_code":0,"error":null}"#,
            r#"{"error":""}"#,
            r#"{"error":false,"success":true}"#,
            r#"{"is_error":"true"}"#,
            "\"error\"",
            "[]",
            "null",
            "{",
        ] {
            assert_eq!(failure_of(response), "", "{response}");
        }
    }
}
