//! `verify-event`.

use agent_receipts_store::Row;

use crate::chains::{Chain, Key, database};
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
