//! Sinks that answer garbage, without end, or never: a clear error each, and everything is delivered once they behave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::openssl::Authority;
use crate::server::{Reply, Server, closed_port};
use crate::station::Station;

fn sinks(url: &str) -> Vec<(&'static str, String)> {
    let key = agent_receipts_chain::checkpoint::WitnessKey {
        name: agent_receipts_chain::checkpoint::KeyName::new("w").unwrap(),
        key: crate::log::Key::new(9).public(),
    };
    let mut sinks = vec![
        (
            "tsa",
            format!(
                "[[sink]]\nname = 'tsa'\nkind = 'timestamp'\nurl = '{url}'\ncertificates = 'CERTIFICATES'\ntimeout = '2s'\n"
            ),
        ),
        (
            "w",
            format!("[[sink]]\nname = 'w'\nkind = 'witness'\nurl = '{url}'\nkey = '{key}'\ntimeout = '2s'\n"),
        ),
    ];
    if cfg!(feature = "s3") {
        let sink = format!(
            "[[sink]]\nname = 's3'\nkind = 's3'\nbucket = 'b'\nendpoint = '{url}'\nallow_http = true\ntimeout = '2s'\n\
             retention = {{ mode = 'compliance', days = 30 }}\n"
        );
        sinks.push(("s3", sink));
    }
    sinks
}

/// Each sink fails with one of the words, and keeps nothing.
fn each_fails(url: &str, what: &str, words: &[&str]) {
    for (name, sink) in sinks(url) {
        let mut station = Station::new();
        station.log.grow(3);
        assert!(!station.once(&sink), "{what}: `{name}` takes it for a delivery");
        let said = station.said();
        assert!(words.iter().any(|word| said.contains(word)), "{what}, `{name}`: {said}");
        assert!(!said.contains("hush-do-not-print"), "a secret is told");
        assert!(station.names(name).is_empty(), "{what}, `{name}`: {:?}", station.names(name));
    }
}

#[test]
fn a_port_on_which_nobody_listens() {
    each_fails(&format!("http://127.0.0.1:{}", closed_port()), "closed port", &["not reachable"]);
}

#[test]
fn a_server_that_never_answers() {
    let server = Server::start(|_| Reply::Silence);
    each_fails(&server.url(), "silence", &["no whole answer in time"]);
}

#[test]
fn a_server_that_answers_a_byte_now_and_then() {
    let server = Server::start(|_| Reply::Drip);
    each_fails(&server.url(), "drip", &["no whole answer in time"]);
}

#[test]
fn a_body_without_an_end() {
    let server = Server::start(|_| Reply::Endless);
    each_fails(&server.url(), "endless", &["an answer of more than", "no whole answer in time"]);
}

#[test]
fn a_body_that_is_said_to_be_huge() {
    let answer = b"HTTP/1.1 200 x\r\ncontent-length: 9000000000000000000\r\n\r\n";
    let server = Server::start(move |_| Reply::Raw(answer.to_vec()));
    each_fails(&server.url(), "huge", &["an answer of more than"]);
}

#[test]
fn headers_without_an_end() {
    let server = Server::start(|_| {
        Reply::Raw([b"HTTP/1.1 200 x\r\n".to_vec(), b"x: yyyyyyyyyyyyyyyy\r\n".repeat(20_000)].concat())
    });
    each_fails(&server.url(), "headers", &["an answer of more than", "not HTTP", "not reachable"]);
}

#[test]
fn what_is_not_http() {
    for garbage in [&b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b""] {
        let server = Server::start(move |_| Reply::Raw(garbage.to_vec()));
        each_fails(&server.url(), "garbage", &["not HTTP", "not reachable"]);
    }
}

#[test]
fn an_answer_that_is_cut_off() {
    let server = Server::start(|_| Reply::Raw(b"HTTP/1.1 200 x\r\ncontent-length: 50\r\n\r\nabc".to_vec()));
    each_fails(&server.url(), "cut off", &["not HTTP", "not reachable"]);
}

#[test]
fn a_page_of_html_with_a_good_status() {
    let server = Server::start(|_| Reply::of(200, "<html>hello</html>"));
    each_fails(
        &server.url(),
        "html",
        &["not that of a time-stamp authority", "not a list of signatures", "ETag Header missing"],
    );
}

#[test]
fn a_redirect_to_somewhere_else() {
    let other = Server::start(|_| Reply::of(200, ""));
    let there = other.url();
    let server = Server::start(move |_| Reply::Answer(307, vec![("location", there.clone())], Vec::new()));
    each_fails(&server.url(), "redirect", &["refused with status 307"]);
    assert!(other.asked().is_empty(), "somebody was sent what was not meant for them");
}

#[test]
fn a_server_in_the_clear_where_tls_is_asked_for() {
    let server = Server::start(|_| Reply::of(200, ""));
    each_fails(
        &server.url().replace("http:", "https:"),
        "tls",
        &["TLS failed", "not reachable", "not HTTP", "no whole answer in time"],
    );
}

#[test]
fn after_the_trouble_everything_is_delivered() {
    let authority = Authority::new();
    let root = authority.path("ca.pem");
    let works = Arc::new(AtomicBool::new(false));
    let mends = Arc::clone(&works);
    let server = Server::start(move |asked| {
        if mends.load(Ordering::SeqCst) {
            return Reply::of(200, authority.answer(&asked.body));
        }
        Reply::of(503, "later")
    });
    let mut station = Station::new();
    let sink = format!(
        "[[sink]]\nname = 'tsa'\nkind = 'timestamp'\nurl = '{}'\ncertificates = '{}'\ntimeout = '60s'\n",
        server.url(),
        root.display()
    );
    station.log.grow(1);
    station.log.grow(1);
    assert!(!station.once(&sink));
    station.log.grow(1);
    assert!(!station.once(&sink));
    assert!(station.said().contains("refused with status 503: `later`"));
    works.store(true, Ordering::SeqCst);
    assert!(station.once(&sink), "{}", station.said());
    let tokens: Vec<_> = station.names("tsa").into_iter().filter(|name| name.ends_with(".tsr")).collect();
    assert_eq!(tokens, ["000000000001.tsr", "000000000002.tsr", "000000000003.tsr"]);
}
