//! The endpoint over a port, where anybody on the machine can knock.

use std::fs;

use agent_receipts_mcp::{Answer, Approver, Desk, Endpoint, EndpointError, Way};

use crate::place::{Place, at_port, at_socket, parts, request, say};

fn open(place: &Place) -> (Desk, String, String) {
    let desk = place.desk(&Place::options(Endpoint::Port(0)));
    assert_eq!(desk.faults(), []);
    let token = fs::read_to_string(place.file(".token")).unwrap().trim_end().to_owned();
    let host = format!("Host: {}", desk.address().unwrap());
    (desk, host, format!("Authorization: Bearer {token}"))
}

#[test]
fn the_token_approves_and_nobody_is_named() {
    let place = Place::new();
    let (desk, host, token) = open(&place);
    let id = place.ask(&desk, "t");
    let line = format!("POST /api/tool-calls/{id}/approve");
    let answer = say(at_port(desk.address().unwrap()), &request(&line, &[&host, &token]));
    assert_eq!(parts(&answer), (200, r#"{"status":"approved"}"#));
    assert_eq!(place.told(), (id, Answer::Approved(Approver { way: Way::Http, peer: None })));
}

#[test]
fn without_the_very_token_nobody_approves_lists_or_learns_what_there_is() {
    let place = Place::new();
    let (desk, host, token) = open(&place);
    let id = place.ask(&desk, "t");
    let bearer = |text: &str| format!("Authorization: Bearer {text}");
    let secret = token.rsplit_once(' ').unwrap().1;
    for wrong in [
        bearer(&"0".repeat(64)),
        bearer(&secret[..63]),
        bearer(&format!("{secret}0")),
        bearer(""),
        format!("Authorization: {secret}"),
        format!("Authorization: Basic {secret}"),
        format!("{token}\r\n{token}"),
        format!("X-Authorization: Bearer {secret}"),
        "Cookie: x=y".to_owned(),
    ] {
        for line in [
            "GET /api/tool-calls".to_owned(),
            format!("POST /api/tool-calls/{id}/approve"),
            "GET /x".to_owned(),
        ] {
            let answer = say(at_port(desk.address().unwrap()), &request(&line, &[&host, &wrong]));
            assert_eq!(parts(&answer), (401, "unauthorized\n"), "{wrong} {line}");
        }
    }
    let query = format!("POST /api/tool-calls/{id}/approve?token={secret}");
    assert_eq!(parts(&say(at_port(desk.address().unwrap()), &request(&query, &[&host]))).0, 401);
    assert!(place.nothing_told());
}

#[test]
fn a_page_in_a_browser_does_not_get_in_even_with_the_token() {
    let place = Place::new();
    let (desk, host, token) = open(&place);
    let line = format!("POST /api/tool-calls/{}/approve", place.ask(&desk, "t"));
    let port = desk.address().unwrap().port();
    for headers in [
        &["Host: evil.test", token.as_str()][..],
        &[&format!("Host: evil.test:{port}"), &token],
        &["Host: localhost", &token],
        &[&token],
        &[&host, &host, &token],
        &[&host, "Origin: http://evil.test", &token],
        &[&host, &format!("Origin: http://localhost:{port}"), &token],
        &[&host, "Origin: null", &token],
    ] {
        let answer = say(at_port(desk.address().unwrap()), &request(&line, headers));
        let (status, body) = parts(&answer);
        assert!(matches!(status, 400 | 403) && !body.contains("status"), "{headers:?}: {answer}");
    }
    let preflight = request("OPTIONS /api/tool-calls", &[&host, "Origin: http://evil.test"]);
    let answer = say(at_port(desk.address().unwrap()), &preflight);
    assert!(parts(&answer).0 == 403 && !answer.to_lowercase().contains("access-control"), "{answer}");
    assert!(place.nothing_told());
}

#[test]
fn the_token_stands_in_its_file_and_nowhere_else() {
    let place = Place::new();
    let (desk, host, token) = open(&place);
    let secret = token.rsplit_once(' ').unwrap().1;
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let announcement = fs::read_to_string(place.file(".json")).unwrap();
    assert!(announcement.contains(&format!("http://{}", desk.address().unwrap())));
    let answers = ["GET /api/tool-calls", "GET /nowhere"]
        .map(|line| say(at_port(desk.address().unwrap()), &request(line, &[&host, &token])));
    for text in answers.iter().chain([&announcement, &format!("{:?}", desk.faults())]) {
        assert!(!text.contains(secret), "{text}");
    }
    let other = Place::new();
    assert_ne!(open(&other).2, token);
}

#[test]
fn two_proxies_each_have_a_port_and_a_token_of_their_own() {
    let (place, other) = (Place::new(), Place::new());
    let ((one, host, token), (two, ..)) = (open(&place), open(&other));
    assert_ne!(one.address(), two.address());
    let host_of_two = format!("Host: {}", two.address().unwrap());
    let list = "GET /api/tool-calls";
    assert_eq!(parts(&say(at_port(two.address().unwrap()), &request(list, &[&host_of_two, &token]))).0, 401);
    assert_eq!(parts(&say(at_port(one.address().unwrap()), &request(list, &[&host, &token]))).0, 200);
}

#[test]
fn a_port_that_is_taken_is_said_and_the_socket_serves() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let desk = place.desk(&Place::options(Endpoint::Port(port)));
    assert!(matches!(desk.faults(), [EndpointError::Port { port: named, .. }] if *named == port));
    assert_eq!(desk.address(), None);
    let id = place.ask(&desk, "t");
    let line = format!("POST /api/tool-calls/{id}/approve");
    let answer = say(at_socket(&place.file(".sock")), &request(&line, &["Host: localhost"]));
    assert_eq!(parts(&answer).0, 200);
    assert!(!place.names().iter().any(|name| name.ends_with(".token")));
}
