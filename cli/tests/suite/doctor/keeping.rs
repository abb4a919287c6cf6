//! What keeps a database trustworthy for years: keys, the lock, the clock, room, checkpoints.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use agent_receipts_core::Timestamp;
use rusqlite::Connection;

use super::Diagnosis;
use crate::chains::{Chain, Key, database, lines};
use crate::daemon::Daemon;
use crate::house::House;

fn ask(house: &House) -> Diagnosis {
    Diagnosis::of(house, ["--no-roundtrip"])
}

/// A house in which a daemon has recorded something and ended in order.
fn kept() -> House {
    let house = House::new();
    let daemon = Daemon::start(&house);
    for tool in ["a", "b", "c"] {
        assert_eq!(house.say(["emit", "--tool", tool]).code, 0);
    }
    drop(daemon);
    house
}

#[test]
fn a_house_that_was_left_in_order_is_in_order() {
    let diagnosis = ask(&kept());
    for (name, words) in [
        ("key lineage", "one key, sha256:"),
        ("writer lock", "free"),
        ("clock", "no step back"),
        ("checkpoint age", "4 of 4 receipts covered since"),
    ] {
        diagnosis.assert(name, "ok", words);
    }
}

#[test]
fn earlier_keys_are_told_from_planted_ones() {
    let house = kept();
    assert_eq!(house.say_with_daemon(["daemon", "run", "--rotate"]).code, 0);
    let daemon = Daemon::start(&house);
    assert_eq!(house.say(["emit", "--tool", "d"]).code, 0);
    drop(daemon);
    ask(&house).assert("key lineage", "ok", "1 earlier");
    let planted = Key::new(7).publish(&house.data("signing.key.pub.rotated-0123456789abcdef"));
    ask(&house).assert("key lineage", "warn", "is no earlier key of this database");
    fs::write(&planted, "junk").unwrap();
    ask(&house).assert("key lineage", "warn", "holds no key");
    fs::remove_file(&planted).unwrap();
    let archived = fs::read_dir(house.data("")).unwrap().map(|entry| entry.unwrap().path());
    let archived =
        archived.into_iter().find(|path| path.to_str().unwrap().contains(".pub.rotated-")).unwrap();
    fs::remove_file(archived).unwrap();
    ask(&house).assert("key lineage", "fail", "is not archived");
}

#[test]
fn a_key_that_was_exchanged_and_a_rotation_that_is_not_over_are_told() {
    let house = kept();
    fs::write(house.data("signing.key.rotation"), "").unwrap();
    ask(&house).assert("key lineage", "warn", "a rotation of the key is not over");
    fs::remove_file(house.data("signing.key.rotation")).unwrap();
    let other = House::new();
    assert_eq!(other.say(["init"]).code, 0);
    fs::copy(other.data("signing.key"), house.data("signing.key")).unwrap();
    let diagnosis = ask(&house);
    diagnosis.assert("key lineage", "fail", "the published key is not that of");
    assert_eq!(diagnosis.code, 1);
}

#[test]
fn a_daemon_that_writes_another_database_is_found_out() {
    let (house, other) = (House::new(), kept());
    let _daemon = Daemon::start(&house);
    ask(&house).assert("writer lock", "ok", "held by the daemon that listens");
    let elsewhere = other.data("receipts.db");
    let database = elsewhere.to_str().unwrap();
    Diagnosis::of(&house, ["--no-roundtrip", "--db", database]).assert(
        "writer lock",
        "fail",
        "it writes another",
    );
    Diagnosis::of(&house, ["--no-roundtrip", "--socket", "absent"]).assert(
        "writer lock",
        "warn",
        "nobody answers",
    );
}

#[test]
fn a_clock_that_was_set_back_is_told_and_nothing_is_broken_by_it() {
    let (house, key, mut chain) = (House::new(), Key::new(1), Chain::new("c"));
    let rows: Vec<_> = [1_000, 5_000, 1_400, 1_500]
        .map(|seconds| {
            chain.row(&key, |receipt| {
                receipt.issuance_date = Timestamp::from_unix(seconds, 0).unwrap().to_rfc3339();
                receipt.subject.action.timestamp.clone_from(&receipt.issuance_date);
            })
        })
        .into();
    database(&house.data("receipts.db"), &rows);
    key.publish(&house.data("signing.key.pub"));
    let diagnosis = ask(&house);
    diagnosis.assert("clock", "warn", "stepped back by 3600 s before `c` #3");
    diagnosis.assert("chain head", "ok", "VALID");
}

/// What a chain alone cannot show: its end was cut off.
#[test]
fn a_database_that_is_shorter_than_its_checkpoint_fails() {
    let house = kept();
    let connection = Connection::open(house.data("receipts.db")).unwrap();
    let cut = "DELETE FROM receipts WHERE rowid IN (SELECT max(rowid) FROM receipts)";
    assert_eq!(connection.execute(cut, []).unwrap(), 1);
    drop(connection);
    let diagnosis = ask(&house);
    diagnosis.assert("checkpoint age", "fail", "over 4 receipts, and there are 3 receipts");
    assert_eq!(diagnosis.code, 1);
}

#[test]
fn receipts_that_no_checkpoint_covers_are_told_after_a_while() {
    let (house, key) = (House::new(), Key::new(1));
    database(&house.data("receipts.db"), &Chain::new("c").rows(&key, 3));
    key.publish(&house.data("signing.key.pub"));
    let ask = |interval: &str| {
        let mut command = house.command(["doctor", "--json", "--no-roundtrip"]);
        command.env("AGENTRECEIPTS_CHECKPOINT_INTERVAL", interval);
        Diagnosis::read(&crate::house::Said::of(&command.output().unwrap()))
    };
    // As old as the rows are, which is for ever.
    ask("1s").assert("checkpoint age", "warn", "no checkpoint");
    ask("400000h").assert("checkpoint age", "ok", "not due yet");
}

/// Nobody writes to an archive: one whose file is another than the one that was taken in was changed by somebody.
#[test]
fn an_archive_that_was_changed_is_told() {
    let (house, key) = (House::new(), Key::new(1));
    database(&house.data("receipts.db"), &Chain::new("a").rows(&key, 2));
    key.publish(&house.data("signing.key.pub"));
    let none = ask(&house);
    assert!(!none.has("archives"), "there are none to speak of");
    fs::write(house.path("b.jsonl"), lines(&Chain::new("b").rows(&key, 3))).unwrap();
    assert_eq!(house.say(["import", "b.jsonl"]).code, 0);
    ask(&house).assert("archives", "ok", "1 archive, as taken in");
    let folder = fs::read_dir(house.data("receipts.db.archives")).unwrap().next().unwrap().unwrap().path();
    let file = folder.join("receipts.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, [&bytes[..], b"x"].concat()).unwrap();
    ask(&house).assert("archives", "fail", "is not the one that was taken in");
    fs::write(&file, bytes).unwrap();
    ask(&house).assert("archives", "ok", "as taken in");
    fs::write(folder.join("manifest.json"), "junk").unwrap();
    ask(&house).assert("archives", "fail", "manifest.json");
}
