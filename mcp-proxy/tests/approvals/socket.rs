//! The endpoint over the Unix socket.

use agent_receipts_mcp::{Answer, Way};

use crate::place::{Place, at_socket, listed, parts, request, say};

const HOST: &str = "Host: localhost";

/// Asks over the one socket of `place`.
fn get(place: &Place, line: &str) -> (u16, String) {
    let answer = say(at_socket(&place.file(".sock")), &request(line, &[HOST]));
    let (status, body) = parts(&answer);
    (status, body.to_owned())
}

#[test]
fn what_waits_is_listed_approved_and_denied_each_by_itself() {
    let place = Place::new();
    let desk = place.with_socket();
    let (one, two) = (place.ask(&desk, "delete_file"), place.ask(&desk, "send_mail"));
    let (status, body) = get(&place, "GET /api/tool-calls");
    assert_eq!(status, 200);
    let calls = listed(&body);
    let member =
        |at: usize, name: &str| calls[at].as_object().unwrap().get(name).unwrap().as_str().map(str::to_owned);
    assert_eq!(calls.len(), 2);
    assert_eq!(member(0, "approval_id").as_deref(), Some(one.as_str()));
    assert_eq!(member(1, "tool_name").as_deref(), Some("send_mail"));
    assert_eq!(member(1, "arguments").as_deref(), Some(r#"{"path":"/a"}"#));
    let (status, body) = get(&place, &format!("GET /api/tool-calls/{two}"));
    assert!(status == 200 && body.contains("send_mail"), "{body}");

    let (status, body) = get(&place, &format!("POST /api/tool-calls/{two}/approve"));
    assert_eq!((status, body.as_str()), (200, r#"{"status":"approved"}"#));
    let (id, answer) = place.told();
    let Answer::Approved(approver) = answer else { panic!("{answer:?}") };
    assert_eq!((id, approver.way), (two, Way::Socket));
    let (status, body) = get(&place, &format!("POST /api/tool-calls/{one}/deny"));
    assert_eq!((status, body.as_str()), (200, r#"{"status":"denied"}"#));
    assert!(matches!(place.told(), (id, Answer::Denied(_)) if id == one));
    assert_eq!(get(&place, "GET /api/tool-calls").1, r#"{"tool_calls":[]}"#);
}

#[test]
fn who_approved_is_what_the_kernel_says_of_the_process() {
    let place = Place::new();
    let desk = place.with_socket();
    let id = place.ask(&desk, "t");
    get(&place, &format!("POST /api/tool-calls/{id}/approve"));
    let (_, Answer::Approved(approver)) = place.told() else { panic!() };
    let peer = approver.peer.unwrap();
    assert_eq!(peer.pid, std::process::id() as i32);
    assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
    assert_eq!(peer.exe_path.as_deref(), std::env::current_exe().unwrap().to_str());
}

#[test]
fn a_second_answer_finds_nothing_that_waits() {
    let place = Place::new();
    let desk = place.with_socket();
    let id = place.ask(&desk, "t");
    assert_eq!(get(&place, &format!("POST /api/tool-calls/{id}/deny")).0, 200);
    for word in ["approve", "deny"] {
        let (status, body) = get(&place, &format!("POST /api/tool-calls/{id}/{word}"));
        assert_eq!((status, body.as_str()), (404, "no pending approval\n"));
    }
    assert_eq!(get(&place, &format!("GET /api/tool-calls/{id}")).0, 404);
    assert!(matches!(place.told().1, Answer::Denied(_)) && place.nothing_told());
}

#[test]
fn an_answer_that_comes_too_late_or_after_a_withdrawal_finds_nothing_that_waits() {
    let place = Place::new();
    let mut options = Place::options(agent_receipts_mcp::Endpoint::Socket);
    options.patience = std::time::Duration::from_millis(10);
    let desk = place.desk(&options);
    let id = place.ask(&desk, "t");
    assert_eq!(place.told(), (id.clone(), Answer::TimedOut));
    assert_eq!(get(&place, &format!("POST /api/tool-calls/{id}/approve")).0, 404);
    drop(desk);
    let desk = place.with_socket();
    let id = place.ask(&desk, "t");
    desk.withdraw(&id);
    assert_eq!(place.told(), (id.clone(), Answer::Withdrawn));
    assert_eq!(get(&place, &format!("POST /api/tool-calls/{id}/approve")).0, 404);
    assert!(place.nothing_told());
}

#[test]
fn what_is_no_question_is_told_so() {
    let place = Place::new();
    let desk = place.with_socket();
    let id = place.ask(&desk, "t");
    for (line, status, body) in [
        ("GET /", 404, "not found\n"),
        ("GET /api", 404, "not found\n"),
        ("GET /api/tool-calls/", 400, "invalid path\n"),
        ("POST /api/tool-calls//approve", 404, "no pending approval\n"),
        ("POST /api/tool-calls/x/approve", 404, "no pending approval\n"),
        ("POST /api/tool-calls/%2e%2e/approve", 404, "no pending approval\n"),
        ("GET /api/tool-calls/x", 404, "no pending approval\n"),
        ("POST /api/tool-calls/x/approve/deny", 400, "invalid path\n"),
        ("POST /api/tool-calls/x/Approve", 400, "invalid path\n"),
        ("DELETE /api/tool-calls", 405, "method not allowed\n"),
        ("POST /api/tool-calls", 405, "method not allowed\n"),
        ("GET /api/tool-calls/x/approve", 405, "method not allowed\n"),
        ("PUT /api/tool-calls/x/deny", 405, "method not allowed\n"),
    ] {
        let (given, said) = get(&place, line);
        assert_eq!((given, said.as_str()), (status, body), "{line}");
    }
    let wrong_case = id.as_str().to_uppercase();
    assert_eq!(get(&place, &format!("GET /api/tool-calls/{id}/approve")).0, 405, "looking approves nothing");
    if wrong_case != id.as_str() {
        assert_eq!(get(&place, &format!("POST /api/tool-calls/{wrong_case}/approve")).0, 404);
    }
    assert!(place.nothing_told());
}

#[test]
fn pages_and_foreign_names_are_refused_here_too() {
    let place = Place::new();
    let desk = place.with_socket();
    let line = format!("POST /api/tool-calls/{}/approve", place.ask(&desk, "t"));
    for headers in [&["Host: evil.test"][..], &[], &[HOST, HOST], &[HOST, "Origin: null"]] {
        let answer = say(at_socket(&place.file(".sock")), &request(&line, headers));
        assert!(matches!(parts(&answer).0, 400 | 403), "{headers:?}: {answer}");
    }
    assert!(place.nothing_told());
}

#[test]
fn a_body_is_not_needed_and_a_long_one_approves_nothing() {
    let place = Place::new();
    let desk = place.with_socket();
    let line = format!("POST /api/tool-calls/{}/approve", place.ask(&desk, "t"));
    let long = request(&line, &[HOST, "Content-Length: 70000"]) + &"x".repeat(70_000);
    let answer = say(at_socket(&place.file(".sock")), &long);
    assert!(answer.is_empty() || parts(&answer).0 == 413, "{answer}");
    assert!(place.nothing_told());
    let short = request(&line, &[HOST, "Content-Length: 2"]) + "{}";
    assert_eq!(parts(&say(at_socket(&place.file(".sock")), &short)).0, 200);
    assert!(matches!(place.told().1, Answer::Approved(_)));
}

#[test]
fn a_request_that_breaks_off_approves_nothing() {
    let place = Place::new();
    let desk = place.with_socket();
    let id = place.ask(&desk, "t");
    let cut = format!("POST /api/tool-calls/{id}/approve HTTP/1.1\r\n{HOST}\r\nContent-Length: 5\r\n\r\nab");
    let stream = at_socket(&place.file(".sock"));
    let ours = stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| say(stream, &cut));
        ours.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = answer.join().unwrap();
    });
    assert_eq!(get(&place, &format!("GET /api/tool-calls/{id}")).0, 200, "it still waits");
    assert!(place.nothing_told());
}

#[test]
fn two_hundred_who_say_nothing_keep_no_approver_out() {
    let place = Place::new();
    let desk = place.with_socket();
    let id = place.ask(&desk, "t");
    let silent: Vec<_> = (0..200)
        .map(|_| {
            // The queue may be full until some were sent away.
            at_socket(&place.file(".sock"))
        })
        .collect();
    assert_eq!(get(&place, &format!("POST /api/tool-calls/{id}/approve")).0, 200);
    drop(silent);
}
