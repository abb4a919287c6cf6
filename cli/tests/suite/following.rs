//! `tail`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use agent_receipts_store::{ReceiptStore, SqliteStore};
use rustix::process::{Pid, Signal, kill_process};

use crate::chains::{Chain, Key, database};
use crate::house::House;

#[test]
fn the_newest_come_first_and_then_what_is_recorded_later() {
    let house = House::new();
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let db = database(&house.data("receipts.db"), &chain.rows(&key, 5));
    let mut tail = house.command(["tail", "-n", "2", "--count", "4"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("a #4"));
    assert!(lines.next().unwrap().contains("a #5"));
    // Writers come and go, as daemons do.
    for _ in 0..2 {
        let mut store = SqliteStore::open(&db).unwrap();
        store.append(&chain.rows(&key, 1)).unwrap();
    }
    assert!(lines.next().unwrap().contains("a #6"));
    assert!(lines.next().unwrap().contains("a #7"));
    assert!(lines.next().is_none());
    assert!(tail.wait().unwrap().success());
}

#[test]
fn it_ends_when_idle_or_when_told() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("a").rows(&Key::new(1), 3));
    for line in [&["tail", "--until-idle", "0"][..], &["tail", "--until-idle", "1"], &["tail", "--no-follow"]]
    {
        let said = house.say(line);
        assert_eq!((said.code, said.out.lines().count()), (0, 3), "{line:?} {}", said.all());
    }
    assert_eq!(house.say(["tail", "--no-follow", "-n", "0"]).out, "");
    assert_eq!(house.say(["tail", "--no-follow", "--session", "other"]).out, "");
    let json = house.say(["tail", "--json", "--count", "1"]);
    assert_eq!(json.json()["credentialSubject"]["chain"]["sequence"], 3);
}

#[test]
fn a_signal_ends_it() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("a").rows(&Key::new(1), 1));
    let mut tail = house.command(["tail"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().is_some());
    kill_process(Pid::from_child(&tail), Signal::TERM).unwrap();
    assert!(!tail.wait().unwrap().success());
}

#[test]
fn a_reader_that_left_ends_it_although_nothing_is_recorded() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("a").rows(&Key::new(1), 1));
    let mut tail = house.command(["tail"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().is_some());
    drop(lines);
    assert!(tail.wait().unwrap().success());
}
