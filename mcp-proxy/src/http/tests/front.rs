//! HTTP on both sides.

use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use super::house::House;
use super::server::{Server, accepted, event, events, hung_up, json, reply, result};

const CALL: &str =
    r#"{ "jsonrpc":"2.0","id":1, "method":"tools/call","params":{"name":"x","arguments":{"n":1.0}} }"#;

fn plain() -> Server {
    Server::new(|request, stream| match request.what().as_str() {
        "initialize" => reply(
            stream,
            "200 OK\r\nMcp-Session-Id: s1\r\nSet-Cookie: a=b",
            "application/json",
            &result(request, ""),
        ),
        "tools/call" => json(stream, &result(request, "done")),
        "DELETE" => reply(stream, "200 OK", "text/plain", ""),
        "GET" => reply(stream, "405 Method Not Allowed\r\nAllow: POST", "text/plain", ""),
        _ => accepted(stream),
    })
}

#[test]
fn a_message_and_its_answer_pass_as_they_are() {
    let server = plain();
    let house = House::before(&server);
    let heard = house.post(
        "Authorization: Bearer s3cret\r\nCookie: a=b\r\nX-Else: y\r\nMcp-Protocol-Version: 2025-06-18\r\n",
        CALL,
    );
    assert_eq!(
        (heard.status, heard.body.as_str()),
        (200, r#"{"id":1,"jsonrpc":"2.0","result":{"text":"done"}}"#)
    );
    let seen = &server.seen()[0];
    assert_eq!(seen.body, CALL);
    assert_eq!(seen.header("authorization"), Some("Bearer s3cret"));
    assert_eq!(seen.header("mcp-protocol-version"), Some("2025-06-18"));
    assert_eq!(seen.header("accept"), Some("application/json, text/event-stream"));
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    for gone in ["cookie", "x-else"] {
        assert_eq!(seen.header(gone), None);
    }
    let gate = &house.gates()[0];
    assert_eq!(gate.notes(), format!("{CALL}\n{}", heard.body));
    assert!(gate.ended.load(Ordering::SeqCst), "a server without sessions: the gate ends with the request");
}

#[test]
fn a_session_is_one_from_initialize_to_delete() {
    let server = plain();
    let house = House::before(&server);
    let opened = house.post("", r#"{"jsonrpc":"2.0","id":0,"method":"initialize"}"#);
    assert!(opened.head.contains("mcp-session-id: s1") && !opened.head.contains("set-cookie"), "{opened:?}");
    let in_session = "Mcp-Session-Id: s1\r\n";
    assert_eq!(
        house.post(in_session, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).status,
        202
    );
    assert_eq!(house.post(in_session, CALL).status, 200);
    assert_eq!(house.request("GET", "/mcp", in_session, "").status, 405);
    assert_eq!(house.gates().len(), 1, "one gate for all of it");
    assert!(!house.gates()[0].ended.load(Ordering::SeqCst));
    assert_eq!(house.request("DELETE", "/mcp", in_session, "").status, 200);
    assert!(house.gates()[0].ended.load(Ordering::SeqCst));
    assert!(server.seen()[1..].iter().all(|seen| seen.header("mcp-session-id") == Some("s1")));
    // A session that the server says it does not know any more is as good as deleted.
    assert_eq!(house.post(in_session, CALL).status, 200);
    assert_eq!(house.gates().len(), 2);
}

#[test]
fn what_is_blocked_never_reaches_the_server() {
    let server = plain();
    let house = House::before(&server);
    let blocked =
        house.post("", r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"blocked"}}"#);
    assert_eq!(blocked.status, 200);
    assert!(blocked.body.contains(r#""id":7"#) && blocked.body.contains("-32001"), "{blocked:?}");
    assert_eq!(house.post("", "[blocked]").status, 400);
    assert_eq!(house.post("", "nothing").status, 202);
    assert!(server.seen().is_empty());
}

#[test]
fn headers_cannot_say_what_the_message_does_not() {
    let server = plain();
    let house = House::before(&server);
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete","arguments":{"a":"eu"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
    let version = "Mcp-Protocol-Version: 2026-07-28\r\n";
    let truth = format!("{version}Mcp-Method: tools/call\r\nMcp-Name: delete\r\nMcp-Param-A: eu\r\n");
    assert_eq!(house.post(&truth, call).status, 200);
    let seen = &server.seen()[0];
    assert_eq!((seen.header("mcp-method"), seen.header("mcp-name")), (Some("tools/call"), Some("delete")));
    assert_eq!(seen.header("mcp-param-a"), Some("eu"));
    for lie in ["Mcp-Method: ping", "Mcp-Name: harmless", "Mcp-Param-A: us"] {
        let heard = house.post(&format!("{version}{lie}\r\n"), call);
        assert_eq!(heard.status, 400);
        assert!(heard.body.contains(r#""id":1,"error":{"code":-32020"#), "{heard:?}");
        assert!(
            house.gates().last().unwrap().notes().starts_with("the header `mcp-"),
            "a refusal is recorded"
        );
    }
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn who_is_not_welcome_learns_nothing_and_reaches_nobody() {
    let server = plain();
    let house = House::before(&server);
    let port = house.address.port();
    let json = "Content-Type: application/json\r\n";
    let cases: [(&str, &str, String, &str, u16); 8] = [
        ("POST", "/mcp", format!("{json}Host: evil.test\r\n"), CALL, 403),
        ("POST", "/mcp", format!("{json}Host: evil.test:{port}\r\n"), CALL, 403),
        ("POST", "/mcp", format!("{json}Origin: http://evil.test\r\n"), CALL, 403),
        ("POST", "/mcp", format!("{json}Origin: null\r\n"), CALL, 403),
        ("POST", "http://evil.test/mcp", json.to_owned(), CALL, 403),
        ("POST", "/", json.to_owned(), CALL, 404),
        ("POST", "/mcp/../admin", json.to_owned(), CALL, 404),
        ("PUT", "/mcp", json.to_owned(), CALL, 405),
    ];
    for (method, target, headers, body, status) in cases {
        let heard = house.request(method, target, &headers, body);
        assert_eq!(heard.status, status, "{method} {target} {headers}");
    }
    assert!(server.seen().is_empty());
    assert!(house.gates().iter().all(|gate| gate.notes().is_empty()));
}

#[test]
fn a_message_that_cannot_be_judged_is_refused_and_recorded() {
    let server = plain();
    let house = House::before(&server);
    let json = "Content-Type: application/json\r\n";
    let long = "x".repeat(super::talk::LIMIT + 1);
    let cases: [(String, &str, u16, &str); 7] = [
        ("Content-Type: text/plain\r\n".into(), CALL, 415, "a message is JSON"),
        // To whoever goes by it, this is another message than it is in UTF-8.
        ("Content-Type: application/json; charset=utf-7\r\n".into(), CALL, 415, "in UTF-8"),
        ("Content-Type: application/json; x=y; Charset = \"UTF-16\"\r\n".into(), CALL, 415, "in UTF-8"),
        (String::new(), CALL, 415, "a message is JSON"),
        (format!("{json}Content-Encoding: gzip\r\n"), CALL, 415, "not encoded further"),
        (format!("{json}Mcp-Session-Id: a\r\nMcp-Session-Id: b\r\n"), CALL, 400, "is there more than once"),
        (json.to_owned(), &long, 413, "too long"),
    ];
    for (headers, body, status, why) in cases {
        let heard = house.request("POST", "/mcp", &headers, body);
        assert_eq!(heard.status, status, "{headers}");
        assert!(house.gates().last().unwrap().notes().contains(why), "{headers}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn many_long_messages_at_once_are_held_within_bounds() {
    let server = plain();
    let house = House::before(&server);
    let (whole, half) = (super::talk::LIMIT - 16, " ".repeat(super::talk::LIMIT - 1024));
    let begin = || {
        house.open(&format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {whole}\r\n\r\n{half}",
            house.address
        ))
    };
    let mut held = Vec::new();
    let is_refused = |one: &mut std::net::TcpStream| {
        one.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut heard = [0; 12];
        one.read_exact(&mut heard).is_ok() && heard == *b"HTTP/1.1 503"
    };
    while !held.iter_mut().any(is_refused) {
        assert!(held.len() < 20, "all of them are held");
        held.push(begin());
    }
    assert!(held.len() > 4, "four find room");
    assert_eq!(house.post("", CALL).status, 200, "a short one finds room");
    held.clear();
    let end = Instant::now() + Duration::from_secs(60);
    let long = format!("{CALL}{half}");
    while house.post("", &long).status != 200 {
        assert!(Instant::now() < end);
    }
    assert!(house.gates().iter().any(|gate| gate.notes().contains("too many long messages")));
}

#[test]
fn what_a_message_is_written_in_is_ours_to_say() {
    let server = plain();
    let house = House::before(&server);
    for kind in
        ["application/json", "Application/JSON;charset=UTF-8", "application/json; charset=\"utf-8\"; a=b"]
    {
        assert_eq!(
            house.request("POST", "/mcp", &format!("Content-Type: {kind}\r\n"), CALL).status,
            200,
            "{kind}"
        );
    }
    assert_eq!(server.seen().len(), 3);
    assert!(server.seen().iter().all(|seen| seen.header("content-type") == Some("application/json")));
}

#[test]
fn what_has_no_message_repeats_none() {
    let server = plain();
    let house = House::before(&server);
    house.request(
        "GET",
        "/mcp",
        "Mcp-Method: tools/call\r\nMcp-Name: x\r\nMcp-Param-A: b\r\nLast-Event-ID: 7\r\n",
        "",
    );
    let seen = &server.seen()[0];
    assert_eq!(seen.header("last-event-id"), Some("7"));
    for gone in ["mcp-method", "mcp-name", "mcp-param-a"] {
        assert_eq!(seen.header(gone), None);
    }
}

#[test]
fn events_pass_as_they_come_and_are_recorded_before() {
    let (tell, told) = mpsc::channel();
    let told = Mutex::new(told);
    let server = Server::new(move |request, stream| {
        events(stream);
        event(stream, r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#);
        // The client has the first by now, or this waits for ever.
        told.lock().unwrap().recv().unwrap();
        let _ = stream.write_all(b": a comment, and odd line ends\r\nid: 7\r");
        event(stream, &result(request, "done"));
        false
    });
    let house = House::before(&server);
    let length = CALL.len();
    let mut stream = house.open(&format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{CALL}",
        house.address
    ));
    let mut heard = String::new();
    let mut buffer = [0; 4096];
    while !heard.contains("progress") {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{heard}");
        heard.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    assert!(house.gates()[0].notes().ends_with(r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#));
    tell.send(()).unwrap();
    stream.read_to_string(&mut heard).unwrap();
    let passed = unchunked(&heard);
    assert!(
        passed.contains(": a comment, and odd line ends\r\nid: 7\revent: message\ndata: {\"id\":1,"),
        "{heard}"
    );
    assert!(house.gates()[0].notes().ends_with(r#""result":{"text":"done"}}"#));
}

/// A chunked answer's body, wherever it was cut.
fn unchunked(answer: &str) -> String {
    let (_, mut rest) = answer.split_once("\r\n\r\n").unwrap();
    let mut body = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            break;
        }
        body.push_str(&after[..length]);
        rest = &after[length + 2..];
    }
    body
}

#[test]
fn a_server_that_is_away_is_a_failure_of_the_call() {
    let server = plain();
    let house = House::before(&server);
    drop(server);
    let heard = house.post("", CALL);
    assert_eq!(heard.status, 502);
    assert!(
        heard.body.contains(r#""id":1,"error":{"code":-32000,"message":"the server cannot be reached"#),
        "{heard:?}"
    );
    assert!(house.gates()[0].notes().contains("cannot be reached"));
    assert_eq!(house.request("GET", "/mcp", "", "").status, 502);
}

#[test]
fn a_stream_that_ends_without_an_answer_closes_the_call_in_the_record() {
    let server = Server::new(|_, stream| {
        events(stream);
        event(stream, r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#);
        false
    });
    let house = House::before(&server);
    assert_eq!(house.post("", CALL).status, 200);
    assert!(house.gates()[0].notes().contains("the server's stream ended without an answer"));
}

#[test]
fn what_is_no_answer_is_passed_on_and_recorded_as_none() {
    let server = Server::new(|_, stream| {
        reply(stream, "401 Unauthorized\r\nWWW-Authenticate: Bearer x=\"y\"", "text/plain", "who?")
    });
    let house = House::before(&server);
    let heard = house.post("", CALL);
    assert_eq!((heard.status, heard.body.as_str()), (401, "who?"));
    assert!(heard.head.contains("www-authenticate: bearer x=\"y\""));
    assert!(house.gates()[0].notes().contains("the server answered with status 401"));
}

#[test]
fn an_event_without_end_is_cut_off() {
    let server = Server::new(|_, stream| {
        events(stream);
        let _ = stream.write_all(b"data: ");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
        false
    });
    let house = House::before(&server);
    let heard = house.post("", CALL);
    assert!(heard.body.len() < 4 * super::talk::LIMIT, "{}", heard.body.len());
    assert!(house.gates()[0].notes().contains("an answer of more than"));
}

#[test]
fn a_client_that_hangs_up_ends_the_servers_work_on_it() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = Server::new(move |_, stream| {
        events(stream);
        event(stream, r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#);
        hung_up(stream);
        tell.lock().unwrap().send(()).unwrap();
        false
    });
    let house = House::before(&server);
    let length = CALL.len();
    let stream = house.open(&format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{CALL}",
        house.address
    ));
    server.wait_for(|_| true);
    drop(stream);
    told.recv_timeout(Duration::from_secs(60)).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while !house.gates()[0].ended.load(Ordering::SeqCst) {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(5));
    }
}
