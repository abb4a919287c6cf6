//! The time-stamp authority (RFC 3161), against `openssl ts` and against those that lie.

use std::sync::Arc;

use crate::openssl::Authority;
use crate::server::{Reply, Server};
use crate::station::Station;

fn sink(server: &Server, authority: &Authority) -> String {
    let root = authority.path("ca.pem");
    format!(
        "[[sink]]\nname = 'tsa'\nkind = 'timestamp'\nurl = '{}/tsr'\ncertificates = '{}'\ntimeout = '60s'\n",
        server.url(),
        root.display()
    )
}

#[test]
fn every_checkpoint_gets_a_token_that_openssl_accepts() {
    let mut station = Station::new();
    let authority = Arc::new(Authority::new());
    let ours = Arc::clone(&authority);
    let server = Server::start(move |asked| Reply::of(200, ours.answer(&asked.body)));
    let notes = [station.log.grow(3), station.log.grow(3)];
    assert!(station.once(&sink(&server, &authority)), "{}", station.said());
    assert_eq!(
        station.names("tsa"),
        ["000000000003.note", "000000000003.tsr", "000000000006.note", "000000000006.tsr"]
    );
    for (size, note) in [3, 6].into_iter().zip(&notes) {
        assert_eq!(station.read("tsa", &format!("{size:012}.note")), *note);
        let folder = station.evidence("tsa");
        let (token, data) = (folder.join(format!("{size:012}.tsr")), folder.join(format!("{size:012}.note")));
        assert!(authority.accepts(&token, &data), "openssl refuses what we kept");
        let other = folder.join(format!("{:012}.note", 9 - size));
        assert!(!authority.accepts(&token, &other), "the check of the test can fail");
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].header("content-type"), Some("application/timestamp-query"));
}

#[test]
fn a_token_for_another_request_is_not_kept() {
    let authority = Arc::new(Authority::new());
    // The imprint lies behind the fixed beginning of the request, the nonce behind the imprint.
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 2] = [
        ("the token is not for this hash", |request| request[25] ^= 1),
        ("does not carry the nonce", |request| {
            let last_of_nonce = request.len() - 4;
            request[last_of_nonce] ^= 1;
        }),
    ];
    for (expected, change) in changes {
        let mut station = Station::new();
        station.log.grow(3);
        let ours = Arc::clone(&authority);
        let server = Server::start(move |asked| {
            let mut request = asked.body.clone();
            change(&mut request);
            Reply::of(200, ours.answer(&request))
        });
        assert!(!station.once(&sink(&server, &authority)));
        let said = station.said();
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(station.names("tsa").is_empty());
    }
}

#[test]
fn a_refusal_of_the_authority_is_told_in_its_words() {
    let authority = Arc::new(Authority::new());
    let mut station = Station::new();
    station.log.grow(3);
    let ours = Arc::clone(&authority);
    let server = Server::start(move |_| Reply::of(200, ours.answer(b"no request at all")));
    assert!(!station.once(&sink(&server, &authority)));
    let said = station.said();
    assert!(said.contains("the time-stamp authority refused with status 2: "), "{said}");
    assert!(station.names("tsa").is_empty());
}

#[test]
fn a_token_cut_short_anywhere_is_not_kept() {
    let authority = Arc::new(Authority::new());
    let mut station = Station::new();
    station.log.grow(3);
    for part in 1..8 {
        let ours = Arc::clone(&authority);
        let server = Server::start(move |asked| {
            let whole = ours.answer(&asked.body);
            Reply::of(200, whole[..whole.len() * part / 8].to_vec())
        });
        assert!(!station.once(&sink(&server, &authority)));
        assert!(station.said().contains("not that of a time-stamp authority"));
        assert!(station.names("tsa").is_empty());
    }
}

#[test]
fn a_token_of_an_authority_that_is_not_trusted_is_not_kept() {
    let [trusted, other] = [Authority::new(), Authority::new()];
    let mut station = Station::new();
    station.log.grow(3);
    let server = Server::start(move |asked| Reply::of(200, other.answer(&asked.body)));
    assert!(!station.once(&sink(&server, &trusted)));
    let said = station.said();
    assert!(said.contains("the time stamp is not kept: "), "{said}");
    assert!(station.names("tsa").is_empty());
}
