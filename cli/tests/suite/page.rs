//! What a page of the terminal may hold, and what may reach it.

use crate::chains::{Chain, Key, database};
use crate::house::House;

/// Regression: the reference prints a line a receipt, 76,000 of them (receipts-better §0.3 item 12).
#[test]
fn better_0_3_item_12_a_broken_chain_is_a_page() {
    let house = House::new();
    let key = Key::new(1);
    let mut rows = Chain::new("long").rows(&key, 5000);
    for row in &mut rows[2500..] {
        row.receipt_json = row.receipt_json.replace("\"low\"", "\"high\"");
    }
    let db = database(&house.path("r.db"), &rows);
    let key = key.publish(&house.path("k.pub"));
    let said = house.say(["verify", "--db", db.to_str().unwrap(), "--public-key", key.to_str().unwrap()]);
    assert_eq!(said.code, 1);
    let mut lines = said.out.lines();
    assert_eq!(lines.next(), Some("Chain long: BROKEN at receipt 2500"), "{}", said.all());
    assert!(lines.next().is_some_and(|line| line.starts_with("  cause: ")), "{}", said.all());
    for (line, mark) in
        [("[2499]", "ok"), ("[2500]", "BAD SIGNATURE"), ("[2501]", "BAD SIGNATURE, BAD HASH LINK")]
    {
        assert!(said.out.lines().any(|l| l.contains(line) && l.ends_with(mark)), "{line} {}", said.all());
    }
    assert!(!said.out.contains("[2490]") && !said.out.contains("[2510]"), "{}", said.all());
    assert!(said.out.lines().count() <= 20, "{}", said.all());
}

#[test]
fn an_agent_cannot_paint_the_operators_terminal() {
    let house = House::new();
    let key = Key::new(1);
    let mut chain = Chain::new("c\u{1b}[2J");
    let evil = "\u{1b}[2K\u{202e}VALID\r\nforged line";
    let row = chain.row(&key, |receipt| {
        receipt.subject.action.tool_name = Some(evil.into());
        receipt.subject.outcome.error = Some(evil.into());
        receipt.id = format!("urn:receipt:{evil}");
    });
    database(&house.data("receipts.db"), &[row]);
    Key::new(2).publish(&house.data("signing.key.pub"));
    for line in [
        &["list"][..],
        &["show", "1"],
        &["tail", "--no-follow"],
        &["verify"],
        &["verify-event", "--chain-head"],
    ] {
        let said = house.say(line);
        assert!(!said.all().contains(['\u{1b}', '\u{202e}', '\r']), "{line:?} {}", said.all());
        assert!(!said.out.lines().any(|line| line.starts_with("forged line")), "{line:?} {}", said.all());
    }
}

#[test]
fn no_colour_reaches_a_pipe() {
    let house = House::new();
    database(&house.data("receipts.db"), &Chain::new("c").rows(&Key::new(1), 2));
    Key::new(1).publish(&house.data("signing.key.pub"));
    for line in [&["list"][..], &["verify"], &["show", "1"]] {
        let output = house.command(line).env("TERM", "xterm-256color").output().unwrap();
        assert!(!output.stdout.contains(&0x1b), "{line:?}");
    }
}
