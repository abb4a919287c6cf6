//! Evidence that was changed after it was kept is found.

use std::path::Path;
use std::sync::Arc;

use agent_receipts_anchor::SinkReview;

use crate::openssl::Authority;
use crate::server::{Reply, Server};
use crate::station::Station;
use crate::witness::{Witness, sink};

const FILE: &str = "[[sink]]\nname = 'paper'\nkind = 'file'\n";

/// The only sink's review.
fn review(station: &Station, sinks: &str) -> SinkReview {
    SinkReview::of(&station.config(sinks)).remove(0)
}

fn edit(path: &Path, change: impl Fn(&str) -> String) {
    let text = std::fs::read_to_string(path).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text);
    std::fs::write(path, changed).unwrap();
}

#[test]
fn a_file_holds_until_a_line_is_changed_or_gone() {
    let mut station = Station::new();
    station.log.grow(1);
    station.log.grow(1);
    assert!(station.once(FILE));
    let good = review(&station, FILE);
    assert!(good.holds() && good.good == 2, "{good:?}");
    let path = station.evidence("paper").join("checkpoints.ndjson");
    let whole = std::fs::read_to_string(&path).unwrap();
    type Change = Box<dyn Fn(&str) -> String>;
    let changes: [(&str, Change); 4] = [
        ("line 1: ", Box::new(|text| text.replacen("\\n1\\n", "\\n3\\n", 1))),
        ("line 2: the list of heads is not", Box::new(|text| text.replacen("head 2 ", "head 3 ", 1))),
        (
            "2 checkpoints were delivered, and there is evidence of 1",
            Box::new(|text| text.lines().next().unwrap().to_owned() + "\n"),
        ),
        ("line 3 is not a record", Box::new(|text| format!("{text}garbage\n"))),
    ];
    for (expected, change) in changes {
        edit(&path, change);
        let bad = review(&station, FILE);
        assert!(!bad.holds() && bad.to_text().contains(expected), "{expected}: {}", bad.to_text());
        std::fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_cosignature_that_was_taken_away_or_changed_is_missed() {
    let mut station = Station::new();
    let server = Witness::default().serve(station.log.key());
    station.log.grow(1);
    station.log.grow(1);
    assert!(station.once(&sink(&server)));
    let good = review(&station, &sink(&server));
    assert!(good.holds() && good.good == 2, "{good:?}");
    let path = station.evidence("w1").join("000000000002.note");
    let whole = std::fs::read_to_string(&path).unwrap();
    edit(&path, |text| {
        text.lines()
            .rev()
            .skip(1)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .map(|line| format!("{line}\n"))
            .collect()
    });
    assert!(
        review(&station, &sink(&server))
            .to_text()
            .contains("000000000002: there is no signature of `witness.test/w1`")
    );
    // Another checkpoint's cosignature.
    let first = station.read("w1", "000000000001.note");
    let other = first.lines().last().unwrap();
    edit(&path, |text| format!("{text}{other}\n"));
    assert!(review(&station, &sink(&server)).to_text().contains("does not hold"));
    std::fs::write(&path, &first).unwrap();
    assert!(review(&station, &sink(&server)).to_text().contains("000000000002: the note is over 1 receipts"));
    std::fs::write(&path, whole).unwrap();
    assert!(review(&station, &sink(&server)).holds());
}

#[test]
fn a_token_of_another_checkpoint_is_found() {
    let mut station = Station::new();
    let authority = Arc::new(Authority::new());
    let ours = Arc::clone(&authority);
    let server = Server::start(move |asked| Reply::of(200, ours.answer(&asked.body)));
    let sink = format!(
        "[[sink]]\nname = 'tsa'\nkind = 'timestamp'\nurl = '{}'\ncertificates = '{}'\ntimeout = '60s'\n",
        server.url(),
        authority.path("ca.pem").display()
    );
    station.log.grow(1);
    station.log.grow(1);
    assert!(station.once(&sink));
    assert_eq!(review(&station, &sink).good, 2);
    let token = |size: u64| station.evidence("tsa").join(format!("{size:012}.tsr"));
    std::fs::copy(token(1), token(2)).unwrap();
    let bad = review(&station, &sink);
    assert_eq!(
        (bad.good, bad.faults.as_slice()),
        (1, &["000000000002: the token is not for this hash".to_owned()][..])
    );
    std::fs::remove_file(token(2)).unwrap();
    assert!(review(&station, &sink).to_text().contains("000000000002: there is no `.tsr`"));
    std::fs::remove_file(station.evidence("tsa").join("000000000001.note")).unwrap();
    assert!(review(&station, &sink).to_text().contains("000000000001: there is no `.note`"));
}

#[test]
fn what_another_key_signed_does_not_hold() {
    let mut station = Station::new();
    station.log.grow(1);
    assert!(station.once(FILE));
    station.log.rotate_to(2);
    let bad = review(&station, FILE);
    assert!(!bad.holds() && bad.to_text().contains("neither published nor archived"), "{}", bad.to_text());
}
