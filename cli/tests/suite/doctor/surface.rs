//! What the doctor looks like to people and to programs.

use super::{Diagnosis, UNAVOIDABLE};
use crate::daemon::Daemon;
use crate::house::House;

const NAMES: [&str; 14] = [
    "daemon process",
    "socket",
    "emitter dial path",
    "db permissions",
    "schema/version",
    "peer credentials",
    "round-trip",
    "chain head",
    "key lineage",
    "writer lock",
    "clock",
    "disk room",
    "checkpoint age",
    "key separation",
];

#[test]
fn a_house_in_order_is_said_line_by_line() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let said = house.say(["doctor"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let checks: Vec<_> = said.out.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(checks.len(), NAMES.len(), "{}", said.all());
    for (line, name) in checks.iter().zip(NAMES) {
        let status = if name == "key separation" { "[warn] " } else { "[ok  ] " };
        assert!(line.starts_with(&format!("{status}{name:<17}   ")), "{line}");
    }
    assert!(said.out.contains("a convenience, not a boundary"), "{}", said.all());
    assert!(said.out.contains("fix: run the daemon as an OS user of its own"), "{}", said.all());
    assert!(said.out.ends_with("doctor: OK (13 ok, 1 warn, 0 fail)\n"), "{}", said.all());
}

#[test]
fn json_has_the_same_checks_in_the_same_order() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let diagnosis = Diagnosis::of::<&str>(&house, []);
    let names: Vec<_> = diagnosis.checks.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, NAMES);
    assert_eq!((diagnosis.code, diagnosis.ok), (0, true));
    assert_eq!(diagnosis.troubles(), [UNAVOIDABLE]);
}

#[test]
fn warnings_count_only_where_they_are_asked_to() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let strict = Diagnosis::of(&house, ["--warn-as-error"]);
    assert_eq!((strict.code, strict.ok), (1, false));
    assert_eq!(strict.troubles(), [UNAVOIDABLE]);
    let said = house.say(["doctor", "--warn-as-error"]);
    assert!(said.out.ends_with("doctor: FAIL (13 ok, 1 warn, 0 fail)\n"), "{}", said.all());
}

#[test]
fn wrong_usage_is_not_a_diagnosis() {
    let house = House::new();
    std::fs::write(house.path("broken.toml"), "db = 7").unwrap();
    for line in [
        &["doctor", "--roundtrip-timeout", "0s"][..],
        &["doctor", "--roundtrip-timeout", "soon"],
        &["doctor", "--roundtrip-timeout", "2h"],
        &["doctor", "--roundtrip-timeout", "9999999999999999h"],
        &["doctor", "--roundtrip-timeout=-3s"],
        &["doctor", "--no-such-check"],
        &["doctor", "socket"],
        &["doctor", "--config", "broken.toml"],
        &["doctor", "--config", "absent.toml"],
    ] {
        let said = house.say(line);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
        assert!(said.err.starts_with("error: "), "{line:?} {}", said.all());
    }
    let homeless = house.command(["doctor"]).env_remove("HOME").env_remove("XDG_DATA_HOME").output().unwrap();
    assert_eq!(homeless.status.code(), Some(2));
}

#[test]
fn the_help_says_that_the_round_trip_adds_a_receipt() {
    let said = House::new().say(["doctor", "--help"]);
    let words: Vec<_> = said.out.split_whitespace().collect();
    assert!(words.join(" ").contains("adds one receipt to the audited chain"), "{}", said.all());
}
