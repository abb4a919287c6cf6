//! Servers that do as the specification says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use hyper::HeaderMap;
use tokio::sync::mpsc as queue;

use super::server::{Seen, Server, accepted, event, events, hung_up, json, not_offered, reply, result};
use super::talk::{Notes, Talk};
use crate::http::backlog::Backlog;
use crate::http::bridge::{Bridge, End};
use crate::http::endpoint::Endpoint;
use crate::http::gate::{Gate, Onward};
use crate::http::remote::Remote;

const OPENED: &str = "200 OK\r\nMcp-Session-Id: session-1";

fn opened(request: &Seen, stream: &mut std::net::TcpStream) -> bool {
    let id = &request.json()["id"];
    let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"protocolVersion":"2025-06-18"}}}}"#);
    reply(stream, OPENED, "application/json", &answer)
}

/// A server of which `calls` answers the calls.
fn server(calls: impl Fn(&Seen, &mut std::net::TcpStream) -> bool + Send + Sync + 'static) -> Server {
    Server::new(move |request, stream| match request.what().as_str() {
        "initialize" => opened(request, stream),
        "GET" if request.header("last-event-id").is_none() => not_offered(stream),
        "DELETE" => reply(stream, "200 OK", "text/plain", ""),
        "tools/call" | "GET" => calls(request, stream),
        _ => accepted(stream),
    })
}

#[test]
fn a_session_from_its_beginning_to_its_end() {
    let server = server(|request, stream| json(stream, &result(request, "done")));
    let talk = Talk::begun(&server);
    talk.call(1, "x");
    assert_eq!(talk.hear()["result"]["text"], "done");
    assert!(talk.recorded().contains("done"));
    server.wait_for(|seen| seen.method == "GET");
    assert_eq!(talk.leave(), (vec![], End::ClientLeft));

    let seen = server.seen();
    let initialize = &seen[0];
    assert_eq!(
        (initialize.header("mcp-session-id"), initialize.header("mcp-protocol-version")),
        (None, None)
    );
    assert_eq!(seen.last().unwrap().method, "DELETE");
    for later in &seen[1..] {
        assert_eq!(later.header("mcp-session-id"), Some("session-1"), "{later:?}");
        assert_eq!(later.header("mcp-protocol-version"), Some("2025-06-18"), "{later:?}");
    }
    for request in &seen {
        assert_eq!(request.header("authorization"), Some("Bearer s3cret"));
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        let accept =
            if request.method == "GET" { "text/event-stream" } else { "application/json, text/event-stream" };
        assert_eq!(request.header("accept"), Some(accept));
    }
}

#[test]
fn bytes_arrive_as_they_were_sent() {
    let server = server(|request, stream| json(stream, &result(request, "\u{e9}")));
    let talk = Talk::begun(&server);
    let odd = r#"{ "jsonrpc" : "2.0" ,"id":1, "method":"tools/call","params":{"name":"x","arguments":{"n":1.50,"s":"\u0041"}} }"#;
    talk.say(odd);
    talk.hear();
    assert_eq!(server.wait_for(|seen| seen.what() == "tools/call").body, odd);
}

#[test]
fn a_message_of_several_lines_is_one_line_to_the_client() {
    let server = server(|request, stream| {
        events(stream);
        let id = &request.json()["id"];
        let _ = std::io::Write::write_all(
            stream,
            format!("data: {{\"jsonrpc\":\"2.0\",\ndata: \"id\":{id},\"result\":{{}}}}\n\n").as_bytes(),
        );
        false
    });
    let talk = Talk::begun(&server);
    talk.call(1, "x");
    assert_eq!(talk.hear_bytes(), br#"{"jsonrpc":"2.0", "id":1,"result":{}}"#);
}

#[test]
fn a_stream_brings_progress_before_the_answer() {
    let server = server(|request, stream| {
        events(stream);
        event(stream, r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#);
        event(stream, r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}"#);
        event(stream, &result(request, "done"));
        // It is not hung up here: the answer ends the stream.
        hung_up(stream);
        false
    });
    let talk = Talk::begun(&server);
    talk.call(1, "x");
    assert_eq!(talk.hear()["method"], "notifications/progress");
    // It has the call's id and is no answer to it.
    assert_eq!(talk.hear()["method"], "sampling/createMessage");
    talk.say(r#"{"jsonrpc":"2.0","id":1,"result":{"role":"assistant"}}"#);
    assert_eq!(talk.hear()["result"]["text"], "done");
    server.wait_for(|seen| seen.json()["result"]["role"] == "assistant");
}

#[test]
fn the_servers_own_stream_is_listened_to_and_resumed() {
    let streams = AtomicUsize::new(0);
    let server = Server::new(move |request, stream| match request.what().as_str() {
        "initialize" => opened(request, stream),
        "GET" => {
            events(stream);
            let number = streams.fetch_add(1, Ordering::SeqCst);
            let _ = std::io::Write::write_all(stream, format!("id: after-{number}\nretry: 1\n").as_bytes());
            event(
                stream,
                &format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"n":{number}}}}}"#),
            );
            if number == 2 {
                hung_up(stream);
            }
            false
        }
        _ => accepted(stream),
    });
    let talk = Talk::begun(&server);
    for number in 0..3 {
        assert_eq!(talk.hear()["params"]["n"], number);
    }
    assert!(talk.recorded().contains(r#""n":2"#));
    assert_eq!(talk.leave().1, End::ClientLeft);
    let asked: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "GET").collect();
    let after: Vec<_> = asked.iter().map(|seen| seen.header("last-event-id")).collect();
    assert_eq!(after[..3], [None, Some("after-0"), Some("after-1")]);
}

#[test]
fn calls_do_not_wait_for_each_other() {
    let (tell, told) = mpsc::channel();
    let told = Mutex::new(told);
    let server = server(move |request, stream| {
        if request.body.contains("slow") {
            // Answered only after the other, which came later.
            told.lock().unwrap().recv().unwrap();
        } else {
            tell.send(()).unwrap();
        }
        json(stream, &result(request, "done"))
    });
    let talk = Talk::begun(&server);
    talk.call(1, "slow");
    server.wait_for(|seen| seen.body.contains("slow"));
    talk.call(2, "quick");
    let mut ids = [talk.hear()["id"].as_u64(), talk.hear()["id"].as_u64()];
    ids.sort_unstable();
    assert_eq!(ids, [Some(1), Some(2)]);
}

#[test]
fn a_cancelled_call_is_told_of_and_its_stream_ends() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = server(move |_, stream| {
        events(stream);
        hung_up(stream);
        tell.lock().unwrap().send(()).unwrap();
        false
    });
    let talk = Talk::begun(&server);
    talk.call(1, "slow");
    server.wait_for(|seen| seen.body.contains("slow"));
    talk.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    server.wait_for(|seen| seen.what() == "notifications/cancelled");
    told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    // Who cancelled is told nothing more, and neither is anybody at the end.
    assert_eq!(talk.leave(), (vec![], End::ClientLeft));
}

#[test]
fn a_broken_stream_is_taken_up_where_it_broke() {
    let server = server(|request, stream| {
        events(stream);
        if request.method == "POST" {
            let _ = std::io::Write::write_all(stream, b"id: e1\nretry: 1\ndata:\n\n");
            event(stream, r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#);
        } else if request.header("last-event-id") == Some("e1") {
            // An answer of the same stream, whose id the server kept.
            event(stream, r#"{"jsonrpc":"2.0","id":1,"result":{"text":"resumed"}}"#);
        }
        false
    });
    let talk = Talk::begun(&server);
    talk.call(1, "x");
    assert_eq!(talk.hear()["method"], "notifications/progress");
    assert_eq!(talk.hear()["result"]["text"], "resumed");
    assert_eq!(talk.leave(), (vec![], End::ClientLeft));
}

#[test]
fn a_request_that_names_its_own_version_is_stamped() {
    let server = Server::new(|request, stream| {
        if request.body.contains("slow") {
            events(stream);
            hung_up(stream);
            return false;
        }
        json(stream, &result(request, "done"))
    });
    let talk = Talk::with(&server);
    let call = |id: u32, tool: &str| {
        let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
        talk.say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","_meta":{meta}}}}}"#
        ));
    };
    call(1, "z\u{fc}rich");
    assert_eq!(talk.hear()["result"]["text"], "done");
    call(2, "slow");
    let slow = server.wait_for(|seen| seen.body.contains("slow"));
    // There, to close the stream is to cancel, and no notification is sent.
    talk.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#);
    assert_eq!(talk.leave(), (vec![], End::ClientLeft));
    let first = &server.seen()[0];
    assert_eq!(first.header("mcp-name"), Some("=?base64?esO8cmljaA==?="));
    for seen in [first, &slow] {
        assert_eq!(seen.header("mcp-protocol-version"), Some("2026-07-28"));
        assert_eq!(seen.header("mcp-method"), Some("tools/call"));
    }
    assert_eq!(server.seen().len(), 2, "{:?}", server.seen());
}

#[test]
fn nothing_overtakes_the_end_of_the_handshake() {
    let ready = Arc::new(AtomicUsize::new(0));
    let at_server = Arc::clone(&ready);
    let server = Server::new(move |request, stream| match request.what().as_str() {
        "initialize" => opened(request, stream),
        "notifications/initialized" => {
            std::thread::sleep(std::time::Duration::from_millis(100));
            at_server.store(1, Ordering::SeqCst);
            accepted(stream)
        }
        "GET" => not_offered(stream),
        _ => json(stream, &result(request, &at_server.load(Ordering::SeqCst).to_string())),
    });
    let talk = Talk::begun(&server);
    talk.call(1, "x");
    assert_eq!(talk.hear()["result"]["text"], "1");
}

#[test]
fn parameters_that_a_tool_wants_in_headers_are_repeated_there() {
    let server = Server::new(|request, stream| match request.what().as_str() {
        "tools/list" => {
            let schema = r#"{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}"#;
            let tools = format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{{"name":"x","inputSchema":{schema}}}]}}}}"#
            );
            json(stream, &tools)
        }
        _ => json(stream, &result(request, "done")),
    });
    let talk = Talk::with(&server);
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    talk.say(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{meta}}}}}"#));
    talk.hear();
    talk.say(&format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"x","arguments":{{"region":"eu"}},{meta}}}}}"#
    ));
    talk.hear();
    assert_eq!(server.seen()[1].header("mcp-param-region"), Some("eu"));
}

#[test]
fn told_to_end_it_closes_what_is_open_and_says_goodbye() {
    let server = server(|_, stream| {
        events(stream);
        hung_up(stream);
        false
    });
    let talk = Talk::begun(&server);
    talk.call(1, "slow");
    server.wait_for(|seen| seen.body.contains("slow"));
    talk.stop();
    assert_eq!(talk.hear_failure(1), "the proxy ended");
    assert_eq!(talk.ended(), End::Stopped);
    assert_eq!(server.seen().last().unwrap().method, "DELETE");
}

#[test]
fn the_messages_of_a_batch_are_told_one_by_one() {
    let server = server(|request, stream| {
        let answer = result(request, "done");
        json(stream, &format!(r#"[{{"jsonrpc":"2.0","method":"notifications/x"}}, {answer}]"#))
    });
    let talk = Talk::begun(&server);
    talk.call(1, "x");
    assert_eq!(talk.hear()["method"], "notifications/x");
    assert_eq!(talk.hear()["result"]["text"], "done");
    assert_eq!(talk.leave().0, [""; 0]);
}

#[test]
fn a_client_that_is_ready_twice_has_one_stream() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = Server::new(move |request, stream| match request.what().as_str() {
        "initialize" => opened(request, stream),
        "GET" => {
            events(stream);
            hung_up(stream);
            let _ = tell.lock().unwrap().send(());
            false
        }
        _ => accepted(stream),
    });
    let talk = Talk::begun(&server);
    server.wait_for(|seen| seen.method == "GET");
    talk.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    assert_eq!(talk.leave().1, End::ClientLeft);
}

#[test]
fn it_ends_when_it_is_told_to_though_nobody_listens() {
    let server = server(|_, stream| {
        events(stream);
        hung_up(stream);
        false
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let notes = Arc::new(Notes::default());
        let remote = Remote::new(Endpoint::parse(&server.url()).unwrap(), HeaderMap::new()).unwrap();
        // Room for one message, and nobody takes it.
        let (out, _heard) = queue::channel(1);
        let bridge = Bridge::new(remote, Arc::clone(&notes) as Arc<dyn Gate>, out, 1 << 20);
        let (say, said) = queue::unbounded_channel();
        let backlog = Backlog::new(1 << 20);
        let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}"#;
        say.send((Onward::Forward(call.to_vec()), backlog.enter(0))).unwrap();
        for _ in 0..5 {
            say.send((Onward::Answer(b"{}".to_vec()), backlog.enter(0))).unwrap();
        }
        let stop = tokio::sync::Notify::new();
        let told = async {
            while !server.seen().iter().any(|seen| seen.body.contains("slow")) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            stop.notify_one();
        };
        let (end, ()) = tokio::join!(bridge.run(said, &stop), told);
        assert_eq!(end, End::Stopped);
        assert!(notes.all().contains("the proxy ended"), "recorded, though nobody could be told");
    });
}
