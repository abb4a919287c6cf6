//! The anchor sees a database that no longer holds what it delivered.

use crate::log::Log;
use crate::station::{Station, notes};

const SINK: &str = "[[sink]]\nname = 'paper'\nkind = 'file'\n";

fn replace_by(station: &mut Station, make: impl FnOnce(&mut Log)) {
    let path = station.path("other.db");
    let mut other = Log::create(&path);
    make(&mut other);
    station.log = other;
}

#[test]
fn a_database_that_was_rolled_back_is_an_alarm() {
    let mut station = Station::new();
    station.log.grow(5);
    station.log.grow(5);
    assert!(station.once(SINK));
    replace_by(&mut station, |other| drop(other.grow(5)));
    assert!(!station.once(SINK));
    let said = station.said();
    assert!(
        said.contains("ALARM") && said.contains("over 10 receipts") && said.contains("rolled back"),
        "{said}"
    );
}

#[test]
fn a_database_that_was_rewritten_and_signed_anew_is_an_alarm_and_nothing_of_it_is_delivered() {
    let mut station = Station::new();
    let genuine = station.log.grow(5);
    assert!(station.once(SINK));
    replace_by(&mut station, |other| {
        other.record(4);
        other.become_other("forged");
        other.grow(1);
        other.grow(5);
    });
    assert!(!station.once(SINK));
    let said = station.said();
    assert!(
        said.contains("ALARM") && said.contains("over 5 receipts") && said.contains("rewritten"),
        "{said}"
    );
    assert_eq!(notes(&station.evidence("paper").join("checkpoints.ndjson")), [genuine]);
}

/// By whoever has the daemon's key: the checkpoint that the sink has is kept, and the receipts below it are others.
#[test]
fn a_genuine_checkpoint_above_a_history_that_was_rewritten_is_an_alarm() {
    let mut station = Station::new();
    let genuine = station.log.grow(300);
    assert!(station.once(SINK));
    replace_by(&mut station, |other| {
        other.record(299);
        other.become_other("forged");
        other.record(1);
        other.become_other("");
        other.grow(40);
        other.keep(300, &genuine);
    });
    assert!(!station.once(SINK));
    let said = station.said();
    assert!(
        said.contains("ALARM") && said.contains("over 340 does not extend it") && said.contains("rewritten"),
        "{said}"
    );
    assert_eq!(notes(&station.evidence("paper").join("checkpoints.ndjson")), [genuine]);
}

#[test]
fn a_checkpoint_that_was_signed_anew_over_the_same_receipts_is_no_alarm() {
    let mut station = Station::new();
    station.log.grow(5);
    assert!(station.once(SINK));
    station.log.checkpoint_with(&agent_receipts_chain::checkpoint::HeadList::default());
    station.log.grow(1);
    assert!(station.once(SINK), "{}", station.said());
}

#[test]
fn a_damaged_checkpoint_stops_the_sinks_with_its_name_and_is_not_passed_over() {
    let mut station = Station::new();
    let first = station.log.grow(1);
    station.log.grow(1);
    let third = station.log.grow(1);
    station.log.damage(2, "garbage");
    assert!(!station.once(SINK));
    let said = station.said();
    assert!(said.contains("the checkpoint over 2 receipts in the database is damaged"), "{said}");
    let path = station.evidence("paper").join("checkpoints.ndjson");
    assert_eq!(notes(&path), std::slice::from_ref(&first));
    station.log.damage(2, &third);
    assert!(!station.once(SINK));
    assert_eq!(notes(&path), [first]);
}

#[test]
fn what_a_stranger_signed_is_not_delivered_and_what_comes_before_it_is() {
    let mut station = Station::new();
    let first = station.log.grow(1);
    station.configure(SINK);
    let genuine = std::fs::read(station.path("signing.key.pub")).unwrap();
    station.log.rotate_to(2);
    let second = station.log.grow(1);
    let path = station.evidence("paper").join("checkpoints.ndjson");
    let config = |key: &[u8]| {
        let config = station.config(SINK);
        std::fs::write(station.path("signing.key.pub"), key).unwrap();
        config
    };
    let run = |config: &agent_receipts_anchor::Config| {
        let world = station.world(agent_receipts_anchor::Disk::system());
        let anchor = agent_receipts_anchor::Anchor::start(config, &crate::station::nothing, world).unwrap();
        anchor.run(agent_receipts_anchor::Until::Once, &agent_receipts_anchor::Stop::default()).unwrap()
    };
    assert!(!run(&config(&genuine)));
    let said = station.said();
    assert!(said.contains("the checkpoint over 2 receipts names the key `sha256:"), "{said}");
    assert_eq!(notes(&path), std::slice::from_ref(&first));
    // As a rotation does it: the new key is published, the old one archived.
    let rotated = config(station.log.key().to_pem().as_bytes());
    assert!(!run(&rotated));
    std::fs::write(station.path("signing.key.pub.rotated-0123456789abcdef"), &genuine).unwrap();
    assert!(run(&rotated), "{}", station.said());
    assert_eq!(notes(&path), [first, second]);
}

#[test]
fn a_checkpoint_that_was_altered_after_it_was_signed_is_not_delivered() {
    let mut station = Station::new();
    let note = station.log.grow(7);
    let (size, root) = note.split_once("\n7\n").unwrap();
    station.log.damage_with_heads(8, &format!("{size}\n8\n{root}"), 7);
    station.log.damage_with_heads(9, &note, 7);
    assert!(!station.once(SINK));
    let said = station.said();
    assert!(said.contains("the checkpoint over 8 receipts was planted or altered"), "{said}");
    assert_eq!(notes(&station.evidence("paper").join("checkpoints.ndjson")), std::slice::from_ref(&note));
    station.log.damage_with_heads(8, &note, 7);
    assert!(!station.once(SINK));
    assert!(station.said().contains("the checkpoint over 8 receipts in the database says 7"));
}

#[test]
fn without_a_database_it_waits_and_says_so() {
    let station = Station::new();
    let path = station.configure(SINK);
    let text = std::fs::read_to_string(&path).unwrap().replace("receipts.db", "missing.db");
    std::fs::write(&path, text).unwrap();
    let config = agent_receipts_anchor::Config::load(&path, &crate::station::nothing).unwrap();
    let world = station.world(agent_receipts_anchor::Disk::system());
    let anchor = agent_receipts_anchor::Anchor::start(&config, &crate::station::nothing, world).unwrap();
    let stop = agent_receipts_anchor::Stop::default();
    assert!(!anchor.run(agent_receipts_anchor::Until::Once, &stop).unwrap());
    assert!(station.said().contains("missing.db"));
    assert!(!station.path("missing.db").exists());
}
