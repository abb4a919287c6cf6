//! `keys rotate` and `keys list`: with a daemon and without, and what each key has signed.

use std::path::Path;

use crate::chains::{Chain, Key, database};
use crate::daemon::Daemon;
use crate::house::{House, daemon_binary};

/// A house with a chain that a daemon has written and closed.
fn recorded() -> House {
    let house = House::new();
    let daemon = Daemon::start(&house);
    emit(&house, 3);
    drop(daemon);
    house
}

fn emit(house: &House, events: usize) {
    for _ in 0..events {
        let said = house.say(["emit", "--tool", "t"]);
        assert_eq!(said.code, 0, "{}", said.all());
    }
}

fn rotate(house: &House, flags: &[&str]) -> serde_json::Value {
    let line = [&["keys", "rotate", "--json"], flags].concat();
    let said = house.say_with_daemon(&line);
    assert_eq!(said.code, 0, "{}", said.all());
    said.json()
}

fn published(house: &House) -> String {
    house.say(["keys", "pubkey", "--json"]).json()["fingerprint"].as_str().unwrap().to_owned()
}

fn count(value: &serde_json::Value) -> u64 {
    value["signed"]["receipts"].as_u64().unwrap()
}

#[test]
fn without_a_daemon_the_key_is_replaced_offline_and_the_list_says_what_each_signed() {
    let house = recorded();
    let before = published(&house);
    let rotation = rotate(&house, &["--chain-id", "c"]);
    assert_eq!((rotation["online"].as_bool(), rotation["outgoing"].as_str()), (Some(false), Some(&*before)));
    assert_eq!(rotation["incoming"].as_str(), Some(&*published(&house)));
    let archived = Path::new(rotation["archived"].as_str().unwrap());
    assert!(archived.exists());
    // A day later, as it were: the next daemon signs behind the hand-over.
    let daemon = Daemon::start(&house);
    emit(&house, 2);
    drop(daemon);
    let verified = house.say(["verify", "--strict"]);
    assert_eq!(verified.code, 0, "{}", verified.all());
    let list = house.say(["keys", "list", "--json"]).json();
    let (current, old) = (&list["keys"][0], &list["keys"][1]);
    assert_eq!((current["state"].as_str(), old["state"].as_str()), (Some("current"), Some("archived")));
    assert_eq!(
        (current["fingerprint"].as_str(), old["fingerprint"].as_str()),
        (rotation["incoming"].as_str(), Some(&*before))
    );
    assert_eq!(old["file"].as_str(), archived.to_str());
    // Three events, their terminator and the hand-over; two events and their terminator.
    assert_eq!((count(old), count(current)), (5, 3), "{list}");
    assert_eq!((old["vouched"].as_bool(), list["signed_by_none"].as_u64()), (Some(true), Some(0)));
    let parts: Vec<_> =
        old["signed"]["chains"].as_array().unwrap().iter().map(|part| &part["chain_id"]).collect();
    assert_eq!(parts, ["c", "c-2"]);
    assert_eq!(old["signed"]["chains"][1]["last_sequence"].as_u64(), Some(1));
    assert_eq!(current["signed"]["chains"][0]["first_sequence"].as_u64(), Some(2));
    let (from, to) = (current["signed"]["from"].as_str().unwrap(), current["signed"]["to"].as_str().unwrap());
    assert!(from <= to && from.ends_with('Z'), "{from} {to}");
    let text = house.say(["keys", "list"]);
    assert!(
        text.code == 0 && text.out.contains(&before) && text.out.contains("5 receipts in 2 chains"),
        "{}",
        text.all()
    );
}

#[test]
fn a_running_daemon_is_asked_and_goes_on_under_the_new_key() {
    let house = House::new();
    let mut daemon = Daemon::start(&house);
    emit(&house, 2);
    let before = published(&house);
    let first = rotate(&house, &[]);
    assert_eq!((first["online"].as_bool(), first["outgoing"].as_str()), (Some(true), Some(&*before)));
    emit(&house, 1);
    let text = house.say_with_daemon(["keys", "rotate"]);
    assert_eq!(text.code, 0, "{}", text.all());
    for line in [
        "rotated signing key on chain c (seq 5)",
        "archived public key: ",
        "the running daemon signs with it",
    ] {
        assert!(text.out.contains(line), "{line}: {}", text.all());
    }
    emit(&house, 1);
    assert!(daemon.is_running());
    let verified = house.say(["verify", "--strict"]);
    assert_eq!(verified.code, 0, "{}", verified.all());
    drop(daemon);
    let verified = house.say(["verify", "--strict", "--json"]);
    assert_eq!(verified.code, 0, "{}", verified.all());
    let list = house.say(["keys", "list", "--json"]).json();
    let counts: u64 = list["keys"].as_array().unwrap().iter().map(count).sum();
    assert_eq!((list["keys"].as_array().unwrap().len(), counts), (3, 7), "{list}");
}

#[test]
fn the_anchor_log_is_told_with_a_daemon_and_without() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    // Beside the database: a confined daemon writes to no folder that its configuration does not name.
    let anchor = house.data("anchor.ndjson");
    rotate(&house, &["--anchor-log", anchor.to_str().unwrap()]);
    drop(daemon);
    rotate(&house, &["--anchor-log", anchor.to_str().unwrap()]);
    let text = std::fs::read_to_string(&anchor).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains(r#""event_type":"rotation""#)).count(), 2, "{text}");
}

#[test]
fn only_the_daemon_that_was_meant_is_asked() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let before = published(&house);
    std::fs::write(house.path("other.db"), "").unwrap();
    for flags in [
        &["--db", "other.db"][..],
        &["--key", "other.key"],
        &["--public-key", "other.pub"],
        &["--chain-id", "x"],
        &["--issuer-id", "did:example:x"],
        &["--verification-method", "x"],
    ] {
        let said = house.say_with_daemon([&["keys", "rotate"], flags].concat());
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{flags:?} {}", said.all());
        assert!(said.err.starts_with("error: "), "{}", said.all());
    }
    assert_eq!(published(&house), before);
    // Named as it is, it is the one.
    let db = house.data("receipts.db");
    rotate(&house, &["--db", db.to_str().unwrap()]);
    drop(daemon);
}

#[test]
fn what_cannot_be_rotated_says_why_and_changes_nothing() {
    let house = House::new();
    let no_key = house.say_with_daemon(["keys", "rotate"]);
    assert!(no_key.code == 1 && no_key.err.contains("signing.key"), "{}", no_key.all());
    assert!(!house.data("receipts.db").exists());
    let house = recorded();
    let before = std::fs::read(house.data("signing.key")).unwrap();
    let nowhere = house.say_with_daemon(["keys", "rotate", "--anchor-log", "no/such/folder/anchor"]);
    assert!(nowhere.code == 1 && nowhere.err.contains("anchor"), "{}", nowhere.all());
    let no_binary = house.say(["keys", "rotate", "--daemon-bin", "absent"]);
    assert!(no_binary.code == 1 && no_binary.err.contains("not an executable file"), "{}", no_binary.all());
    assert_eq!(house.say(["keys", "rotate", "extra"]).code, 2);
    assert_eq!(std::fs::read(house.data("signing.key")).unwrap(), before);
    // Somebody who listens and does not answer as a daemon would.
    let socket = house.path("deaf.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let garbage = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = listener.accept().unwrap().0;
        stream.read_exact(&mut [0; 4 + r#"{"request":"status","v":"1"}"#.len()]).unwrap();
        stream.write_all(b"\0\0\0\x07garbage").unwrap();
    });
    let said = house.say_with_daemon(["keys", "rotate", "--control-socket", "deaf.sock"]);
    garbage.join().unwrap();
    assert!(said.code == 1 && said.err.contains("reply"), "{}", said.all());
    assert_eq!(std::fs::read(house.data("signing.key")).unwrap(), before);
}

/// A rotation that was cut short, by hand: the list says so, and the next start of the daemon undoes it.
#[test]
fn an_unfinished_rotation_is_told_of() {
    let house = recorded();
    std::fs::write(house.data("signing.key.rotation"), "{}").unwrap();
    let said = house.say(["keys", "list"]);
    assert!(said.code == 0 && said.out.contains("note: a rotation is not finished"), "{}", said.all());
    let start =
        house.command(["daemon", "run"]).env("AGENTRECEIPTS_DAEMON_BIN", daemon_binary()).output().unwrap();
    let error = String::from_utf8_lossy(&start.stderr).into_owned();
    assert!(!start.status.success() && error.contains("signing.key.rotation"), "{error}");
}

#[test]
fn a_planted_archive_is_listed_as_what_it_is() {
    let house = House::new();
    let (key, forger) = (Key::new(1), Key::new(66));
    database(
        &house.data("receipts.db"),
        &[Chain::new("c").rows(&key, 3), Chain::new("forged").rows(&forger, 2)].concat(),
    );
    key.publish(&house.data("signing.key.pub"));
    std::fs::write(house.data("signing.key.pub.rotated-torn"), "not a key").unwrap();
    let none = house.say(["keys", "list", "--json"]).json();
    assert_eq!((count(&none["keys"][0]), none["signed_by_none"].as_u64()), (3, Some(2)), "{none}");
    assert!(none["notes"][0].as_str().unwrap().contains("rotated-torn"), "{none}");
    forger.publish(&house.data("signing.key.pub.rotated-0123456789abcdef"));
    let list = house.say(["keys", "list", "--json"]).json();
    assert_eq!((count(&list["keys"][1]), list["keys"][1]["vouched"].as_bool()), (2, Some(false)), "{list}");
    let text = house.say(["keys", "list"]);
    assert!(text.out.contains("does not vouch for it"), "{}", text.all());
}

#[test]
fn keys_are_listed_before_there_is_a_database_and_not_without_a_key() {
    let house = House::new();
    assert_eq!(house.say(["keys", "list"]).code, 2);
    house.say(["keys", "generate"]);
    let list = house.say(["keys", "list", "--json"]).json();
    assert!(list["keys"][0]["signed"].is_null() && list["signed_by_none"].is_null(), "{list}");
    assert!(!house.data("receipts.db").exists());
    std::fs::write(house.data("receipts.db"), "garbage that is no database at all").unwrap();
    assert_eq!(house.say(["keys", "list"]).code, 2);
}
