//! A clock that stepped back an hour while receipts and checkpoints were made: the order is that of their numbers, and no command of
//! the upkeep loses or breaks anything.

use std::fs;

use agent_receipts_core::Timestamp;
use agent_receipts_store::Row;

use crate::chains::{Chain, Key, database, lines};
use crate::checkpoints::{checkpoint_at, record};
use crate::house::House;

/// Two chains, in turn; the clock steps back by an hour in the middle.
fn rows(key: &Key) -> Vec<Row> {
    let mut chains = [Chain::new("a"), Chain::new("b")];
    (0..40)
        .map(|number| {
            let seconds = 1_795_000_000 + number * 60 - if number < 20 { 0 } else { 3_600 };
            chains[number as usize % 2].row(key, |receipt| {
                receipt.issuance_date = Timestamp::from_unix(seconds, 0).unwrap().to_rfc3339();
                receipt.subject.action.timestamp.clone_from(&receipt.issuance_date);
            })
        })
        .collect()
}

fn house(rows: &[Row], key: &Key) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    key.publish(&house.data("signing.key.pub"));
    house
}

fn holds(house: &House, rows: &[Row], what: &str) {
    let said = house.say(["verify", "--strict"]);
    assert!(said.code == 0 && said.out.contains("VALID (20 receipts)"), "{what}: {}", said.all());
    // Chain by chain, and in the order of their numbers within.
    let mut exported = rows.to_vec();
    exported.sort_by_key(|row| (row.chain_id.clone(), row.sequence));
    assert_eq!(house.say(["export"]).out, lines(&exported), "{what}");
}

#[test]
fn backup_compaction_and_import_keep_order_and_every_receipt() {
    let key = Key::new(1);
    let rows = rows(&key);
    let house = house(&rows, &key);
    holds(&house, &rows, "as it is");
    let backup = house.say(["backup", "copy.db"]);
    assert_eq!(backup.code, 0, "{}", backup.all());
    let compact = house.say_with_daemon(["compact"]);
    assert_eq!(compact.code, 0, "{}", compact.all());
    holds(&house, &rows, "compacted");
    fs::copy(house.path("copy.db"), house.data("receipts.db")).unwrap();
    holds(&house, &rows, "restored");
    let export = house.say(["export"]).out;
    for name in ["lines.jsonl", "copy.db"] {
        let other = self::house(&[], &key);
        fs::write(other.path("lines.jsonl"), &export).unwrap();
        fs::copy(house.path("copy.db"), other.path("copy.db")).unwrap();
        let import = other.say(["import", name]);
        assert_eq!(import.code, 0, "{name}: {}", import.all());
        let mut taken: Vec<_> = other.say(["export"]).out.lines().map(str::to_owned).collect();
        let mut given: Vec<_> = export.lines().map(str::to_owned).collect();
        // What stands in an archive is told with it.
        taken.iter_mut().for_each(|line| *line = without_archive(line));
        taken.sort();
        given.sort();
        assert_eq!(taken, given, "{name}");
        assert_eq!(other.say(["verify"]).code, 0, "{name}");
    }
}

fn without_archive(line: &str) -> String {
    match line.strip_prefix("{\"_archive\":\"").and_then(|rest| rest.split_once("\",")) {
        Some((_, rest)) => format!("{{{rest}"),
        None => line.to_owned(),
    }
}

/// The later checkpoint is dated before the earlier one.
#[test]
fn checkpoints_that_were_signed_around_the_step_hold_and_prove() {
    let key = Key::new(1);
    let rows = rows(&key);
    let house = house(&rows, &key);
    let dated = |size: usize, seconds: i64| record(&checkpoint_at(&rows[..size], &key, seconds).0);
    let anchors = format!("{}{}", dated(20, 1_795_001_200), dated(40, 1_794_998_800));
    fs::write(house.path("anchors"), anchors).unwrap();
    let said = house.say(["verify", "--anchors", "anchors"]);
    assert!(said.code == 0 && said.out.contains("Anchors: HOLD (2 checkpoints"), "{}", said.all());
    assert!(said.out.contains("over 40 receipts"), "the newest is the largest: {}", said.all());
}
