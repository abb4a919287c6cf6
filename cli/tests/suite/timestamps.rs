//! Trusted timestamps in receipts, by a time-stamp authority of our own (made with the program `openssl`).

use std::time::{SystemTime, UNIX_EPOCH};

use agent_receipts_core::{Draft, Receipt, Timestamp};
use agent_receipts_store::Row;
use agent_receipts_timestamp::{request, token_of_response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::authority::{Authority, Kind};
use crate::chains::{Chain, Key, database, lines};
use crate::house::{House, Said};

/// Has a receipt stamped as it stands, `apart` seconds after its action.
fn stamp(authority: &Authority, receipt: &mut Receipt, apart: i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    receipt.subject.action.timestamp = Timestamp::from_unix(now - apart, 0).unwrap().to_rfc3339();
    let answer = authority.answer(&request(Draft::new(receipt.clone()).hash().as_bytes(), None));
    receipt.subject.action.trusted_timestamp = Some(STANDARD.encode(token_of_response(&answer).unwrap()));
}

/// A chain of three whose second receipt is stamped, after `change` was made to it.
fn rows(authority: &Authority, apart: i64, change: impl FnOnce(&mut Receipt)) -> Vec<Row> {
    let (key, mut chain) = (Key::new(1), Chain::new("c"));
    vec![
        chain.row(&key, |_| ()),
        chain.row(&key, |receipt| {
            stamp(authority, receipt, apart);
            change(receipt);
        }),
        chain.row(&key, |_| ()),
    ]
}

/// A house with these rows, the published key, and the certificates of the authority.
fn house(authority: &Authority, rows: &[Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    Key::new(1).publish(&house.data("signing.key.pub"));
    std::fs::write(house.path("root.pem"), authority.pem("root")).unwrap();
    std::fs::write(house.path("tsa.pem"), authority.pem("tsa")).unwrap();
    std::fs::write(house.path("rows.jsonl"), lines(rows)).unwrap();
    house
}

fn broken(said: &Said, words: &str) {
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(said.out.contains("BROKEN at receipt 1") && said.out.contains(words), "{words}: {}", said.all());
}

#[test]
fn a_genuine_timestamp_is_verified_where_its_authority_is_named() {
    let authority = Authority::new(&Kind::default());
    let house = house(&authority, &rows(&authority, 0, |_| ()));
    for cert in ["root.pem", "tsa.pem"] {
        for line in [&["verify"][..], &["verify", "--strict"], &["verify", "--file", "rows.jsonl"]] {
            let said = house.say(line.iter().chain(&["--tsa-cert", cert]));
            assert!(said.code == 0 && said.out.contains("VALID (3 receipts)"), "{}", said.all());
            assert!(said.out.contains("trusted_timestamp_verified: receipt 1, seen at 20"), "{}", said.all());
        }
    }
    let unchecked = house.say(["verify"]);
    assert!(unchecked.code == 0 && unchecked.out.contains("present, not checked"), "{}", unchecked.all());
}

#[test]
fn a_single_receipt_has_a_seventh_check_where_there_is_something_to_check() {
    let authority = Authority::new(&Kind::default());
    let rows = rows(&authority, 0, |_| ());
    let house = house(&authority, &rows);
    let checks = |more: &[&str], id: &str| {
        let said = house.say(["verify-event", "--json", "--id", id].iter().chain(more));
        let result = said.json()["results"][0].clone();
        (said.code, result["checks"].as_array().unwrap().clone())
    };
    let (code, plain) = checks(&["--tsa-cert", "root.pem"], &rows[0].id);
    assert_eq!((code, plain.len()), (0, 6));
    let (code, verified) = checks(&["--tsa-cert", "root.pem"], &rows[1].id);
    assert_eq!((code, verified.len()), (0, 7));
    assert_eq!((&verified[6]["name"], &verified[6]["status"]), (&"trusted timestamp".into(), &"pass".into()));
    let (code, unchecked) = checks(&[], &rows[1].id);
    assert!(code == 0 && unchecked[6]["status"] == "n/a", "{unchecked:?}");
    assert!(unchecked[6]["detail"].as_str().unwrap().starts_with("present, not checked"));
    let stranger = Authority::new(&Kind::default());
    std::fs::write(house.path("other.pem"), stranger.pem("root")).unwrap();
    let (code, failed) = checks(&["--tsa-cert", "other.pem"], &rows[1].id);
    assert!(code == 1 && failed[6]["status"] == "fail", "{failed:?}");
}

#[test]
fn a_token_for_something_else_breaks_the_chain_but_only_where_somebody_looks() {
    let authority = Authority::new(&Kind::default());
    // Changed after it was stamped and before it was signed: the daemon's word against the authority's.
    let house = house(
        &authority,
        &rows(&authority, 0, |receipt| receipt.subject.action.tool_name = Some("other".to_owned())),
    );
    let said = house.say(["verify", "--tsa-cert", "root.pem"]);
    broken(&said, "the token is not for this hash");
    broken(&house.say(["verify", "--file", "rows.jsonl", "--tsa-cert", "root.pem"]), "not for this hash");
    assert_eq!(house.say(["verify"]).code, 0);
    let json = house.say(["verify", "--json", "--tsa-cert", "root.pem"]).json();
    assert_eq!(json["chains"][0]["reason"], "invalid_timestamp");
}

#[test]
fn a_stamp_made_at_another_time_than_the_action_proves_nothing_of_it() {
    let authority = Authority::new(&Kind::default());
    for (apart, holds) in [(3_000, true), (-3_000, true), (4_000, false), (-4_000, false), (86_400, false)] {
        let house = house(&authority, &rows(&authority, apart, |_| ()));
        let said = house.say(["verify", "--tsa-cert", "root.pem"]);
        assert_eq!(said.code == 0, holds, "{apart}: {}", said.all());
        assert!(holds || said.out.contains("apart from the action"), "{}", said.all());
    }
}

#[test]
fn tokens_that_are_none() {
    let authority = Authority::new(&Kind::default());
    for (token, words) in [
        ("", "malformed"),
        ("no base64!", "not base64"),
        ("AAAA", "malformed"),
        ("MIAAAA==", "malformed"),
        (&"A".repeat(100_000), "longer than any token"),
    ] {
        let token = token.to_owned();
        let rows = rows(&authority, 0, |receipt| receipt.subject.action.trusted_timestamp = Some(token));
        broken(&house(&authority, &rows).say(["verify", "--tsa-cert", "root.pem"]), words);
    }
    let old = Authority::new(&Kind { days: -1, ..Kind::default() });
    let rows = rows(&old, 0, |_| ());
    broken(&house(&old, &rows).say(["verify", "--tsa-cert", "root.pem"]), "was not valid at");
}

#[test]
fn certificates_that_cannot_be_used_are_a_wrong_question() {
    let authority = Authority::new(&Kind::default());
    let house = house(&authority, &rows(&authority, 0, |_| ()));
    std::fs::write(house.path("empty.pem"), "").unwrap();
    std::fs::write(house.path("cut.pem"), &authority.pem("root")[..200]).unwrap();
    std::fs::write(house.path("large.pem"), "x".repeat(2 << 20)).unwrap();
    for file in ["none.pem", "empty.pem", "cut.pem", "large.pem", ".", "/dev/zero"] {
        for command in [&["verify"][..], &["verify-event", "--chain-head"]] {
            let said = house.say(command.iter().chain(&["--tsa-cert", "root.pem", "--tsa-cert", file]));
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{file}: {}", said.all());
            assert!(said.err.contains(&format!("`{file}`")) && said.err.contains("hint:"), "{}", said.all());
        }
    }
}
