//! What a result asks of the client, and what the client's next request answers: since 2026-07-28 a server asks in this way, and not by
//! requests of its own (specification, "input required" results).

use std::borrow::Cow;
use std::collections::BTreeMap;

use agent_receipts_core::json::{self, Rules, Value, canonical};
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One thing that a result asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Under which name the answer comes.
    pub(crate) name: String,
    /// What the same question was called as a request.
    pub(crate) method: String,
    /// Its parameters as JSON text.
    pub(crate) params: Option<String>,
}

/// What a result asks for; nothing, where it is a result indeed. Names that stand twice are read as most readers do: the last counts.
pub(crate) fn questions(result: &str) -> (Option<String>, Vec<Question>) {
    #[derive(Deserialize)]
    struct Round<'a> {
        #[serde(borrow, rename = "inputRequests")]
        requests: Option<&'a RawValue>,
        #[serde(borrow, rename = "requestState")]
        state: Option<&'a RawValue>,
    }
    if !may_ask(result) {
        return (None, Vec::new());
    }
    let Ok(round) = serde_json::from_str::<Round<'_>>(result) else { return patiently(result) };
    let requests: Option<BTreeMap<Cow<'_, str>, &RawValue>> =
        round.requests.and_then(|requests| serde_json::from_str(requests.get()).ok());
    let Some(requests) = requests else { return (None, Vec::new()) };
    let questions = requests.into_iter().filter_map(|(name, request)| Question::read(&name, request.get()));
    (round.state.map(state), questions.collect())
}

impl Question {
    fn read(name: &str, request: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Asked<'a> {
            #[serde(borrow)]
            method: Cow<'a, str>,
            #[serde(borrow)]
            params: Option<&'a RawValue>,
        }
        let Ok(asked) = serde_json::from_str::<Asked<'_>>(request) else {
            return Self::of(name, &json::parse(request.as_bytes(), Rules::Payload).ok()?);
        };
        let params = asked.params.map(|params| params.get().to_owned());
        Some(Self { name: name.to_owned(), method: asked.method.into_owned(), params })
    }

    fn of(name: &str, request: &Value) -> Option<Self> {
        let request = request.as_object()?;
        let method = request.get("method")?.as_str()?.to_owned();
        Some(Self { name: name.to_owned(), method, params: request.get("params").map(text) })
    }
}

/// The same of a result in which members stand twice.
fn patiently(result: &str) -> (Option<String>, Vec<Question>) {
    let result = json::parse(result.as_bytes(), Rules::Payload).ok();
    let result = result.as_ref().and_then(Value::as_object);
    let requests = result.and_then(|result| result.get("inputRequests")?.as_object());
    let Some((result, requests)) = result.zip(requests) else { return (None, Vec::new()) };
    let state = result
        .get("requestState")
        .filter(|state| !state.is_null())
        .map(|state| state.as_str().map_or_else(|| text(state), str::to_owned));
    (state, requests.iter().filter_map(|(name, request)| Question::of(name, request)).collect())
}

/// A state, which is handed back as it came: a text, or whatever a server takes for one.
fn state(raw: &RawValue) -> String {
    match json::parse(raw.get().as_bytes(), Rules::Payload) {
        Ok(value) => value.as_str().map_or_else(|| text(&value), str::to_owned),
        Err(_) => raw.get().to_owned(),
    }
}

fn text(value: &Value) -> String {
    String::from_utf8_lossy(&canonical(value)).into_owned()
}

/// What a client's request answers, of a round that it is part of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Answers {
    /// What the server gave the client to hand back.
    pub state: Option<String>,
    /// The answers as JSON text, by the names of the questions.
    pub answers: Vec<(String, String)>,
}

/// What the parameters of a request answer. They are strict JSON by now, so that no name stands twice.
pub(super) fn answers(params: &str) -> Answers {
    #[derive(Deserialize)]
    struct Answered<'a> {
        #[serde(borrow, rename = "inputResponses")]
        responses: Option<BTreeMap<Cow<'a, str>, &'a RawValue>>,
        #[serde(borrow, rename = "requestState")]
        state: Option<&'a RawValue>,
    }
    let answered = serde_json::from_str::<Answered<'_>>(params).ok();
    let Some(Answered { responses: Some(responses), state }) = answered else { return Answers::default() };
    let answer = |(name, response): (Cow<'_, str>, &RawValue)| (name.into_owned(), response.get().to_owned());
    Answers { state: state.map(self::state), answers: responses.into_iter().map(answer).collect() }
}

/// A long result is not read for nothing: the member's name is looked for first, and an escape with which it may be written otherwise.
fn may_ask(result: &str) -> bool {
    let there = |word: &str| memmem::find(result.as_bytes(), word.as_bytes()).is_some();
    result.starts_with('{') && (result.len() <= SHORT || there("inputRequests") || there("\\u00"))
}

/// Reading this much costs less than a call may.
const SHORT: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, method: &str, params: Option<&str>) -> Question {
        Question { name: name.to_owned(), method: method.to_owned(), params: params.map(str::to_owned) }
    }

    #[test]
    fn a_result_that_asks_tells_what() {
        let result = r#"{"resultType":"input_required","requestState":"s\u0031","inputRequests":{
            "b":{"method":"sampling/createMessage","params":{ "x":1.0 }},"a":{"method":"roots/list"},"c":7}}"#;
        let expected = vec![
            question("a", "roots/list", None),
            question("b", "sampling/createMessage", Some(r#"{ "x":1.0 }"#)),
        ];
        assert_eq!(questions(result), (Some("s1".to_owned()), expected));
    }

    #[test]
    fn an_escape_or_length_hides_no_question() {
        let long = "x".repeat(SHORT);
        for name in ["inputRequests", "inputRequest\\u0073"] {
            let result = format!(r#"{{"text":"{long}","{name}":{{"q":{{"method":"roots/list"}}}}}}"#);
            assert_eq!(questions(&result).1, [question("q", "roots/list", None)], "{name}");
        }
    }

    /// Most readers let the last of two members count, and none of them minds what a state is.
    #[test]
    fn no_member_that_stands_twice_and_no_odd_state_hides_a_question() {
        let asked = r#"{"q":{"method":"elicitation/create","params":{"b":1,"a":2}}}"#;
        let twice = |members: &str| questions(&format!("{{{members}}}"));
        let canonical = || vec![question("q", "elicitation/create", Some(r#"{"a":2,"b":1}"#))];
        assert_eq!(twice(&format!(r#""inputRequests":{{}},"inputRequests":{asked}"#)), (None, canonical()));
        let state = twice(&format!(r#""requestState":"a","requestState":"b","inputRequests":{asked}"#));
        assert_eq!(state, (Some("b".to_owned()), canonical()));
        let method = asked.replacen("\"method\"", "\"method\":\"ping\",\"method\"", 1);
        assert_eq!(twice(&format!(r#""inputRequests":{method}"#)), (None, canonical()));
        let odd = twice(&format!(r#""requestState":[1.0],"inputRequests":{asked}"#));
        assert_eq!(
            odd,
            (Some("[1]".to_owned()), vec![question("q", "elicitation/create", Some(r#"{"b":1,"a":2}"#))])
        );
        let answered = answers(r#"{"requestState":[1.0],"inputResponses":{"q":{}}}"#);
        assert_eq!(answered, Answers { state: odd.0, answers: vec![("q".to_owned(), "{}".to_owned())] });
    }

    #[test]
    fn other_results_ask_nothing() {
        for result in ["{}", "[]", "7", "null", r#"{"inputRequests":[1]}"#, r#"{"inputRequests":null}"#, "{"]
        {
            assert_eq!(questions(result), (None, Vec::new()), "{result}");
        }
    }

    #[test]
    fn answers_are_kept_as_they_stand() {
        let params = r#"{"name":"t","inputResponses":{"q":{ "action":"accept" }},"requestState":"s"}"#;
        let expected = vec![("q".to_owned(), r#"{ "action":"accept" }"#.to_owned())];
        assert_eq!(answers(params), Answers { state: Some("s".to_owned()), answers: expected });
        assert_eq!(answers(r#"{"requestState":"s"}"#), Answers::default());
    }
}
