//! `export`.

use crate::chains::{Chain, Key, database, lines};
use crate::house::House;

#[test]
fn what_is_exported_is_what_is_stored() {
    let house = House::new();
    let key = Key::new(1);
    let (mut a, mut b) = (Chain::new("a"), Chain::new("b"));
    b.session = Some("s2".into());
    let (of_a, of_b) = (a.rows(&key, 3), b.rows(&key, 2));
    database(&house.data("receipts.db"), &[of_b.clone(), of_a.clone()].concat());
    assert_eq!(house.say(["export", "--chain-id", "a"]).out, lines(&of_a));
    assert_eq!(house.say(["export", "--session", "s2"]).out, lines(&of_b));
    assert_eq!(house.say(["export"]).out, lines(&[of_a.clone(), of_b].concat()));
    let said = house.say(["export", "--chain-id", "a", "-o", "out.jsonl"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.all());
    assert_eq!(std::fs::read_to_string(house.path("out.jsonl")).unwrap(), lines(&of_a));
}

#[test]
fn a_line_break_inside_a_receipt_does_not_break_the_lines() {
    let house = House::new();
    let mut rows = Chain::new("a").rows(&Key::new(1), 2);
    rows[0].receipt_json = rows[0].receipt_json.replacen(',', ",\r\n  ", 1);
    database(&house.data("receipts.db"), &rows);
    let said = house.say(["export"]);
    assert_eq!(said.out.lines().count(), 2, "{}", said.all());
    std::fs::write(house.path("x.jsonl"), &said.out).unwrap();
    let key = Key::new(1).publish(&house.path("k.pub"));
    let verified = house.say(["verify", "--file", "x.jsonl", "--public-key", key.to_str().unwrap()]);
    assert_eq!(verified.code, 0, "{}", verified.all());
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("a").rows(&Key::new(1), 1));
    std::fs::create_dir(house.path("taken")).unwrap();
    for file in ["absent/out.jsonl", "taken", "taken/.."] {
        let said = house.say(["export", "-o", file]);
        assert_ne!(said.code, 0, "{file} {}", said.all());
        assert!(said.err.starts_with("error: "), "{file} {}", said.all());
    }
    let left: Vec<_> =
        std::fs::read_dir(house.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("partial")), "{left:?}");
}

#[test]
fn nothing_to_export_is_said() {
    let house = House::new();
    database(&house.data("receipts.db"), &[]);
    let said = house.say(["export"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""));
    assert!(said.err.contains("no receipts"), "{}", said.all());
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("a").rows(&Key::new(1), 2000));
    let program = env!("CARGO_BIN_EXE_agent-receipts");
    for line in ["export", "list --limit 2000", "list --json --limit 2000", "tail --no-follow -n 2000"] {
        let script = format!("{program} {line} 2>err | head -n 1 >/dev/null; cat err");
        let said = house.shell(&script);
        assert_eq!(said.out, "", "{line}");
    }
}
