//! `list` and `show`.

use crate::chains::{Chain, Key, database};
use crate::house::House;

fn house_with_two_chains() -> House {
    let house = House::new();
    let key = Key::new(1);
    let (mut a, mut b) = (Chain::new("a"), Chain::new("b"));
    b.session = Some("s2".into());
    let mut rows = a.rows(&key, 3);
    rows.extend(b.rows(&key, 2));
    rows.push(a.row(&key, |receipt| {
        receipt.subject.action.kind = "filesystem.file.delete".into();
        receipt.subject.action.risk_level = "high".into();
        receipt.subject.outcome.status = "failure".into();
        receipt.subject.outcome.error = Some("denied".into());
    }));
    database(&house.data("receipts.db"), &rows);
    house
}

#[test]
fn the_newest_receipt_stands_first() {
    let said = house_with_two_chains().say(["list"]);
    assert_eq!(said.code, 0);
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(
        lines[0].starts_with("SEQ  TIMESTAMP") && lines[0].contains("TOOL / ACTION TYPE"),
        "{}",
        said.all()
    );
    assert!(lines[1].starts_with('4') && lines[1].contains("filesystem.file.delete"), "{}", said.all());
    assert_eq!(lines.len(), 7, "{}", said.all());
}

#[test]
fn conditions_narrow_the_list() {
    let house = house_with_two_chains();
    for (line, number) in [
        (&["list", "--json", "--chain-id", "a"][..], 4),
        (&["list", "--json", "--session", "s2"], 2),
        (&["list", "--json", "--risk", "high"], 1),
        (&["list", "--json", "--status", "failure"], 1),
        (&["list", "--json", "--action-type", "filesystem.file.read"], 5),
        (&["list", "--json", "--limit", "2"], 2),
        (&["list", "--json", "--since", "2026-11-18T11:06:43Z"], 2),
        (&["list", "--json", "--until", "2026-11-18T11:06:41.9Z"], 2),
        (&["list", "--json", "--chain-id", "unknown"], 0),
    ] {
        let said = house.say(line);
        assert_eq!(said.json().as_array().map(Vec::len), Some(number), "{line:?} {}", said.all());
    }
}

#[test]
fn json_holds_the_receipts_as_they_are_stored() {
    let house = House::new();
    let mut rows = Chain::new("a").rows(&Key::new(1), 2);
    rows[1].receipt_json = "{not json".into();
    database(&house.data("receipts.db"), &rows);
    let said = house.say(["list", "--json"]);
    assert!(said.out.contains(&rows[0].receipt_json), "{}", said.all());
    assert_eq!(said.json()[0]["unreadable_receipt"], "{not json");
    assert_eq!(house.say(["show", "1", "--json"]).out, format!("{}\n", rows[0].receipt_json));
}

#[test]
fn an_empty_database_lists_nothing() {
    let house = House::new();
    database(&house.data("receipts.db"), &[]);
    let said = house.say(["list"]);
    assert_eq!((said.code, said.out.as_str()), (0, "no receipts\n"));
    assert_eq!(house.say(["list", "--json"]).out, "[]\n");
}

#[test]
fn a_receipt_is_shown_by_place_and_by_id() {
    let house = house_with_two_chains();
    let shown = house.say(["show", "4", "--chain-id", "a"]);
    assert_eq!(shown.code, 0, "{}", shown.all());
    for line in ["Status:", "failure", "Error:", "denied", "pid 4242, uid 1000", "Session:"] {
        assert!(shown.out.contains(line), "{line} {}", shown.all());
    }
    let id = shown.out.lines().next().and_then(|line| line.split_whitespace().nth(1)).unwrap().to_owned();
    assert_eq!(house.say(["show", &id]).out, shown.out);
    let by_variable = house.command(["show", "4"]).env("AGENTRECEIPTS_CHAIN_ID", "a").output().unwrap();
    assert_eq!(by_variable.stdout, shown.out.as_bytes());
}

#[test]
fn a_receipt_that_is_not_there_is_code_1_and_an_ambiguous_one_code_2() {
    let house = house_with_two_chains();
    for line in [
        &["show", "99", "--chain-id", "a"][..],
        &["show", "1", "--chain-id", "unknown"],
        &["show", "urn:receipt:none"],
        &["show", "1x"],
        &["show", "18446744073709551616"],
        &["show", "18446744073709551615", "--chain-id", "a"],
    ] {
        let said = house.say(line);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{line:?} {}", said.all());
    }
    let ambiguous = house.say(["show", "1"]);
    assert_eq!(ambiguous.code, 2);
    assert!(
        ambiguous.err.contains("a (1 to 4)") && ambiguous.err.contains("b (1 to 2)"),
        "{}",
        ambiguous.all()
    );
}

#[test]
fn a_column_that_contradicts_its_receipt_is_warned_of() {
    let house = House::new();
    let mut rows = Chain::new("a").rows(&Key::new(1), 1);
    rows[0].status = "failure".into();
    database(&house.data("receipts.db"), &rows);
    let said = house.say(["show", "1"]);
    assert!(
        said.out.contains("column `status` says `failure`, the receipt itself `success`"),
        "{}",
        said.all()
    );
}
