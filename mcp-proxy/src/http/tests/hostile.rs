//! Servers that do not do as they should.

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};

use super::server::{Seen, Server, accepted, event, events, hung_up, json, reply, result};
use super::talk::{LIMIT, Talk};
use crate::http::bridge::End;

/// What the client hears of one call that is answered by `script`, and what was recorded.
fn failure(script: impl Fn(&Seen, &mut TcpStream) -> bool + Send + Sync + 'static) -> String {
    failure_after(0, script)
}

/// The same, after `others` that are no answer.
fn failure_after(
    others: usize,
    script: impl Fn(&Seen, &mut TcpStream) -> bool + Send + Sync + 'static,
) -> String {
    let server = Server::new(script);
    let talk = Talk::with(&server);
    talk.call(1, "x");
    (0..others).for_each(|_| drop(talk.hear_bytes()));
    let heard = talk.hear_failure(1);
    assert!(talk.recorded().contains("\"id\":1"), "the call is closed in the record too");
    heard
}

#[test]
fn a_line_without_end_is_hung_up_on() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let heard = failure(move |_, stream| {
        events(stream);
        let mut sent = 0;
        while stream.write_all(&[b'x'; 4096]).is_ok() {
            sent += 4096;
        }
        tell.lock().unwrap().send(sent).unwrap();
        false
    });
    assert_eq!(heard, format!("an answer of more than {LIMIT} bytes"));
    told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
}

#[test]
fn bodies_beyond_the_limit_are_not_read() {
    let long = "x".repeat(LIMIT + 1);
    let announced = failure(move |_, stream| {
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
        );
        hung_up(stream);
        false
    });
    let chunked = failure(move |_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = write!(stream, "{head}{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
        false
    });
    for heard in [announced, chunked] {
        assert_eq!(heard, format!("an answer of more than {LIMIT} bytes"));
    }
}

#[test]
fn what_is_compressed_is_refused() {
    for kind in ["application/json", "text/event-stream"] {
        let heard = failure(move |request, stream| {
            reply(stream, "200 OK\r\nContent-Encoding: gzip", kind, &result(request, "?"))
        });
        assert_eq!(heard, "an answer in the encoding `gzip`, which was not asked for");
    }
}

#[test]
fn what_is_no_answer_is_said() {
    let cases: [(&str, &str, &str, &str); 6] = [
        ("200 OK", "text/html", "<p>", "the server answered with the content type `text/html`"),
        ("202 Accepted", "application/json", "", "the server accepted the request without answering it"),
        (
            "204 No Content\r\nX: y",
            "application/json",
            "",
            "the server accepted the request without answering it",
        ),
        ("500 Oops", "text/plain", "secret stack trace", "the server answered with status 500"),
        (
            "401 Unauthorized",
            "application/json",
            "{\"error\":\"no\"}",
            "the server answered with status 401: it wants a credential, which `--header-env Authorization=VARIABLE` can bring",
        ),
        ("404 Not Found", "text/plain", "", "the server answered with status 404"),
    ];
    for (status, kind, body, expected) in cases {
        let heard = failure(move |_, stream| {
            reply(stream, status, kind, body);
            false
        });
        assert_eq!(heard, expected);
    }
}

#[test]
fn an_answer_to_something_else_is_passed_on_and_the_call_closed() {
    let server = Server::new(|_, stream| json(stream, r#"{"jsonrpc":"2.0","id":"other","result":{}}"#));
    let talk = Talk::with(&server);
    talk.call(1, "x");
    assert_eq!(talk.hear()["id"], "other");
    assert_eq!(talk.hear_failure(1), "the server answered another request than this");
}

/// The official clients let the last of two members count.
#[test]
fn an_answer_whose_id_stands_twice_is_the_only_one() {
    let deep = format!(r#"{{"id":9,"id":1,"result":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    for answer in [
        r#"{"jsonrpc":"2.0","id":9,"id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"x","\u0069d":"1","error":{}}"#,
        r#"{"method":"x","method":null,"id":1,"result":{}}"#,
        r#"{"\ud800":0,"id":1,"result":{}}"#,
        &deep,
    ] {
        for is_stream in [false, true] {
            let said = answer.to_owned();
            let server = Server::new(move |_, stream| match is_stream {
                true => {
                    events(stream);
                    event(stream, &said);
                    false
                }
                false => json(stream, &said),
            });
            let talk = Talk::with(&server);
            talk.call(1, "x");
            assert_eq!(talk.hear_bytes(), answer.as_bytes());
            assert_eq!(talk.leave().0, [""; 0], "{}", &answer[..answer.len().min(60)]);
        }
    }
}

/// Whose last id is another's answers the other; and what is no object answers nothing.
#[test]
fn what_only_looks_like_an_answer_leaves_the_call_to_be_closed() {
    for answer in [r#"{"jsonrpc":"2.0","id":1,"id":9,"result":{}}"#, "[[1,null]]"] {
        let heard = failure_after(1, move |_, stream| {
            events(stream);
            event(stream, answer);
            false
        });
        assert_eq!(heard, "the server's stream ended without an answer");
    }
}

#[test]
fn an_error_of_the_protocol_is_the_servers_word() {
    for id in ["null", "1"] {
        let server = Server::new(move |_, stream| {
            let error =
                format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32020,"message":"headers"}}}}"#);
            reply(stream, "400 Bad Request", "application/json", &error)
        });
        let talk = Talk::with(&server);
        talk.call(1, "x");
        let heard = talk.hear();
        assert_eq!((&heard["id"], &heard["error"]["code"]), (&1.into(), &(-32020).into()));
    }
}

#[test]
fn connections_that_break_are_failures() {
    let nothing = failure(|_, _| false);
    assert!(nothing.starts_with("the server cannot be reached: "), "{nothing}");
    let half = failure(|_, stream| {
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        );
        false
    });
    assert_eq!(half, "the answer broke off");
    let stream = failure(|_, stream| {
        events(stream);
        let _ = write!(stream, "data: {{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{}}}}");
        false
    });
    assert_eq!(stream, "the server's stream ended without an answer");
}

#[test]
fn what_is_not_http_is_a_failure() {
    let garbage = failure(|_, stream| {
        let _ = stream.write_all(b"\x16\x03\x01\x02\x00 hello");
        false
    });
    let huge = failure(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-Long: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n").is_ok()
        {
        }
        false
    });
    let long = failure(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        while stream.write_all(&[b'y'; 4096]).is_ok() {}
        false
    });
    for heard in [garbage, huge, long] {
        assert!(heard.starts_with("the server cannot be reached: "), "{heard}");
    }
}

#[test]
fn a_redirect_elsewhere_is_not_followed() {
    let elsewhere = Server::new(|request, stream| json(stream, &result(request, "stolen")));
    let there = elsewhere.url();
    let heard = failure(move |_, stream| {
        reply(stream, &format!("307 Temporary Redirect\r\nLocation: {there}?key=x"), "text/plain", "")
    });
    assert!(heard.starts_with("a redirect to another origin, `http://127.0.0.1:"), "{heard}");
    assert!(!heard.contains("key"));
    assert!(elsewhere.seen().is_empty(), "nothing went there, and no credential");
}

#[test]
fn a_redirect_at_home_is_followed_with_the_message() {
    let server = Server::new(|request, stream| match request.target.as_str() {
        "/mcp" => reply(stream, "307 Temporary Redirect\r\nLocation: /mcp/", "text/plain", ""),
        _ => json(stream, &result(request, "here")),
    });
    let talk = Talk::with(&server);
    talk.call(1, "x");
    assert_eq!(talk.hear()["result"]["text"], "here");
    assert_eq!(server.seen()[1].header("authorization"), Some("Bearer s3cret"));
}

#[test]
fn redirects_that_lose_the_message_or_never_end_are_not_followed() {
    let lost = failure(|_, stream| reply(stream, "302 Found\r\nLocation: /mcp/", "text/plain", ""));
    assert_eq!(lost, "the server answered with status 302");
    let round =
        failure(|_, stream| reply(stream, "308 Permanent Redirect\r\nLocation: /mcp", "text/plain", ""));
    assert_eq!(round, "more than 3 redirects");
}

#[test]
fn a_session_that_is_gone_closes_all_that_is_open() {
    let server = Server::new(|request, stream| match request.what().as_str() {
        "initialize" => {
            let answer = result(request, "");
            reply(stream, "200 OK\r\nMcp-Session-Id: s", "application/json", &answer)
        }
        "tools/call" if request.body.contains("slow") => {
            events(stream);
            hung_up(stream);
            false
        }
        "tools/call" => reply(stream, "404 Not Found", "text/plain", ""),
        "GET" => reply(stream, "405 No", "text/plain", ""),
        _ => accepted(stream),
    });
    let talk = Talk::begun(&server);
    talk.call(1, "slow");
    server.wait_for(|seen| seen.body.contains("slow"));
    talk.call(2, "x");
    assert_eq!(talk.hear_failure(2), "the server has ended the session");
    assert_eq!(talk.hear_failure(1), "the server has ended the session");
    assert_eq!(talk.ended(), End::SessionGone);
    assert!(server.seen().iter().all(|seen| seen.method != "DELETE"), "there is nothing to delete");
}

#[test]
fn a_stream_that_can_never_be_resumed_is_given_up() {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let heard = failure(move |request, stream| {
        if request.method == "POST" {
            events(stream);
            let _ = stream.write_all(b"id: 1\nretry: 0\ndata:\n\n");
            return false;
        }
        *count.lock().unwrap() += 1;
        reply(stream, "400 Bad Request", "text/plain", "")
    });
    assert_eq!(heard, "the server answered with status 400");
    assert_eq!(*asked.lock().unwrap(), 5);
}

#[test]
fn a_session_id_that_is_none_is_not_sent_back() {
    let server = Server::new(|request, stream| {
        let head = format!("200 OK\r\nMcp-Session-Id: {}", "s".repeat(2000));
        reply(stream, &head, "application/json", &result(request, ""))
    });
    let talk = Talk::with(&server);
    talk.say(r#"{"jsonrpc":"2.0","id":0,"method":"initialize"}"#);
    talk.hear();
    talk.call(1, "x");
    talk.hear();
    assert_eq!(server.seen()[1].header("mcp-session-id"), None);
}
