//! `verify-event`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use agent_receipts_store::Row;

use crate::chains::{Chain, Key, database, lines};
use crate::house::House;

fn house(key: &Key, rows: &[Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    key.publish(&house.data("signing.key.pub"));
    house
}

#[test]
fn a_receipt_with_an_attested_peer_is_confirmed() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 3);
    let house = house(&key, &rows);
    for line in [&["verify-event", "--id", &rows[1].id][..], &["verify-event", "--chain-head"]] {
        let said = house.say(line);
        assert_eq!(said.code, 0, "{}", said.all());
        assert_eq!(said.out.lines().filter(|line| line.starts_with("  [")).count(), 6, "{}", said.all());
        assert!(said.out.ends_with("  => VERIFIED — pipeline-provenance confirmed\n"), "{}", said.all());
    }
    let all = house.say(["verify-event", "--since", "2026-01-01T00:00:00Z", "--json"]);
    let results = all.json()["results"].as_array().cloned().unwrap();
    assert_eq!((all.code, results.len()), (0, 3));
    assert_eq!(results[0]["verdict"], "verified_provenance_confirmed");
    assert_eq!(results[0]["checks"][3]["status"], "n/a");
}

#[test]
fn without_a_peer_there_is_no_provenance() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let mut rows = chain.rows(&key, 1);
    rows.push(chain.row(&key, |receipt| receipt.subject.action.peer_credential = None));
    let house = house(&key, &rows);
    let said = house.say(["verify-event", "--chain-head"]);
    assert_eq!(said.code, 3, "{}", said.all());
    assert!(said.out.contains("=> VERIFIED (cryptographically) — no pipeline-provenance evidence"));
    assert_eq!(house.say(["verify-event", "--id", &rows[0].id]).code, 0);
    assert_eq!(house.say(["verify-event", "--since", "2026-01-01T00:00:00Z"]).code, 3);
}

#[test]
fn a_tampered_receipt_fails_and_so_does_one_in_a_broken_chain() {
    let key = Key::new(1);
    let mut rows = Chain::new("a").rows(&key, 4);
    rows[2].receipt_json = rows[2].receipt_json.replace("did:user:me", "did:user:you");
    let house = house(&key, &rows);
    let tampered = house.say(["verify-event", "--id", &rows[2].id]);
    assert!(tampered.code == 1 && tampered.out.contains("[FAIL] signature"), "{}", tampered.all());
    assert!(tampered.out.ends_with("  => FAILED — receipt is suspect; investigate\n"), "{}", tampered.all());
    let beside = house.say(["verify-event", "--id", &rows[0].id]);
    assert!(beside.code == 1 && beside.out.contains("[FAIL] hash linkage"), "{}", beside.all());
}

/// Regression: the reference fails every receipt from before a rotation (receipts-better §0.3 item 5).
#[test]
fn better_0_3_item_5_receipts_from_before_a_rotation_verify() {
    let (old, new) = (Key::new(1), Key::new(2));
    let mut chain = Chain::new("a");
    let mut rows = chain.rows(&old, 2);
    rows.push(chain.rotation(&old, &new));
    rows.extend(chain.rows(&new, 1));
    let house = house(&new, &rows);
    old.publish(&house.data(&format!("signing.key.pub.rotated-{}", old.public().short_fingerprint())));
    for (row, code) in rows.iter().zip([0, 0, 3, 0]) {
        let said = house.say(["verify-event", "--id", &row.id]);
        assert_eq!(said.code, code, "{}", said.all());
    }
}

#[test]
fn an_emitter_that_was_not_named_is_only_warned_of() {
    let key = Key::new(1);
    let house = house(&key, &Chain::new("a").rows(&key, 1));
    let named = house.say(["verify-event", "--chain-head", "--emitter-allowlist", "/bin/a,/usr/bin/agent"]);
    assert!(named.code == 0 && named.out.contains("[PASS] emitter identity"), "{}", named.all());
    let other = house.say(["verify-event", "--chain-head", "--emitter-allowlist", "/bin/a"]);
    assert!(other.code == 0 && other.out.contains("[WARN] emitter identity"), "{}", other.all());
    let mut by_variable = house.command(["verify-event", "--chain-head"]);
    let output = by_variable.env("AGENTRECEIPTS_EMITTER_ALLOWLIST", "/bin/a, /bin/b").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("[WARN] emitter identity"));
}

#[test]
fn an_unknown_platform_attests_nothing() {
    let key = Key::new(1);
    let row = Chain::new("a").row(&key, |receipt| {
        if let Some(peer) = &mut receipt.subject.action.peer_credential {
            peer.platform = "plan9".into();
        }
    });
    let said = house(&key, &[row]).say(["verify-event", "--chain-head"]);
    assert!(said.code == 3 && said.out.contains("[N/A ] peer credential"), "{}", said.all());
}

#[test]
fn an_unknown_version_fails() {
    let key = Key::new(1);
    let row = Chain::new("a").row(&key, |receipt| receipt.version = "7.0.0".into());
    let said = house(&key, &[row]).say(["verify-event", "--chain-head"]);
    assert!(said.code == 1 && said.out.contains("[FAIL] schema version"), "{}", said.all());
}

#[test]
fn what_is_not_there_is_not_verified() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 1);
    let house = house(&key, &rows);
    database(&house.path("empty.db"), &[]);
    for line in [
        &["verify-event", "--id", "urn:receipt:none"][..],
        &["verify-event", "--id", &rows[0].id, "--chain-id", "b"],
        &["verify-event", "--chain-head", "--chain-id", "b"],
        &["verify-event", "--since", "9999-01-01T00:00:00Z"],
        &["verify-event", "--chain-head", "--db", "empty.db"],
    ] {
        let said = house.say(line);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{line:?} {}", said.all());
    }
}

#[test]
fn a_receipt_that_cannot_be_read_is_not_passed_over() {
    let key = Key::new(1);
    let mut rows = Chain::new("a").rows(&key, 2);
    rows[1].receipt_json = "{".into();
    let house = house(&key, &rows);
    for line in [&["verify-event", "--chain-head"][..], &["verify-event", "--since", "2026-01-01T00:00:00Z"]]
    {
        let said = house.say(line);
        assert!(said.code == 1 && said.err.contains("cannot be read"), "{}", said.all());
    }
}

/// Receipts of another host, taken in as an archive beside the database.
#[test]
fn what_stands_in_an_archive_is_found_and_judged_there() {
    let key = Key::new(1);
    let (ours, theirs) = (Chain::new("a").rows(&key, 3), Chain::new("b").rows(&key, 4));
    let house = house(&key, &ours);
    fs::write(house.path("theirs.jsonl"), lines(&theirs)).unwrap();
    assert_eq!(house.say(["import", "theirs.jsonl"]).code, 0);
    let id = &theirs[2].id;
    let said = house.say(["verify-event", "--id", id]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.out.starts_with(&format!("{id} — chain b #3 (archive theirs")), "{}", said.all());
    let json = house.say(["verify-event", "--id", id, "--json"]).json();
    assert!(json["results"][0]["archive"].as_str().unwrap().starts_with("theirs"), "{json}");
    let own = house.say(["verify-event", "--id", &ours[0].id, "--json"]).json();
    assert!(own["results"][0].get("archive").is_none(), "{own}");
    let without = house.say(["verify-event", "--id", id, "--no-archives"]);
    assert!(without.code == 1 && without.err.contains("there is no receipt"), "{}", without.all());
    // The head of a chain that stands there alone, and everything since; a chain that is named narrows both.
    let head = house.say(["verify-event", "--chain-head", "--chain-id", "b"]);
    assert!(head.code == 0 && head.out.contains("chain b #4 (archive"), "{}", head.all());
    let count = |more: &[&str]| {
        let line = ["verify-event", "--json", "--since", "2026-01-01T00:00:00Z"];
        house.say(line.iter().chain(more)).json()["results"].as_array().unwrap().len()
    };
    assert_eq!((count(&[]), count(&["--no-archives"]), count(&["--chain-id", "b"])), (7, 3, 4));
    // What stands twice is judged once.
    fs::write(house.path("ours.jsonl"), lines(&ours)).unwrap();
    assert_eq!(house.say(["import", "ours.jsonl"]).code, 0);
    assert_eq!(count(&[]), 7);
}

#[test]
fn a_receipt_that_was_changed_in_an_archive_fails() {
    let key = Key::new(1);
    let theirs = Chain::new("b").rows(&key, 4);
    let house = house(&key, &[]);
    fs::write(house.path("theirs.jsonl"), lines(&theirs)).unwrap();
    assert_eq!(house.say(["import", "theirs.jsonl"]).code, 0);
    let folder = fs::read_dir(house.data("receipts.db.archives")).unwrap().next().unwrap().unwrap().path();
    let file = folder.join("receipts.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let connection = rusqlite::Connection::open(&file).unwrap();
    let change = "UPDATE receipts SET receipt_json = replace(receipt_json, 'did:user:me', 'did:user:you') WHERE sequence = 2";
    connection.execute_batch(change).unwrap();
    connection.close().unwrap();
    let said = house.say(["verify-event", "--id", &theirs[1].id]);
    assert!(said.code == 1 && said.out.contains("=> FAILED"), "{}", said.all());
}
