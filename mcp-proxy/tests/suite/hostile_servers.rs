//! What a server does so that a call vanishes from the record.

use serde_json::{Value, json};

use crate::wrapped::Wrapped;

#[test]
fn answers_pass_byte_for_byte() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "spaced", json!({}));
    assert_eq!(wrapped.line(), b" { \"id\" : 1 , \"result\":\t1.50 }\r\n");
    let over = wrapped.over();
    assert_eq!(over.of("spaced")[1]["output"], 1.5);
}

#[test]
fn what_is_no_message_passes_and_is_counted() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "garbage", json!({}));
    assert_eq!(wrapped.line(), b"Starting up...\n");
    assert_eq!(wrapped.line(), b"\xff\xfe\n");
    assert_eq!(wrapped.line(), b"[1,\n");
    assert_eq!(wrapped.hear()["result"], 1);
    let over = wrapped.over();
    assert_eq!(over.of("unreadable").len(), 1, "the first");
    assert_eq!(over.of("unreadable")[0]["output"]["withheld"]["bytes"], "Starting up...".len());
    assert_eq!(over.all.last().unwrap()["output"]["unreadable"], 3, "and how many");
}

#[test]
fn a_second_answer_is_recorded_beside_the_first() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "twice", json!({}));
    assert_eq!((wrapped.hear()["result"].clone(), wrapped.hear()["result"].clone()), (json!(1), json!(2)));
    let over = wrapped.over();
    assert_eq!(over.of("twice")[1]["output"], 1);
    assert_eq!(
        (&over.of("unasked")[0]["output"], &over.of("unasked")[0]["idempotency_key"]),
        (&json!(2), &json!("1"))
    );
}

#[test]
fn an_answer_under_another_spelling_of_the_id_closes_the_call() {
    // The official clients take it for the answer.
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "as-text", json!({}));
    assert_eq!(wrapped.hear()["id"], "1");
    assert_eq!(wrapped.over().of("as-text")[1]["output"], "text");
}

#[test]
fn an_answer_in_a_batch_closes_the_call() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "batch", json!({}));
    assert!(wrapped.hear().is_array());
    assert_eq!(wrapped.over().of("batch")[1]["output"], "in a batch");
}

#[test]
fn an_answer_that_can_be_read_in_two_ways_says_so() {
    let mut wrapped = Wrapped::start(&[]);
    wrapped.call(1, "doubled", json!({}));
    wrapped.line();
    let over = wrapped.over();
    let last = over.of("doubled")[1];
    assert_eq!(last["output"], "two");
    assert!(last["error"].as_str().is_some_and(|error| error.contains("not strict json")), "{last}");
}

#[test]
fn a_message_beyond_all_measure_is_dropped_and_recorded() {
    let mut wrapped = Wrapped::start(&["--max-message", "10000"]);
    wrapped.call(1, "long", json!({"bytes": 3_000_000}));
    wrapped.call(2, "read", json!({}));
    assert_eq!(wrapped.hear()["id"], 2, "the next passes");
    let over = wrapped.over();
    assert!(over.of("unreadable")[0]["output"]["withheld"]["bytes"].as_u64().is_some_and(|b| b > 3_000_000));
    assert_eq!(over.of("long")[1]["error"], "no answer: the client left");
}

#[test]
fn a_question_that_is_asked_again_closes_the_first_one() {
    let mut wrapped = Wrapped::start(&[]);
    for id in 1..=2 {
        wrapped.call(id, "ask", json!({"method": "elicitation/create"}));
        assert_eq!(wrapped.hear()["id"], "q1");
    }
    wrapped.say(r#"{"jsonrpc":"2.0","id":"q1","result":{"action":"accept"}}"#);
    wrapped.hear();
    let over = wrapped.over();
    let asked = over.of("elicitation/create");
    let with = |correlation: &Value| -> Vec<&Value> {
        asked
            .iter()
            .filter(|frame| frame["correlation_id"] == *correlation)
            .map(|frame| &frame["decision"])
            .collect()
    };
    assert_eq!(asked.len(), 4, "{asked:#?}");
    for question in &asked[..2] {
        assert_eq!(with(&question["correlation_id"]), ["pending", "allowed"]);
    }
}
