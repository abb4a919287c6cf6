//! `checkpoints`, `prove`, `verify --proof` and `verify --anchors`.

use std::fs;
use std::path::Path;

use agent_receipts_chain::checkpoint::{Checkpoint, Head, HeadList, KeyName, SignedCheckpoint};
use agent_receipts_chain::tree::{Frontier, GROUP, NodeHash};
use agent_receipts_core::{Signature, Signer, Timestamp};
use agent_receipts_store::{CheckpointStore, ReceiptStore, Row, SqliteStore, StoredCheckpoint, StoredGroup};

use crate::chains::{Chain, Key, database, writer};
use crate::house::{House, Said};

struct AsSigner<'a>(&'a Key);

impl Signer for AsSigner<'_> {
    type Error = std::convert::Infallible;

    fn sign(&self, message: &[u8]) -> Result<Signature, Self::Error> {
        Ok(self.0.sign(message))
    }
}

/// The checkpoint over rows as a daemon signs it, and the groups below it.
pub(crate) fn checkpoint(rows: &[Row], key: &Key) -> (StoredCheckpoint, Vec<StoredGroup>) {
    checkpoint_at(rows, key, 1_795_000_000)
}

/// The same, signed at a second.
pub(crate) fn checkpoint_at(rows: &[Row], key: &Key, seconds: i64) -> (StoredCheckpoint, Vec<StoredGroup>) {
    let mut tree = Frontier::default();
    let (mut heads, mut groups) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let tip = row.receipt_hash.parse().unwrap();
        heads.push(Head { chain_id: row.chain_id.clone(), sequence: row.sequence, tip });
        if let Some(hash) = tree.push(NodeHash::of_receipt(&tip)) {
            let number = tree.size() / GROUP - 1;
            groups.push(StoredGroup { number, hash: *hash.as_bytes(), last_rowid: at as i64 + 1 });
        }
    }
    let heads = HeadList::new(heads.into_iter().rev());
    let time = Timestamp::from_unix(seconds, 0).unwrap();
    let said = Checkpoint::new(
        KeyName::new("log").unwrap(),
        (tree.size(), tree.root()),
        time,
        key.public().fingerprint(),
        &heads,
    );
    let note = SignedCheckpoint::sign(said, &key.public(), &AsSigner(key)).unwrap().to_string();
    (StoredCheckpoint { tree_size: tree.size(), note, heads: heads.to_text() }, groups)
}

/// One line of an anchor log.
pub(crate) fn record(checkpoint: &StoredCheckpoint) -> String {
    let payload = serde_json::json!({ "note": checkpoint.note, "heads": checkpoint.heads });
    let record = serde_json::json!({ "anchored_at": "", "event_type": "checkpoint", "payload": payload });
    format!("{record}\n")
}

/// A house whose database holds the rows and a checkpoint over all of them, which the file `anchors` holds too.
pub(crate) fn house(key: &Key, rows: &[Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    key.publish(&house.data("signing.key.pub"));
    let (stored, groups) = checkpoint(rows, key);
    fs::write(house.path("anchors"), record(&stored)).unwrap();
    open(&house).write_checkpoint(&groups, Some(&stored)).unwrap();
    house
}

pub(crate) fn open(house: &House) -> SqliteStore {
    writer(&house.data("receipts.db"))
}

/// Another database in the place of the house's: what somebody made of it.
fn replace(house: &House, rows: &[Row]) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(house.data(&format!("receipts.db{suffix}")));
    }
    database(&house.data("receipts.db"), rows);
}

pub(crate) fn sql(house: &House, statement: &str) {
    rusqlite::Connection::open(house.data("receipts.db")).unwrap().execute_batch(statement).unwrap();
}

pub(crate) fn has_line(said: &Said, words: &[&str]) -> bool {
    said.out.lines().any(|line| words.iter().all(|word| line.contains(word)))
}

#[test]
fn checkpoints_are_listed_with_who_signed_them() {
    let (key, stranger) = (Key::new(1), Key::new(2));
    let rows = Chain::new("a").rows(&key, 3);
    let house = house(&key, &rows);
    let said = house.say(["checkpoints"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "2026-11-18T11:06:40Z  over 3 receipts, 1 chain moved, signed by the published key\n"),
        "{}",
        said.all()
    );
    let (theirs, _) = checkpoint(&rows[..2], &stranger);
    let mut store = open(&house);
    store.write_checkpoint(&[], Some(&theirs)).unwrap();
    store.write_checkpoint(&[], Some(&StoredCheckpoint { tree_size: 9, ..theirs })).unwrap();
    drop(store);
    let json = house.say(["checkpoints", "--json"]).json();
    let of =
        |member: &str| -> Vec<_> { json.as_array().unwrap().iter().map(|one| one[member].clone()).collect() };
    assert_eq!(of("signed_by"), ["none", "published", "unknown"]);
    assert_eq!(of("size"), [9, 3, 2]);
    assert!(json[1]["note"].as_str().unwrap().starts_with("log\n3\n"));
    assert_eq!(house.say(["checkpoints", "--limit", "1"]).out.lines().count(), 1);
    let none = House::new();
    database(&none.data("receipts.db"), &rows);
    key.publish(&none.data("signing.key.pub"));
    assert_eq!(none.say(["checkpoints"]).out, "no checkpoints\n");
}

#[test]
fn a_receipt_is_proven_without_its_database() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 700);
    let house = house(&key, &rows);
    let elsewhere = House::new();
    let public = key.publish(&elsewhere.path("trusted.pub"));
    for at in [0, 255, 256, 511, 512, 699] {
        let file = house.path(&format!("{at}.proof"));
        let said = house.say(["prove", "--id", &rows[at].id, "--out", file.to_str().unwrap()]);
        assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.all());
        let verify = ["verify", "--proof", file.to_str().unwrap(), "--public-key", public.to_str().unwrap()];
        let said = elsewhere.say(verify);
        assert_eq!(said.code, 0, "{}", said.all());
        assert!(has_line(&said, &[&rows[at].id, "PROVEN"]), "{}", said.all());
        assert!(
            has_line(&said, &[&format!("number {} of the 700 receipts", at + 1), "log"]),
            "{}",
            said.all()
        );
        assert!(has_line(&said, &[&format!("sequence {} of chain a", at + 1)]), "{}", said.all());
        let json = elsewhere.say(verify.iter().chain(&["--json"])).json();
        assert_eq!((&json["valid"], &json["leaf_index"]), (&true.into(), &at.into()));
        assert_eq!(json["receipt_hash"], rows[at].receipt_hash);
    }
    // To standard output, and from standard input.
    let said = house.shell(&format!(
        "{program} prove --id {id} | {program} verify --proof -",
        program = env!("CARGO_BIN_EXE_agent-receipts"),
        id = rows[3].id
    ));
    assert!(said.code == 0 && said.out.contains("PROVEN"), "{}", said.all());
}

#[test]
fn a_proof_that_was_tampered_with_does_not_hold() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 300);
    let house = house(&key, &rows);
    let proof = house.say(["prove", "--id", &rows[7].id]).json();
    let verify = |proof: &serde_json::Value| {
        fs::write(house.path("p"), proof.to_string()).unwrap();
        house.say(["verify", "--proof", "p"])
    };
    assert_eq!(verify(&proof).code, 0);
    let text = |member: &str| proof[member].as_str().unwrap().to_owned();
    let (note, path) = (text("checkpoint"), text("path"));
    let other = house.say(["prove", "--id", &rows[8].id]).json();
    for (member, value, cause) in [
        ("leaf_index", 8.into(), "does not lead to the signed root"),
        ("leaf_index", 300.into(), "not within a tree of 300"),
        ("leaf_index", (-1).into(), "`leaf_index` is missing or malformed"),
        ("path", other["path"].clone(), "does not lead to the signed root"),
        ("path", path[..44].into(), "`path` is missing or malformed"),
        ("path", "".into(), "not have as many hashes"),
        ("receipt", other["receipt"].clone(), "does not lead to the signed root"),
        ("receipt", "no".into(), "the receipt"),
        ("checkpoint", note.replace("\n300\n", "\n301\n").into(), "does not hold"),
        ("checkpoint", note.replace("log\n300", "log \n300").into(), "the checkpoint: line 1"),
        ("public_key", "u".into(), "`public_key` is missing or malformed"),
        ("format", "agent-receipts-proof/2".into(), "no proof of the format"),
    ] {
        let mut changed = proof.clone();
        changed[member] = value;
        let said = verify(&changed);
        assert_eq!(said.code, 1, "{member}: {}", said.all());
        assert!(said.out.contains("NOT PROVEN") && said.out.contains(cause), "{member}: {}", said.all());
    }
    for text in ["", "{", "[]", "{}", "null"] {
        fs::write(house.path("p"), text).unwrap();
        let said = house.say(["verify", "--proof", "p"]);
        assert!(said.code == 1 && said.out.contains("NOT PROVEN"), "{text}: {}", said.all());
    }
    assert_eq!(house.say(["verify", "--proof", "missing"]).code, 2);
    assert_eq!(house.say(["verify", "--proof", "p", "--anchors", "anchors"]).code, 2);
}

/// Whoever sends a proof can put any key in it.
#[test]
fn a_proof_is_judged_by_the_key_that_the_verifier_has() {
    let (key, thief) = (Key::new(1), Key::new(2));
    let forged = Chain::new("a").rows(&thief, 3);
    let theirs = house(&thief, &forged);
    let said = theirs.say(["prove", "--id", &forged[1].id, "--out", "p"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let ours = house(&key, &Chain::new("a").rows(&key, 3));
    let proof = theirs.path("p");
    let said = ours.say(["verify", "--proof", proof.to_str().unwrap()]);
    assert!(
        said.code == 1 && said.out.contains("not signed by a key that is trusted here"),
        "{}",
        said.all()
    );
    // In the archive beside the published key anybody may have put it; --trust-key is the verifier's own word.
    let archived = thief.publish(&ours.data("signing.key.pub.rotated-0123456789abcdef"));
    assert_eq!(ours.say(["verify", "--proof", proof.to_str().unwrap()]).code, 1);
    let named = ["verify", "--proof", proof.to_str().unwrap(), "--trust-key", archived.to_str().unwrap()];
    assert_eq!(ours.say(named).code, 0);
}

#[test]
fn what_cannot_be_proven_says_why() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let rows = chain.rows(&key, 600);
    let house = house(&key, &rows);
    let unknown = house.say(["prove", "--id", "urn:receipt:none"]);
    assert!(
        unknown.code == 1 && unknown.err.contains("there is no receipt `urn:receipt:none`"),
        "{}",
        unknown.all()
    );
    let later = chain.rows(&key, 1);
    open(&house).append(&later).unwrap();
    let early = house.say(["prove", "--id", &later[0].id]);
    assert!(early.code == 1 && early.err.contains("no checkpoint is signed over receipt"), "{}", early.all());
    assert!(early.err.contains("hint: the daemon signs one"), "{}", early.all());
    fs::write(house.path("there"), "").unwrap();
    let kept = house.say(["prove", "--id", &rows[0].id, "--out", "there"]);
    assert!(kept.code == 1 && kept.err.contains("could not write `there`"), "{}", kept.all());
    assert_eq!(fs::read(house.path("there")).unwrap(), b"");
    // Hashes that were tampered with cost time and no proof.
    sql(&house, "UPDATE ar_tree_groups SET hash = zeroblob(32) WHERE number = 1");
    assert_eq!(house.say(["prove", "--id", &rows[3].id]).code, 0);
    sql(&house, "UPDATE ar_tree_groups SET hash = 'x', last_rowid = 7");
    assert_eq!(house.say(["prove", "--id", &rows[3].id]).code, 0);
    sql(
        &house,
        "UPDATE receipts SET receipt_json = replace(receipt_json, 'did:user:me', 'did:user:you') WHERE rowid = 400",
    );
    let altered = house.say(["prove", "--id", &rows[300].id]);
    assert!(altered.code == 1 && altered.err.contains("the database was altered"), "{}", altered.all());
}

#[test]
fn anchors_hold_for_a_database_that_only_grew() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let rows = chain.rows(&key, 300);
    let house = house(&key, &rows);
    open(&house).append(&chain.rows(&key, 5)).unwrap();
    let said = house.say(["verify", "--anchors", "anchors"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let line = "Anchors: HOLD (1 checkpoint; the newest over 300 receipts, at 2026-11-18T11:06:40Z)\n";
    assert_eq!(said.out, format!("Chain a: VALID (305 receipts)\n{line}"));
    let json = house.say(["verify", "--anchors", "anchors", "--json"]).json();
    assert_eq!((&json["valid"], &json["anchors"]["valid"]), (&true.into(), &true.into()));
    assert_eq!((&json["anchors"]["signed_for"], &json["anchors"]["receipts"]), (&300.into(), &305.into()));
    assert!(house.say(["verify", "--json"]).json().get("anchors").is_none());
}

/// Each of these databases is VALID to whoever sees nothing else.
#[test]
fn what_chains_cannot_tell_of_themselves_anchors_tell_with_the_sequence() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let rows = chain.rows(&key, 20);
    let house = house(&key, &rows);

    let truncated = rows[..12].to_vec();
    let mut forged = Chain::new("a");
    let mut rewritten = forged.rows(&key, 8);
    rewritten.push(forged.row(&key, |receipt| receipt.subject.outcome.status = "failure".into()));
    rewritten.extend(forged.rows(&key, 11));
    let mut rolled_back = Chain::new("a");
    let mut grown_again = rolled_back.rows(&key, 12);
    grown_again
        .extend((0..10).map(|_| rolled_back.row(&key, |receipt| receipt.issuer.name = Some("x".into()))));
    for (rows, words) in [
        (truncated, &["truncated", "\"a\"", "ends at sequence 12", "sequence 20"][..]),
        (rewritten, &["rewritten", "\"a\"", "sequence 20"]),
        (grown_again, &["rewritten", "\"a\"", "sequence 20"]),
        (Chain::new("other").rows(&key, 20), &["truncated", "\"a\"", "gone", "sequence 20"]),
    ] {
        replace(&house, &rows);
        let alone = house.say(["verify"]);
        assert_eq!(alone.code, 0, "{}", alone.all());
        let said = house.say(["verify", "--anchors", "anchors"]);
        assert_eq!(said.code, 1, "{}", said.all());
        assert!(said.out.contains("Anchors: CONTRADICTED (1 checkpoint)"), "{}", said.all());
        assert!(has_line(&said, words), "{words:?} {}", said.all());
        let json = house.say(["verify", "--anchors", "anchors", "--json"]);
        assert_eq!((json.code, &json.json()["valid"]), (1, &false.into()));
    }
    replace(&house, &[]);
    let empty = house.say(["verify", "--anchors", "anchors"]);
    assert!(empty.code == 1 && has_line(&empty, &["truncated", "\"a\"", "gone"]), "{}", empty.all());
}

/// A thief hands the stolen key over to one of his own and publishes that: every signature holds, and the rotation is in the
/// chain.
#[test]
fn a_forged_rotation_is_found_by_what_was_announced() {
    let (key, next, thief) = (Key::new(1), Key::new(2), Key::new(3));
    let mut honest = Chain::new("a");
    let mut rows = honest.rows(&key, 5);
    let house = house(&key, &rows);
    rows.push(honest.rotation(&key, &next));
    let rotation: serde_json::Value = serde_json::from_str(&rows[5].receipt_json).unwrap();
    let announced =
        serde_json::json!({ "anchored_at": "", "event_type": "rotation", "payload": rotation }).to_string();
    rows.extend(honest.rows(&next, 3));
    let old = fs::read_to_string(house.path("anchors")).unwrap();
    fs::write(house.path("anchors"), format!("{old}{announced}\n{}", record(&checkpoint(&rows, &next).0)))
        .unwrap();
    replace(&house, &rows);
    next.publish(&house.data("signing.key.pub"));
    key.publish(&house.data("signing.key.pub.rotated-0123456789abcdef"));
    let said = house.say(["verify", "--anchors", "anchors"]);
    assert!(said.code == 0 && said.out.contains("HOLD (2 checkpoints, 1 rotation"), "{}", said.all());

    let mut forged = Chain::new("a");
    let mut rows = forged.rows(&key, 5);
    rows.push(forged.rotation(&key, &thief));
    rows.extend(forged.rows(&thief, 3));
    replace(&house, &rows);
    thief.publish(&house.data("signing.key.pub"));
    assert_eq!(house.say(["verify"]).code, 0, "the chain alone cannot tell");
    let said = house.say(["verify", "--anchors", "anchors"]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(has_line(&said, &["forged rotation", "\"a\"", "sequence 6"]), "{}", said.all());
    assert!(has_line(&said, &["no key that the published key vouches for"]), "{}", said.all());
}

#[test]
fn evidence_is_read_from_notes_and_folders_and_what_is_none_counts_against_it() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 20);
    let house = house(&key, &rows);
    let (stored, _) = checkpoint(&rows, &key);
    let folder = house.path("evidence/sink");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("20.note"), &stored.note).unwrap();
    fs::write(folder.join("20.heads"), &stored.heads).unwrap();
    fs::write(folder.join("20.tsr"), "not judged").unwrap();
    fs::write(folder.join("log.ndjson"), record(&stored)).unwrap();
    let bare = folder.join("20.note");
    for (evidence, count) in
        [(&["evidence"][..], 2), (&[bare.to_str().unwrap()], 1), (&["anchors", "evidence"], 3)]
    {
        let said = house.say(["verify", "--json", "--anchors"].iter().chain(evidence));
        assert_eq!(said.code, 0, "{}", said.all());
        assert_eq!(said.json()["anchors"]["checkpoints"], count);
    }
    for (name, text) in [
        ("torn.ndjson", format!("{}{}", record(&stored), &record(&stored)[..90])),
        ("text.note", "no note at all\n".to_owned()),
        ("empty.note", String::new()),
        ("long.note", "x".repeat(70_000)),
        ("other.ndjson", "7\n".to_owned()),
    ] {
        fs::write(house.path(name), text).unwrap();
        let said = house.say(["verify", "--anchors", "anchors", name]);
        assert!(said.code == 1 && has_line(&said, &["no evidence", name]), "{name}: {}", said.all());
    }
    // A list of heads that is not the one that was signed for is no list.
    fs::write(folder.join("20.heads"), "").unwrap();
    let said = house.say(["verify", "--anchors", "evidence"]);
    assert!(said.code == 1 && has_line(&said, &["no evidence", "list of heads"]), "{}", said.all());
    fs::write(house.path("nothing.ndjson"), "\n\n").unwrap();
    let said = house.say(["verify", "--anchors", "nothing.ndjson"]);
    assert!(said.code == 1 && said.out.contains("Anchors: NOTHING"), "{}", said.all());
    for missing in [&["verify", "--anchors", "missing"][..], &["verify", "--anchors", "/dev/zero"]] {
        let said = house.say(missing);
        assert_eq!(said.code, 2, "{}", said.all());
    }
    assert_eq!(house.say(["verify", "--anchors", "anchors", "--file", "x"]).code, 2);
}

/// From a daemon to a proof and a verdict, without anything of this test's own in between.
#[test]
fn what_a_daemon_signed_for_is_proven_and_missed() {
    let house = House::new();
    assert_eq!(house.say(["init"]).code, 0);
    let program = env!("CARGO_BIN_EXE_agent-receipts");
    let record = format!("for n in 1 2 3; do {program} exec -- true; done");
    let log = house.path("anchors");
    let mut run = house.command(["run", "--", "sh", "-c", &record]);
    run.env("AGENTRECEIPTS_DAEMON_BIN", crate::house::daemon_binary()).env("AGENTRECEIPTS_ANCHOR_LOG", &log);
    let said = Said::of(&run.output().unwrap());
    assert_eq!(said.code, 0, "{}", said.all());
    let listed = house.say(["list", "--json"]).json();
    let id = listed[1]["id"].as_str().unwrap().to_owned();
    let proof = house.say(["prove", "--id", &id, "--out", "p"]);
    assert_eq!(proof.code, 0, "{}", proof.all());
    assert!(house.say(["verify", "--proof", "p"]).out.contains("PROVEN"));
    assert_eq!(house.say(["checkpoints", "--json"]).json()[0]["signed_by"], "published");
    let evidence = database_of(&house);
    let said = house.say(["verify", "--anchors", log.to_str().unwrap()]);
    assert!(said.code == 0 && said.out.contains("Anchors: HOLD"), "{}", said.all());
    sql(&house, &format!("DELETE FROM receipts WHERE rowid > {}", evidence - 2));
    let said = house.say(["verify", "--anchors", log.to_str().unwrap()]);
    assert!(said.code == 1 && has_line(&said, &["truncated", "ends at sequence"]), "{}", said.all());
}

fn database_of(house: &House) -> i64 {
    let count = |path: &Path| {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.query_row("SELECT COUNT(*) FROM receipts", [], |row| row.get(0)).unwrap()
    };
    count(&house.data("receipts.db"))
}
