//! Bad input to every command.

use crate::chains::{Chain, Key, database};
use crate::house::House;

#[test]
fn wrong_command_lines_are_refused_with_code_2() {
    let house = House::new();
    for line in [
        &["frobnicate"][..],
        &["list", "--limit", "0"],
        &["list", "--limit", "-1"],
        &["list", "--limit", "many"],
        &["list", "--risk", "huge"],
        &["list", "--status", "maybe"],
        &["list", "--since", "yesterday"],
        &["list", "extra"],
        &["show"],
        &["show", "1", "2"],
        &["tail", "--count", "x"],
        &["tail", "--until-idle", "-3"],
        &["export", "--until", "25:00"],
        &["verify", "--expected-length", "-1"],
        &["verify", "--expected-final-hash", "sha256:xyz"],
        &["verify", "--file", "x", "--db", "y"],
        &["verify", "today"],
        &["verify-event"],
        &["verify-event", "--chain-head", "--id", "x"],
        &["verify-event", "--since", "1h", "--id", "x"],
        &["emit"],
        &["emit", "--tool", "t", "--decision", "perhaps"],
        &["exec"],
        &["exec", "--"],
        &["run"],
        &["run", "--chain-id", "c"],
        &["daemon", "start"],
        &["init", "--force"],
    ] {
        let said = house.say(line);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
        assert!(said.err.starts_with("error: "), "{line:?} {}", said.all());
    }
}

/// A wrong time is only seen when the database is there to be asked.
#[test]
fn wrong_times_are_refused_with_code_2() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("c").rows(&Key::new(1), 1));
    Key::new(1).publish(&house.data("signing.key.pub"));
    for line in [
        &["list", "--since", "yesterday"][..],
        &["export", "--until", "2026-13-01T00:00:00Z"],
        &["tail", "--since", "1 h"],
        &["verify-event", "--since", "-1h"],
        &["verify-event", "--since=-1h"],
    ] {
        let said = house.say(line);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
    }
}

#[test]
fn a_missing_database_is_named_and_made_by_no_reader() {
    let house = House::new();
    std::fs::create_dir_all(house.data("")).unwrap();
    Key::new(1).publish(&house.data("signing.key.pub"));
    for line in [
        &["list"][..],
        &["show", "1"],
        &["tail"],
        &["export"],
        &["verify"],
        &["verify", "--chain-id", "c"],
        &["verify-event", "--chain-head"],
    ] {
        let said = house.say(line);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
        assert!(said.err.contains("receipts.db") && said.err.contains("hint: "), "{line:?} {}", said.all());
    }
    assert!(!house.data("receipts.db").exists());
}

#[test]
fn what_is_no_database_is_refused() {
    let house = House::new();
    Key::new(1).publish(&house.path("k.pub"));
    std::fs::write(house.path("text"), "no database at all, but long enough for a header".repeat(100))
        .unwrap();
    for db in ["text", ".", "/dev/null", ":memory:", ""] {
        for line in [&["list", "--db", db][..], &["verify", "--public-key", "k.pub", "--db", db]] {
            let said = house.say(line);
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
        }
    }
}

#[test]
fn a_public_key_that_is_none_is_named() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("c").rows(&Key::new(1), 1));
    std::fs::write(house.path("k.pub"), "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
        .unwrap();
    for key in ["absent.pub", "k.pub", "."] {
        for line in
            [&["verify", "--public-key", key][..], &["verify-event", "--chain-head", "--public-key", key]]
        {
            let said = house.say(line);
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
            assert!(said.err.contains(key), "{line:?} {}", said.all());
        }
    }
}

#[test]
fn a_broken_configuration_stops_every_command() {
    let house = House::new();
    std::fs::create_dir_all(house.data("")).unwrap();
    std::fs::write(house.data("daemon.toml"), "db = 7").unwrap();
    for line in [&["list"][..], &["verify"], &["init"], &["run", "--", "true"], &["emit", "--tool", "t"]] {
        let said = house.say(line);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
        assert!(said.err.contains("daemon.toml") && said.err.contains("`db`"), "{}", said.all());
    }
    assert!(!house.data("signing.key").exists());
    let absent = house.say(["list", "--config", "absent.toml"]);
    assert!(absent.code == 2 && absent.err.contains("absent.toml"), "{}", absent.all());
}

#[test]
fn without_a_home_the_missing_path_is_asked_for() {
    let house = House::new();
    let output = house.command(["list"]).env_remove("HOME").env_remove("XDG_DATA_HOME").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("HOME"));
}
