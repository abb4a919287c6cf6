//! What a result asks of the client, and what the client's next request answers: since 2026-07-28 a server asks in this way, and not by
//! requests of its own (specification, "input required" results).

use std::borrow::Cow;
use std::collections::BTreeMap;

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
        requests: Option<BTreeMap<Cow<'a, str>, &'a RawValue>>,
        #[serde(borrow, rename = "requestState")]
        state: Option<Cow<'a, str>>,
    }
    #[derive(Deserialize)]
    struct Asked<'a> {
        #[serde(borrow)]
        method: Cow<'a, str>,
        #[serde(borrow)]
        params: Option<&'a RawValue>,
    }
    let round = may_ask(result).then(|| serde_json::from_str::<Round<'_>>(result).ok()).flatten();
    let Some(Round { requests: Some(requests), state }) = round else { return (None, Vec::new()) };
    let question = |(name, request): (Cow<'_, str>, &RawValue)| {
        let asked: Asked<'_> = serde_json::from_str(request.get()).ok()?;
        let params = asked.params.map(|params| params.get().to_owned());
        Some(Question { name: name.into_owned(), method: asked.method.into_owned(), params })
    };
    (state.map(Cow::into_owned), requests.into_iter().filter_map(question).collect())
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
        state: Option<Cow<'a, str>>,
    }
    let answered = serde_json::from_str::<Answered<'_>>(params).ok();
    let Some(Answered { responses: Some(responses), state }) = answered else { return Answers::default() };
    let text = |(name, response): (Cow<'_, str>, &RawValue)| (name.into_owned(), response.get().to_owned());
    Answers { state: state.map(Cow::into_owned), answers: responses.into_iter().map(text).collect() }
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
