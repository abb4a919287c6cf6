//! `prove --from`, `prove --since` and `verify --proof`: one checkpoint extends another.

use std::fs;

use agent_receipts_store::{CheckpointStore as _, ReceiptStore as _, Row};

use crate::chains::{Chain, Key};
use crate::checkpoints::{checkpoint, has_line, house as house_with, open, sql};
use crate::house::{House, Said};

/// A house of 600 receipts with checkpoints over 100, 300, 512 and all of them.
fn house(key: &Key, rows: &[Row]) -> House {
    let house = house_with(key, rows);
    let mut store = open(&house);
    for size in [100, 300, 512] {
        store.write_checkpoint(&[], Some(&checkpoint(&rows[..size], key).0)).unwrap();
    }
    drop(store);
    house
}

/// Judges a proof in a house that has nothing but a key.
fn verify(elsewhere: &House, proof: &str) -> Said {
    fs::write(elsewhere.path("p"), proof).unwrap();
    elsewhere.say(["verify", "--proof", "p", "--public-key", "trusted.pub"])
}

#[test]
fn an_extension_is_proven_without_its_database() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 600);
    let (house, elsewhere) = (house(&key, &rows), House::new());
    key.publish(&elsewhere.path("trusted.pub"));
    fs::write(house.path("kept.note"), checkpoint(&rows[..300], &key).0.note).unwrap();
    for (line, earlier, later) in [
        (&["--from", "100", "--to", "300"][..], 100, 300),
        (&["--from", "300", "--to", "512"], 300, 512),
        (&["--from", "100"], 100, 600),
        (&["--since", "kept.note"], 300, 600),
        (&["--since", "kept.note", "--to", "512"], 300, 512),
        (&["--from", "600"], 600, 600),
    ] {
        let said = house.say(["prove"].iter().chain(line));
        assert_eq!(said.code, 0, "{line:?}: {}", said.all());
        assert!(said.out.len() < 2_000, "{} bytes", said.out.len());
        let judged = verify(&elsewhere, &said.out);
        assert_eq!(judged.code, 0, "{line:?}: {}", judged.all());
        assert!(judged.out.starts_with("Extension: PROVEN\n"), "{}", judged.all());
        let words = [&format!("had {earlier} receipts")[..], &format!("first of the {later} ")];
        assert!(has_line(&judged, &words), "{line:?}: {}", judged.all());
        let json = elsewhere.say(["verify", "--proof", "p", "--public-key", "trusted.pub", "--json"]).json();
        assert_eq!((&json["kind"], &json["valid"]), (&"extension".into(), &true.into()));
        assert_eq!((&json["earlier"]["size"], &json["later"]["size"]), (&earlier.into(), &later.into()));
    }
    // Into a file that is not there yet, as for receipts.
    assert_eq!(house.say(["prove", "--from", "100", "--out", "e"]).code, 0);
    assert_eq!(house.say(["prove", "--from", "100", "--out", "e"]).code, 1);
    assert_eq!(house.say(["verify", "--proof", "e"]).code, 0);
}

#[test]
fn an_extension_that_was_tampered_with_does_not_hold() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 600);
    let (house, elsewhere) = (house(&key, &rows), House::new());
    key.publish(&elsewhere.path("trusted.pub"));
    let proof = house.say(["prove", "--from", "100", "--to", "512"]).json();
    let text = |member: &str| proof[member].as_str().unwrap().to_owned();
    let (earlier, later, path) = (text("earlier"), text("later"), text("path"));
    let other_log = house_with(&Key::new(1), &Chain::new("b").rows(&Key::new(1), 700));
    let other = other_log.say(["checkpoints", "--json"]).json()[0]["note"].as_str().unwrap().to_owned();
    let stranger = checkpoint(&rows[..512], &Key::new(2)).0.note;
    for (member, value, cause) in [
        ("earlier", later.clone(), "extend"),
        ("later", earlier.clone(), "extend"),
        ("later", other, "not shown to extend"),
        ("later", stranger, "not signed by a key that is trusted here"),
        ("later", later.replacen("log\n", "other\n", 1), "is of the log `log`, the later one of `other`"),
        ("later", later.replace("\n512\n", "\n513\n"), "the later checkpoint: the signature"),
        ("earlier", earlier.replace("\n100\n", "\n99\n"), "the earlier checkpoint: the signature"),
        ("earlier", "no note".to_owned(), "the earlier checkpoint: no signatures"),
        ("path", path[..44].to_owned(), "`path` is missing or malformed"),
        ("path", path[..128].to_owned(), "not have as many hashes"),
        ("path", format!("{}{path}", &path[..128]), "not have as many hashes"),
        ("path", String::new(), "not have as many hashes"),
        ("path", "A".repeat(1 << 14), "`path` is missing or malformed"),
        ("path", path.replacen(&path[..4], "AAAA", 1), "does not lead"),
        ("format", "agent-receipts-extension/2".to_owned(), "no proof of the format"),
    ] {
        let mut changed = proof.clone();
        changed[member] = value.into();
        let said = verify(&elsewhere, &changed.to_string());
        assert!(said.code == 1 && said.out.contains("NOT PROVEN"), "{member}: {}", said.all());
        assert!(said.out.contains(cause), "{member}, {cause}: {}", said.all());
    }
    // The two swapped.
    let mut swapped = proof.clone();
    (swapped["earlier"], swapped["later"]) = (proof["later"].clone(), proof["earlier"].clone());
    let said = verify(&elsewhere, &swapped.to_string());
    assert!(said.code == 1 && said.out.contains("they are swapped"), "{}", said.all());
    let cut = proof.to_string();
    assert_eq!(verify(&elsewhere, &cut[..cut.len() / 2]).code, 1);
    let padded = format!("{}{}", " ".repeat(1 << 19), cut);
    let said = verify(&elsewhere, &padded);
    assert!(said.code == 1 && said.out.contains("longer than"), "{}", said.all());
}

#[test]
fn what_cannot_be_shown_to_extend_says_why() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 600);
    let house = house(&key, &rows);
    let fails = |line: &[&str], cause: &str| {
        let said = house.say(["prove"].iter().chain(line));
        assert!(said.code == 1 && said.err.contains(cause), "{line:?}, {cause}: {}", said.all());
    };
    fails(&["--from", "200"], "no checkpoint over 200 receipts");
    fails(&["--from", "100", "--to", "301"], "no checkpoint over 301 receipts");
    fails(&["--from", "512", "--to", "100"], "they are swapped");
    // Kept from another log, by a stranger, over more than there is, and no note.
    let note = |name: &str, text: String| fs::write(house.path(name), text).unwrap();
    note("stranger.note", checkpoint(&rows[..300], &Key::new(2)).0.note);
    fails(&["--since", "stranger.note"], "the earlier checkpoint is not signed by a key");
    note("more.note", checkpoint(&Chain::new("a").rows(&key, 700), &key).0.note);
    fails(&["--since", "more.note"], "over 700 receipts, and the later one over 600 only");
    note("other.note", checkpoint(&Chain::new("b").rows(&key, 300), &key).0.note);
    fails(&["--since", "other.note"], "the database was altered");
    note("none.note", "no note\n".to_owned());
    for line in [
        &["prove", "--since", "none.note"][..],
        &["prove", "--since", "missing.note"],
        &["prove", "--since", "/dev/zero"],
        &["prove"],
        &["prove", "--to", "100"],
        &["prove", "--id", "x", "--from", "100"],
        &["prove", "--from", "100", "--since", "none.note"],
    ] {
        assert_eq!(house.say(line).code, 2, "{line:?}");
    }
    // Hashes that were tampered with cost time and no proof; receipts cost the proof.
    sql(&house, "UPDATE ar_tree_groups SET hash = zeroblob(32)");
    assert_eq!(house.say(["prove", "--from", "300"]).code, 0);
    sql(
        &house,
        "UPDATE receipts SET receipt_json = replace(receipt_json, 'did:user:me', 'did:user:you') WHERE rowid = 400",
    );
    fails(&["--from", "300"], "the database was altered");
    assert_eq!(house.say(["prove", "--from", "100", "--to", "300"]).code, 0, "what is below is as it was");
}

/// After a rotation, and before the next checkpoint: whoever is given a proof must be able to verify it with the same keys.
#[test]
fn what_only_an_earlier_key_has_signed_is_not_given_as_a_proof() {
    let (key, next) = (Key::new(1), Key::new(2));
    let mut chain = Chain::new("a");
    let mut rows = chain.rows(&key, 600);
    let house = house(&key, &rows);
    key.publish(&house.data("signing.key.pub.rotated-0123456789abcdef"));
    let earlier = house.path("earlier.pub");
    key.publish(&earlier);
    let earlier = earlier.to_str().unwrap();
    fs::remove_file(house.data("signing.key.pub")).unwrap();
    next.publish(&house.data("signing.key.pub"));
    let id = rows[7].id.clone();
    let (of_receipt, of_extension) = (["prove", "--id", &id], ["prove", "--from", "100"]);
    let holds = |line: &[&str], trust: &[&str]| {
        let said = house.say(line.iter().chain(trust));
        assert_eq!(said.code, 0, "{line:?}: {}", said.all());
        fs::write(house.path("p"), &said.out).unwrap();
        let judged = house.say(["verify", "--proof", "p"].iter().chain(trust));
        assert_eq!(judged.code, 0, "{line:?}: {}", judged.all());
    };
    let refused = |line: &[&str]| {
        let said = house.say(line);
        assert!(said.code == 1 && said.out.is_empty(), "{line:?}: {}", said.all());
        assert!(said.err.contains("an earlier key") && said.err.contains("hint: "), "{}", said.all());
        assert!(said.err.contains("--trust-key"), "{}", said.all());
    };
    for line in [&of_receipt[..], &of_extension, &["prove", "--from", "100", "--to", "300"]] {
        refused(line);
        holds(line, &["--trust-key", earlier]);
    }
    // The next start makes it well.
    let more = [vec![chain.rotation(&key, &next)], chain.rows(&next, 3)].concat();
    rows.extend(more.clone());
    open(&house).append(&more).unwrap();
    open(&house).write_checkpoint(&[], Some(&checkpoint(&rows, &next).0)).unwrap();
    holds(&of_receipt, &[]);
    holds(&of_extension, &[]);
    refused(&["prove", "--from", "100", "--to", "300"]);
}
