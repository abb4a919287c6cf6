//! `verify` on a database.

use crate::chains::{Chain, Key, database};
use crate::house::{House, Said};

/// A house whose default database holds `rows` and whose published key is `key`.
fn house(key: &Key, rows: &[agent_receipts_store::Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    key.publish(&house.data("signing.key.pub"));
    house
}

fn first_line(said: &Said) -> &str {
    said.out.lines().next().unwrap_or_default()
}

#[test]
fn a_sound_chain_is_valid() {
    let key = Key::new(1);
    let said = house(&key, &Chain::new("a").rows(&key, 3)).say(["verify"]);
    assert_eq!((said.code, said.out.as_str()), (0, "Chain a: VALID (3 receipts)\n"), "{}", said.all());
    let one = house(&key, &Chain::new("a").rows(&key, 1)).say(["verify"]);
    assert_eq!(one.out, "Chain a: VALID (1 receipt)\n");
}

#[test]
fn all_chains_are_verified_by_default_and_one_broken_one_counts() {
    let key = Key::new(1);
    let mut rows = Chain::new("a").rows(&key, 3);
    rows.extend(Chain::new("b").rows(&key, 2));
    let sound = house(&key, &rows).say(["verify"]);
    assert_eq!((sound.code, first_line(&sound)), (0, "VALID: 2 chains, 5 receipts"), "{}", sound.all());
    rows[1].receipt_json = rows[1].receipt_json.replace("did:user:me", "did:user:you");
    let house = house(&key, &rows);
    let broken = house.say(["verify"]);
    assert_eq!(
        (broken.code, first_line(&broken)),
        (1, "NOT VALID: 1 of 2 chains, 5 receipts"),
        "{}",
        broken.all()
    );
    assert!(broken.out.contains("Chain a: BROKEN at receipt 1\n") && broken.out.contains("Chain b: VALID"));
    assert_eq!(house.say(["verify", "--chain-id", "b"]).code, 0);
    assert_eq!(house.say(["verify", "--chain-id", "a"]).code, 1);
    let by_variable = house.command(["verify"]).env("AGENTRECEIPTS_CHAIN_ID", "b").output().unwrap();
    assert!(by_variable.status.success());
}

#[test]
fn verification_stops_at_the_first_fault_where_that_is_asked_for() {
    let key = Key::new(1);
    let mut rows = Chain::new("a").rows(&key, 3000);
    rows.extend(Chain::new("b").rows(&key, 2));
    let sound = house(&key, &rows);
    assert_eq!(sound.say(["verify", "--fail-fast"]).all(), sound.say(["verify"]).all());
    rows[1].receipt_json = rows[1].receipt_json.replace("did:user:me", "did:user:you");
    let house = house(&key, &rows);
    std::fs::write(house.path("x.jsonl"), crate::chains::lines(&rows)).unwrap();
    let file =
        ["verify", "--fail-fast", "--file", "x.jsonl", "--public-key", "d/agent-receipts/signing.key.pub"];
    for line in [&["verify", "--fail-fast"][..], &file] {
        let said = house.say(line);
        assert_eq!((said.code, first_line(&said)), (1, "Chain a: BROKEN at receipt 1"), "{}", said.all());
        assert!(
            said.out.contains("stopped at the first fault") && !said.out.contains("Chain b"),
            "{}",
            said.all()
        );
        let json = house.say(line.iter().chain(&["--json"])).json();
        assert_eq!((&json["stopped_early"], &json["valid"]), (&true.into(), &false.into()));
        assert!(json["receipts"].as_u64().unwrap() < 3000, "{json}");
    }
    assert!(house.say(["verify", "--json"]).json().get("stopped_early").is_none());
}

/// Regression: the reference calls a chain that is not there valid (receipts-better §0.3 item 4).
#[test]
fn better_0_3_item_4_an_unknown_or_empty_chain_is_never_valid() {
    let key = Key::new(1);
    let house = house(&key, &Chain::new("a").rows(&key, 2));
    let unknown = house.say(["verify", "--chain-id", "2026-11-22"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (1, "Chain 2026-11-22: UNKNOWN — no receipts\n"));
    database(&house.path("empty.db"), &[]);
    for line in [&["verify", "--db", "empty.db"][..], &["verify", "--db", "empty.db", "--chain-id", "a"]] {
        let said = house.say(line);
        assert!(
            said.code == 1 && said.out.contains("UNKNOWN") && !said.out.contains(": VALID"),
            "{}",
            said.all()
        );
        let json = house.say(line.iter().chain(&["--json"]));
        assert_eq!((json.code, json.json()["valid"].as_bool()), (1, Some(false)), "{}", json.all());
    }
}

#[test]
fn every_kind_of_tampering_is_found() {
    let key = Key::new(1);
    let sound = Chain::new("a").rows(&key, 6);
    let change = |change: &dyn Fn(&mut Vec<agent_receipts_store::Row>)| {
        let mut rows = sound.clone();
        change(&mut rows);
        rows
    };
    let other = Chain::new("a").rows(&Key::new(9), 6);
    let stranger = Chain::new("b").rows(&key, 6);
    for (name, rows, index) in [
        ("deleted", change(&|rows| drop(rows.remove(2))), 2),
        ("cut off at the start", change(&|rows| drop(rows.remove(0))), 0),
        ("forged by another key", change(&|rows| rows[3].receipt_json.clone_from(&other[3].receipt_json)), 3),
        (
            "moved here from another chain",
            change(&|rows| rows[4].receipt_json.clone_from(&stranger[4].receipt_json)),
            4,
        ),
        ("doubled", change(&|rows| rows[5].receipt_json = rows[4].receipt_json.clone()), 5),
        ("unreadable", change(&|rows| rows[1].receipt_json = "{".into()), 1),
        (
            "a member twice",
            change(&|rows| rows[1].receipt_json = rows[1].receipt_json.replacen('{', "{\"id\":\"x\",", 1)),
            1,
        ),
    ] {
        let said = house(&key, &rows).say(["verify"]);
        assert_eq!(said.code, 1, "{name} {}", said.all());
        assert_eq!(first_line(&said), format!("Chain a: BROKEN at receipt {index}"), "{name} {}", said.all());
    }
    let wrong_key = house(&Key::new(2), &sound).say(["verify"]);
    assert_eq!(wrong_key.code, 1, "{}", wrong_key.all());
}

#[test]
fn a_cut_at_the_end_is_found_where_length_or_hash_is_known() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 4);
    let last = rows[3].receipt_hash.clone();
    let whole = house(&key, &rows);
    let cut = house(&key, &rows[..3]);
    for (line, whole_code) in [
        (&["verify", "--expected-length", "4"][..], 0),
        (&["verify", "--expected-final-hash", &last], 0),
        (&["verify", "--require-terminal"], 1),
    ] {
        assert_eq!((whole.say(line).code, cut.say(line).code), (whole_code, 1), "{line:?}");
    }
}

#[test]
fn expectations_are_about_one_chain() {
    let key = Key::new(1);
    let mut rows = Chain::new("a").rows(&key, 2);
    rows.extend(Chain::new("b").rows(&key, 2));
    let house = house(&key, &rows);
    let said = house.say(["verify", "--expected-length", "2"]);
    assert!(said.code == 2 && said.err.contains("--chain-id"), "{}", said.all());
    assert_eq!(house.say(["verify", "--expected-length", "2", "--chain-id", "b"]).code, 0);
}

#[test]
fn older_chains_stay_valid_when_the_key_is_rotated_in_another() {
    let (old, new) = (Key::new(1), Key::new(2));
    let older = Chain::new("2026-11-20").rows(&old, 3);
    let mut current = Chain::new("2026-11-21");
    let mut rows = current.rows(&old, 2);
    rows.push(current.rotation(&old, &new));
    rows.extend(current.rows(&new, 2));
    let house = house(&new, &[older, rows].concat());
    let unarchived = house.say(["verify", "--chain-id", "2026-11-21"]);
    assert_eq!(unarchived.code, 1, "without the archive nobody knows the first key: {}", unarchived.all());
    old.publish(&house.data(&format!("signing.key.pub.rotated-{}", old.public().short_fingerprint())));
    let said = house.say(["verify"]);
    assert_eq!((said.code, first_line(&said)), (0, "VALID: 2 chains, 8 receipts"), "{}", said.all());
}

#[test]
fn an_archived_key_that_nothing_vouches_for_proves_nothing() {
    let (published, planted) = (Key::new(1), Key::new(2));
    let mut rows = Chain::new("a").rows(&published, 2);
    rows.extend(Chain::new("b").rows(&planted, 2));
    let house = house(&published, &rows);
    planted.publish(&house.data("signing.key.pub.rotated-0123456789abcdef"));
    let said = house.say(["verify"]);
    assert!(said.code == 1 && said.out.contains("Chain b: BROKEN"), "{}", said.all());
}

#[test]
fn an_archive_that_cannot_be_read_is_noted() {
    let key = Key::new(1);
    let house = house(&key, &Chain::new("a").rows(&key, 1));
    std::fs::write(house.data("signing.key.pub.rotated-0123456789abcdef"), "junk").unwrap();
    let said = house.say(["verify"]);
    assert!(
        said.code == 0 && said.out.contains("Note: ") && said.out.contains("0123456789abcdef"),
        "{}",
        said.all()
    );
}

#[test]
fn findings_are_named_and_break_only_under_strict_rules() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let mut rows = chain.rows(&key, 2);
    rows.push(chain.row(&key, |receipt| receipt.issuer.id = "did:example:other".into()));
    let house = house(&key, &rows);
    let said = house.say(["verify"]);
    assert!(said.code == 0 && said.out.contains("error   issuer_changed"), "{}", said.all());
    let strict = house.say(["verify", "--strict"]);
    assert!(strict.code == 1 && strict.out.starts_with("Chain a: BROKEN"), "{}", strict.all());
}

#[test]
fn advisories_stand_below_the_verdict() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let mut rows = vec![chain.row(&key, |receipt| receipt.subject.action.kind = "system.pty.open".into())];
    rows.push(chain.row(&key, |receipt| receipt.subject.outcome.status = "pending".into()));
    rows[0].status = "failure".into();
    let said = house(&key, &rows).say(["verify"]);
    assert_eq!((said.code, first_line(&said)), (0, "Chain a: VALID (2 receipts)"), "{}", said.all());
    for advisory in [
        "Advisory: incomplete tool roundtrip: final tool call has no result receipt",
        "Advisory: incomplete session: PTY open/close imbalance",
        "Advisory: 1 row of the database contradict the signed receipts",
    ] {
        assert!(said.out.contains(advisory), "{advisory} {}", said.all());
    }
}

#[test]
fn json_tells_the_same() {
    let key = Key::new(1);
    let mut rows = Chain::new("a").rows(&key, 3);
    rows.remove(1);
    let said = house(&key, &rows).say(["verify", "--json"]);
    let report = said.json();
    assert_eq!(
        (said.code, report["valid"].as_bool(), report["receipts"].as_u64()),
        (1, Some(false), Some(2))
    );
    let chain = &report["chains"][0];
    assert_eq!(
        (
            chain["chain"].as_str(),
            chain["result"].as_str(),
            chain["broken_at"].as_i64(),
            chain["reason"].as_str()
        ),
        (Some("a"), Some("BROKEN"), Some(1), Some("bad_hash_link")),
        "{}",
        said.all()
    );
}

#[test]
fn many_chains_are_a_page_too() {
    let key = Key::new(1);
    let rows: Vec<_> = (0..200).flat_map(|n| Chain::new(&format!("a/agent/{n}")).rows(&key, 1)).collect();
    let said = house(&key, &rows).say(["verify"]);
    assert_eq!((said.code, first_line(&said)), (0, "VALID: 200 chains, 200 receipts"), "{}", said.all());
    assert!(said.out.lines().count() < 60, "{}", said.all());
}

#[test]
fn verification_changes_no_file() {
    let key = Key::new(1);
    let house = house(&key, &Chain::new("a").rows(&key, 3));
    let list = || {
        let mut names: Vec<_> =
            std::fs::read_dir(house.data("")).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        (names, std::fs::read(house.data("receipts.db")).unwrap())
    };
    let before = list();
    assert_eq!(house.say(["verify"]).code, 0);
    assert!(list() == before);
}
