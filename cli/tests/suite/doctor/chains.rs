//! What the doctor says of the database's versions and of its chains.

use agent_receipts_store::{Row, SCHEMA_VERSION};
use rusqlite::Connection;

use super::{Diagnosis, UNAVOIDABLE};
use crate::chains::{Chain, Key, database};
use crate::daemon::Daemon;
use crate::house::House;

fn house(key: &Key, rows: &[Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    key.publish(&house.data("signing.key.pub"));
    house
}

fn ask(house: &House) -> Diagnosis {
    Diagnosis::of(house, ["--no-roundtrip"])
}

/// Regression: the reference calls a valid rotated chain "BROKEN at receipt 0" (receipts-better §0.3 item 5).
#[test]
fn better_0_3_item_5_a_rotated_store_stays_well() {
    let house = House::new();
    for rotations in 0..3 {
        let daemon = Daemon::start(&house);
        let diagnosis = Diagnosis::of::<&str>(&house, []);
        assert_eq!((diagnosis.code, diagnosis.troubles()), (0, vec![UNAVOIDABLE]), "{rotations}");
        diagnosis.assert("chain head", "ok", "VALID");
        drop(daemon);
        let rotated = house.say_with_daemon(["daemon", "run", "--chain-id", "c", "--rotate"]);
        assert_eq!(rotated.code, 0, "{}", rotated.all());
    }
}

#[test]
fn a_rotation_within_a_chain_breaks_it_no_more_than_one_between_chains() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut rows = Chain::new("closed").rows(&old, 2);
    let mut chain = Chain::new("open");
    rows.extend(chain.rows(&old, 1));
    rows.push(chain.rotation(&old, &new));
    rows.extend(chain.rows(&new, 1));
    let house = house(&new, &rows);
    old.publish(&house.data(&format!("signing.key.pub.rotated-{}", old.public().short_fingerprint())));
    ask(&house).assert("chain head", "ok", "VALID: 2 chains, 5 receipts");
}

#[test]
fn a_wrong_public_key_fails_and_so_does_none() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    Key::new(9).publish(&house.path("other.pub"));
    std::fs::write(house.path("junk.pub"), "junk").unwrap();
    for (key, words) in
        [("other.pub", "chain `c` is BROKEN"), ("absent.pub", "absent.pub"), ("junk.pub", "junk")]
    {
        let diagnosis = Diagnosis::of(&house, ["--public-key", key]);
        assert_eq!(diagnosis.code, 1, "{key}");
        let mut troubles = diagnosis.troubles();
        // Without a key a checkpoint cannot be judged either.
        troubles.retain(|(name, _)| *name != "checkpoint age");
        assert_eq!(troubles, [("chain head", "fail"), ("key lineage", "fail"), UNAVOIDABLE], "{key}");
        diagnosis.assert("chain head", "fail", words);
    }
}

#[test]
fn broken_chains_are_counted_and_the_first_is_named() {
    let key = Key::new(1);
    let (mut a, b, mut c) =
        (Chain::new("a").rows(&key, 3), Chain::new("b").rows(&key, 1), Chain::new("c").rows(&key, 3));
    a.remove(1);
    c[2].receipt_json = c[2].receipt_json.replace("did:user:me", "did:user:you");
    let house = house(&key, &[a, b, c].concat());
    let diagnosis = ask(&house);
    diagnosis.assert("chain head", "fail", "chain `a` is BROKEN: ");
    diagnosis.assert("chain head", "fail", "; and 1 more of 3 chains");
    assert!(diagnosis.finding("chain head").fix.as_deref().unwrap().contains("agent-receipts verify"));
    let one = Diagnosis::of(&house, ["--no-roundtrip", "--chain-id", "b"]);
    one.assert("chain head", "ok", "VALID: 1 chain, 1 receipt");
    let unknown = Diagnosis::of(&house, ["--no-roundtrip", "--chain-id", "nowhere"]);
    unknown.assert("chain head", "fail", "chain `nowhere` is UNKNOWN");
}

#[test]
fn nothing_is_not_well() {
    let diagnosis = ask(&house(&Key::new(1), &[]));
    diagnosis.assert("chain head", "warn", "nothing that could be valid");
    diagnosis.assert("schema/version", "ok", "no receipts yet");
}

#[test]
fn rows_that_lie_are_warned_of() {
    let key = Key::new(1);
    let mut rows = Chain::new("a").rows(&key, 2);
    rows[1].status = "failure".into();
    ask(&house(&key, &rows)).assert("chain head", "warn", "row_mismatch");
}

#[test]
fn an_archived_key_that_cannot_be_read_is_warned_of() {
    let key = Key::new(1);
    let house = house(&key, &Chain::new("a").rows(&key, 1));
    std::fs::write(house.data("signing.key.pub.rotated-0123456789abcdef"), "junk").unwrap();
    ask(&house).assert("chain head", "warn", "0123456789abcdef");
}

#[test]
fn versions_that_nobody_knows_yet_are_said() {
    let key = Key::new(1);
    let future = Chain::new("a").row(&key, |receipt| receipt.version = "7.0.0".into());
    ask(&house(&key, &[future])).assert("schema/version", "fail", "unknown receipt version `7.0.0`");
    let mut unreadable = Chain::new("a").rows(&key, 1);
    unreadable[0].receipt_json = "{".into();
    ask(&house(&key, &unreadable)).assert("schema/version", "fail", "cannot be read");
    let newer = house(&key, &Chain::new("a").rows(&key, 1));
    let connection = Connection::open(newer.data("receipts.db")).unwrap();
    let next = (SCHEMA_VERSION + 1).to_string();
    connection.execute("UPDATE ar_meta SET value = ?1 WHERE key = 'schema_version'", [&next]).unwrap();
    drop(connection);
    let diagnosis = ask(&newer);
    diagnosis.assert("schema/version", "warn", &format!("schema version `{next}`"));
    diagnosis.assert("chain head", "ok", "VALID");
}

#[test]
fn what_is_no_database_fails() {
    let house = house(&Key::new(1), &[]);
    std::fs::write(house.path("text"), "no database at all, but long enough for a header".repeat(100))
        .unwrap();
    let diagnosis = Diagnosis::of(&house, ["--no-roundtrip", "--db", "text"]);
    for name in ["schema/version", "chain head"] {
        diagnosis.assert(name, "fail", "is not a database");
    }
    assert_eq!(diagnosis.code, 1);
}

#[test]
fn a_chains_name_does_not_steer_the_terminal() {
    let key = Key::new(1);
    let mut rows = Chain::new("a\u{1b}[2J\u{202e}").rows(&key, 2);
    rows.remove(0);
    rows[0].receipt_json = "{".into();
    let said = house(&key, &rows).say(["doctor", "--no-roundtrip"]);
    assert!(said.code == 1 && said.out.contains("a\\u{1b}[2J\\u{202e}"), "{}", said.all());
    assert!(!said.out.contains(['\u{1b}', '\u{202e}']), "{}", said.all());
}
