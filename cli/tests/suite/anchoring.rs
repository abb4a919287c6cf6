//! `anchor`: another program in this one's place.

use crate::house::{House, Said, anchor_binary};

#[test]
fn the_anchor_takes_this_processs_place_with_its_own_flags_and_exit_codes() {
    let house = House::new();
    let config = house.path("anchor.toml");
    let say = |words: &[&str]| {
        let mut command = house.command(words);
        Said::of(&command.env("AGENTRECEIPTS_ANCHOR_BIN", anchor_binary()).output().unwrap())
    };
    let missing = say(&["anchor", "--once"]);
    assert!(missing.code == 2 && missing.err.contains("anchor.toml"), "{}", missing.all());
    std::fs::write(&config, "[[sink]]\nname = 'paper'\nkind = 'file'\n").unwrap();
    let named = ["anchor", "--config", config.to_str().unwrap()];
    let status = say(&[&named[..], &["--status", "--json"]].concat());
    assert_eq!((status.code, &status.json()["sinks"][0]["name"]), (1, &"paper".into()), "{}", status.all());
    let check = say(&[&named[..], &["--check"]].concat());
    assert!(check.code == 1 && check.out.contains("receipts.db"), "{}", check.all());
    assert_eq!(say(&["anchor", "--once", "--check"]).code, 2);
}

#[test]
fn without_the_anchors_binary_the_mend_is_named() {
    let house = House::new();
    std::fs::write(house.path("plain"), "").unwrap();
    let said = house.say(["anchor", "--anchor-bin", "plain"]);
    assert!(said.code == 1 && said.err.contains("not an executable file"), "{}", said.all());
}
