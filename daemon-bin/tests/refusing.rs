//! Bad frames: counted and logged, without a receipt, a sequence or harm to anybody else.

mod support;

use std::io::{Read as _, Write as _};

use support::{Home, event, field};

/// Each with a word of the reason that the log must give.
const INVALID: &[(&str, &str)] = &[
    ("not json", "unexpected byte"),
    ("[]", "expected an object"),
    ("null", "missing v"),
    (r#"{"v":1}"#, "`v` must be"),
    (
        r#"{"v":"2","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","channel":"c","tool":{"name":"t"},"decision":"allowed"}"#,
        "unsupported frame version",
    ),
    (
        r#"{"v":"1","ts_emit":"2026-01-01T00:00:00Z","channel":"c","tool":{"name":"t"},"decision":"allowed"}"#,
        "missing session_id",
    ),
    (
        r#"{"v":"1","ts_emit":"yesterday","session_id":"s","channel":"c","tool":{"name":"t"},"decision":"allowed"}"#,
        "ts_emit",
    ),
    (
        r#"{"v":"1","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","tool":{"name":"t"},"decision":"allowed"}"#,
        "missing channel",
    ),
    (
        r#"{"v":"1","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","channel":"c","tool":{},"decision":"allowed"}"#,
        "missing tool.name",
    ),
    (
        r#"{"v":"1","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","channel":"c","tool":{"name":"t"},"decision":"perhaps"}"#,
        "unknown decision",
    ),
    (r#"{"v":"1","v":"1"}"#, "duplicate"),
];

#[test]
fn an_invalid_frame_uses_up_no_sequence_and_the_connection_lives() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.record(&event(""));
    for (frame, reason) in INVALID {
        let mut client = home.connect();
        client.send(frame);
        client.send(&event(r#""input":1e400"#));
        support::wait_until(reason, || home.logged(reason));
    }
    assert!(home.logged("number out of range"));
    assert_eq!(home.rows().len(), 1);
    // The next good event tells how many were lost, right before it.
    let reply = client.record(&event(""));
    assert_eq!(field(&reply, "sequence").as_u64(), Some(3));
    daemon.stop().unwrap();
    let chain = home.chain("audit");
    let lost = chain[1].subject.action.emitter_metadata.as_ref().unwrap().drop_count;
    assert_eq!(lost, Some(2 * INVALID.len() as u64));
}

#[test]
fn who_asked_is_told_and_in_the_order_of_the_frames() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    for body in [
        event(r#""ack":true"#),
        r#"{"v":"1","ack":true}"#.to_owned(),
        event(r#""ack":true"#),
        event(r#""ack":false"#),
        event(r#""ack":true"#),
    ] {
        client.send(&body);
    }
    let oks: Vec<_> = (0..4)
        .map(|_| client.reply())
        .map(|reply| (field(&reply, "ok").as_bool(), field(&reply, "sequence").as_u64()))
        .collect();
    assert_eq!(
        oks,
        [(Some(true), Some(1)), (Some(false), None), (Some(true), Some(3)), (Some(true), Some(5))]
    );
    daemon.stop().unwrap();
}

#[test]
fn a_refusal_says_why() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    let reply = client.ask(r#"{"v":"1","ts_emit":"2026-01-01T00:00:00Z"}"#);
    let error = field(&reply, "error");
    assert_eq!(field(error, "code").as_str(), Some("invalid_frame"));
    assert!(field(error, "message").as_str().unwrap().contains("missing session_id"), "{reply}");
    daemon.stop().unwrap();
}

#[test]
fn a_frame_that_did_not_ask_gets_no_byte() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.send(&event(""));
    client.send("nonsense");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    client.0.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"");
    daemon.stop().unwrap();
}

#[test]
fn bad_framing_ends_its_connection_and_no_other() {
    let home = Home::new();
    let daemon = home.start();
    let mut witness = home.connect();
    witness.record(&event(""));
    for bytes in
        [&[0_u8, 0, 0, 0][..], &[0, 16, 0, 1], &[255, 255, 255, 255], &[0, 0], &[0, 0, 0, 100, b'{', b'}']]
    {
        let mut client = home.connect();
        client.0.write_all(bytes).unwrap();
        client.0.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        client.0.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"");
    }
    support::wait_until("four frame errors in the log", || {
        home.lines.lock().unwrap().iter().filter(|line| line.contains("frame refused")).count() == 5
    });
    witness.record(&event(""));
    daemon.stop().unwrap();
    let kinds: Vec<_> = home
        .chain("audit")
        .into_iter()
        .map(|r| (r.subject.action.kind, r.subject.action.emitter_metadata.and_then(|m| m.drop_count)))
        .collect();
    assert_eq!(kinds[1], ("agent_receipts.events_dropped".to_owned(), Some(5)));
    assert_eq!(kinds.len(), 4);
}

#[test]
fn a_frame_of_exactly_one_mebibyte_is_recorded_and_one_more_byte_is_not() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    let shell = event(r#""ack":true,"input":"""#).len();
    let full = event(&format!(r#""ack":true,"input":"{}""#, "x".repeat((1 << 20) - shell)));
    assert_eq!(full.len(), 1 << 20);
    client.send(&full);
    assert_eq!(field(&client.reply(), "ok").as_bool(), Some(true));
    client.0.write_all(&((1_u32 << 20) + 1).to_be_bytes()).unwrap();
    let mut answer = Vec::new();
    client.0.read_to_end(&mut answer).unwrap();
    daemon.stop().unwrap();
    assert!(home.logged("too large"), "{:?}", home.lines.lock().unwrap());
}

#[test]
fn lost_frames_that_no_event_followed_are_told_at_the_end() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    client.send("nonsense");
    client.send("more nonsense");
    drop(client);
    support::wait_until("both refusals", || {
        home.lines.lock().unwrap().iter().filter(|line| line.contains("frame refused")).count() == 2
    });
    daemon.stop().unwrap();
    let chain = home.chain("audit");
    assert_eq!(chain[0].subject.action.emitter_metadata.as_ref().unwrap().drop_count, Some(2));
    assert_eq!(chain[1].subject.chain.status.as_deref(), Some("interrupted"));
}

#[test]
fn usage_too_deep_for_a_receipt_is_refused() {
    let home = Home::new();
    let daemon = home.start();
    let mut client = home.connect();
    for (depth, ok) in [(9_990, true), (9_991, false)] {
        let usage = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let reply = client.ask(&event(&format!(r#""usage":{usage}"#)));
        assert_eq!(field(&reply, "ok").as_bool(), Some(ok), "{depth}");
    }
    daemon.stop().unwrap();
    assert_eq!(home.receipts().len(), 3, "what was recorded can be read again, however deep");
}
