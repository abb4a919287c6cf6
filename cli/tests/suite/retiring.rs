//! `retire`: closed chains go to an archive, are found there, and are missed when they are gone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use agent_receipts_store::{CheckpointStore, ReceiptStore, Row, SqliteReader};

use crate::chains::{Chain, Key, database, writer};
use crate::checkpoints::{checkpoint, house, record, sql};
use crate::house::{House, Said, daemon_binary};

/// Whatever the clock of this machine says.
const ALL: &str = "--before=2099-01-01";

/// Rows and a terminator.
fn closed(chain: &mut Chain, key: &Key, number: u64) -> Vec<Row> {
    let mut rows = chain.rows(key, number);
    rows.push(end(chain, key));
    rows
}

fn end(chain: &mut Chain, key: &Key) -> Row {
    chain.row(key, |receipt| {
        receipt.subject.chain.terminal = Some(true);
        receipt.subject.chain.status = Some("complete".into());
    })
}

/// A closed chain of 301 receipts and an open one of 5, written in turn, under one checkpoint.
fn old_and_new(key: &Key) -> (House, Vec<Row>) {
    let (mut old, mut new) = (Chain::new("old"), Chain::new("new"));
    let rows = [old.rows(key, 200), new.rows(key, 3), closed(&mut old, key, 100), new.rows(key, 2)].concat();
    (house(key, &rows), rows)
}

fn retire(house: &House, flags: &[&str]) -> Said {
    house.say_with_daemon(["retire"].iter().chain(flags))
}

fn retired(house: &House) -> PathBuf {
    let said = retire(house, &["--before", "2026-11-19", "--name", "x"]);
    assert_eq!(said.code, 0, "{}", said.all());
    archive(house)
}

fn archive(house: &House) -> PathBuf {
    house.data("receipts.db.archives/x")
}

/// The archive's rows, to be tampered with.
fn archived(house: &House) -> PathBuf {
    let path = archive(house).join("receipts.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn names(house: &House) -> Vec<String> {
    let entries = fs::read_dir(house.data("receipts.db.archives"));
    entries.map_or_else(
        |_| Vec::new(),
        |entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(),
    )
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn what_was_moved_is_found_and_proven_as_before() {
    let key = Key::new(1);
    let (house, rows) = old_and_new(&key);
    let ids = [&rows[0].id, &rows[202].id, &rows[250].id, &rows[303].id];
    let proofs: Vec<_> = ids.iter().map(|id| house.say(["prove", "--id", id]).out).collect();
    let (earlier, _) = checkpoint(&rows[..270], &key);
    writer(&house.data("receipts.db")).write_checkpoint(&[], Some(&earlier)).unwrap();
    let extension = house.say(["prove", "--from", "270"]);
    assert_eq!(extension.code, 0, "{}", extension.all());
    let (checkpoints, export) = (house.say(["checkpoints"]).out, house.say(["export"]).out);
    let shown = house.say(["show", "--json", ids[0]]).out;
    let judged = house.say(["verify-event", "--id", ids[2]]);
    let before = fs::metadata(house.data("receipts.db")).unwrap().len();

    let said = retire(&house, &["--before", "2026-11-19", "--name", "x"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.out.contains("1 chain, 301 receipts, moved to archive x"), "{}", said.all());
    assert!(said.out.contains("stays  new: it is open"), "{}", said.all());
    let compacted = house.say_with_daemon(["compact"]);
    assert_eq!(compacted.code, 0, "{}", compacted.all());
    assert!(fs::metadata(house.data("receipts.db")).unwrap().len() * 2 < before, "{}", compacted.all());

    let verified = house.say(["verify", "--anchors", "anchors"]);
    assert_eq!(verified.code, 0, "{}", verified.all());
    for words in [
        "Chain old (archive x): VALID (301 receipts)",
        "Anchors: HOLD",
        "301 receipts of 1 chain, moved to archives: each is the one that was moved",
    ] {
        assert!(verified.out.contains(words), "{words}: {}", verified.all());
    }
    assert_eq!(house.say(["verify", "--json"]).json()["receipts"], 306);
    for chain in ["old", "new"] {
        assert_eq!(house.say(["verify", "--strict", "--chain-id", chain]).code, 0);
    }
    assert_eq!(house.say(["checkpoints"]).out, checkpoints);
    let exported = house.say(["export"]).out;
    assert_eq!(sorted(&exported), sorted(&export));
    assert_eq!(house.say(["list", "--limit", "1000", "--json"]).json().as_array().unwrap().len(), 306);
    let mut moved = house.say(["show", "--json", ids[0]]).json();
    assert_eq!(moved["_archive"], "x");
    assert_eq!(house.say(["verify-event", "--id", ids[2]]).code, judged.code);
    assert!(judged.code == 0 || judged.code == 3, "{}", judged.all());
    moved.as_object_mut().unwrap().remove("_archive");
    assert_eq!(moved, serde_json::from_str::<serde_json::Value>(&shown).unwrap());
    for (id, proof) in ids.iter().zip(&proofs) {
        assert_eq!(house.say(["prove", "--id", id]).out, *proof, "{id}");
    }
    assert_eq!(house.say(["prove", "--from", "270"]).out, extension.out);
    // From every leaf as well, where what is stored of the tree is gone.
    sql(&house, "DELETE FROM ar_tree_groups");
    for (id, proof) in ids.iter().zip(&proofs) {
        assert_eq!(house.say(["prove", "--id", id]).out, *proof, "{id}");
    }
    let backup = house.say(["backup", "copy.db"]);
    assert!(backup.code == 0 && backup.out.contains("301 receipts stand in archives"), "{}", backup.all());
    let nothing = retire(&house, &[ALL]);
    assert!(nothing.code == 0 && nothing.out.contains("nothing to move"), "{}", nothing.all());
}

#[test]
fn a_database_of_which_all_was_moved_is_valid_with_its_archive_alone() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let house = house(&key, &closed(&mut chain, &key, 20));
    retired(&house);
    let said = house.say(["verify", "--anchors", "anchors"]);
    assert!(
        said.code == 0 && said.out.contains("Chain a (archive x): VALID (21 receipts)"),
        "{}",
        said.all()
    );
    fs::rename(archive(&house), house.path("elsewhere")).unwrap();
    let said = house.say(["verify"]);
    assert!(said.code == 1 && said.out.contains("moved receipts missing"), "{}", said.all());
    assert!(!said.out.contains("VALID:") || said.out.contains("NOT VALID:"), "{}", said.all());
}

/// What somebody does, and the words that tell of it.
type Tampering = (&'static str, fn(&House), &'static [&'static str]);

/// Whoever can write an archive can write the key into its manifest, too: for what was moved from here, only our own keys count.
#[test]
fn a_history_that_a_stranger_signed_and_moved_is_not_ours() {
    let (key, stranger) = (Key::new(1), Key::new(2));
    let house = house(&stranger, &closed(&mut Chain::new("a"), &stranger, 5));
    assert_eq!(retire(&house, &[ALL]).code, 0);
    assert_eq!(house.say(["verify"]).code, 0);
    fs::remove_file(house.data("signing.key.pub")).unwrap();
    key.publish(&house.data("signing.key.pub"));
    for arguments in [&["verify"][..], &["verify", "--chain-id", "a"], &["verify", "--strict"]] {
        let said = house.say(arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {}", said.all());
    }
    let known = house.path("stranger.pub");
    stranger.publish(&known);
    let said = house.say(["verify", "--trust-key", known.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.all());
}

#[test]
fn an_archive_that_is_not_what_was_moved_is_found_out_with_the_sequence() {
    let key = Key::new(1);
    let tamperings: [Tampering; 9] = [
        (
            "the folder is gone",
            |house| fs::rename(archive(house), house.path("elsewhere")).unwrap(),
            &[
                "moved receipts missing",
                "archive `x`",
                "chain `old`, sequences 1 to 301",
                "bring the folder back",
            ],
        ),
        (
            "the folder has another name",
            |house| fs::rename(archive(house), house.data("receipts.db.archives/y")).unwrap(),
            &["archive `y` has chain `old`, sequences 1 to 301, of which the database knows nothing"],
        ),
        (
            "a receipt is gone",
            |house| archive_sql(house, "DELETE FROM receipts WHERE sequence = 7"),
            &["moved receipt missing", "archive `x` has no sequence 7 of chain `old`"],
        ),
        (
            "its end is gone",
            |house| archive_sql(house, "DELETE FROM receipts WHERE sequence > 199"),
            &["moved receipt missing", "no sequence 200 of chain `old`, and 101 more"],
        ),
        (
            "a receipt is another",
            |house| {
                archive_sql(
                    house,
                    "UPDATE receipts SET receipt_json = replace(receipt_json, 'did:user:me', 'did:user:you') \
                     WHERE sequence = 9",
                );
            },
            &["moved receipt altered", "another receipt at sequence 9 of chain `old`"],
        ),
        (
            "there is a chain more",
            |house| {
                let more = Chain::new("planted").rows(&Key::new(1), 2);
                writer(&archived(house)).append(&more).unwrap();
            },
            &["archive `x` has chain `planted`, sequences 1 to 2, of which the database knows nothing"],
        ),
        (
            "what is left of a receipt is gone",
            |house| sql(house, "DELETE FROM ar_moved_receipts WHERE sequence = 5"),
            &["of 301 receipts of chain `old` that were moved, the database accounts for 300"],
        ),
        (
            "what is left of a receipt is another's",
            |house| sql(house, "UPDATE ar_moved_receipts SET leaf = zeroblob(32) WHERE sequence = 6"),
            &["moved receipt altered", "sequence 6 of chain `old`"],
        ),
        (
            "all that is left is gone",
            |house| sql(house, "DELETE FROM ar_moved_receipts; DELETE FROM ar_moved_chains"),
            &["archive `x` has chain `old`, sequences 1 to 301, of which the database knows nothing"],
        ),
    ];
    for (what, tamper, words) in tamperings {
        let (house, _) = old_and_new(&key);
        retired(&house);
        assert_eq!(house.say(["verify"]).code, 0);
        tamper(&house);
        let said = house.say(["verify"]);
        assert_eq!(said.code, 1, "{what}: {}", said.all());
        let found = said
            .out
            .lines()
            .any(|line| line.starts_with("NOT VALID:") && words.iter().all(|word| line.contains(word)));
        assert!(found, "{what}: {}", said.all());
        let json = house.say(["verify", "--json"]).json();
        assert_eq!(json["valid"], false, "{what}");
        assert!(!json["conflicts"].as_array().unwrap().is_empty(), "{what}");
        // What stays is judged as it stands, unless a file that was taken in is another.
        let new = house.say(["verify", "--chain-id", "new"]);
        assert_eq!(
            new.code,
            i32::from(said.out.contains("the file of archive `x`")),
            "{what}: {}",
            new.all()
        );
        assert_eq!(house.say(["verify", "--chain-id", "old"]).code, 1, "{what}");
    }
}

fn archive_sql(house: &House, statement: &str) {
    rusqlite::Connection::open(archived(house)).unwrap().execute_batch(statement).unwrap();
}

/// Numbers that anybody who can write the database can write are summed without an end of this program.
#[test]
fn counts_that_nobody_can_count_are_a_finding() {
    let (house, _) = old_and_new(&Key::new(1));
    retired(&house);
    let planted = "INSERT INTO ar_moved_chains \
        (chain_id, archive, receipts, first_sequence, last_sequence, last_rowid, tip_id, tip_hash) \
        VALUES (?, 'x', 9223372036854775807, 1, 1, 1, 'i', 'h')";
    for chain in ["'p'", "'q'", "'r'"] {
        sql(&house, &planted.replace('?', chain));
    }
    for command in
        [&["verify"][..], &["verify", "--no-archives"], &["doctor", "--no-roundtrip"], &["backup", "copy.db"]]
    {
        let said = house.say(command);
        assert!(!said.err.contains("panicked"), "{command:?}: {}", said.all());
        assert_eq!(said.code, i32::from(command[0] != "backup"), "{command:?}: {}", said.all());
    }
    let said = house.say(["verify"]);
    assert!(
        said.out.contains("receipts of chain `p` that were moved, the database accounts for 0"),
        "{}",
        said.all()
    );
}

/// Whoever reads, or searches, the first line alone.
#[test]
fn the_first_line_is_the_whole_verdict() {
    let (house, _) = old_and_new(&Key::new(1));
    retired(&house);
    let first = |line: &[&str]| {
        let said = house.say(line);
        (said.code, said.out.lines().next().unwrap_or_default().to_owned())
    };
    assert_eq!(first(&["verify"]), (0, "VALID: 2 chains, 306 receipts".to_owned()));
    sql(&house, "UPDATE ar_moved_receipts SET leaf = zeroblob(32) WHERE sequence = 6");
    for line in [&["verify"][..], &["verify", "--anchors", "anchors"]] {
        let sum = "NOT VALID: 2 chains, 306 receipts, each chain by itself VALID";
        assert_eq!(first(line), (1, sum.to_owned()), "{line:?}");
    }
    let sum = "NOT VALID: 1 chain, 5 receipts, each chain by itself VALID";
    assert_eq!(first(&["verify", "--no-archives"]), (1, sum.to_owned()));
}

/// The tree has lost leaves, whoever has the archive.
#[test]
fn anchors_miss_what_is_left_of_moved_receipts() {
    let key = Key::new(1);
    for (statement, words) in [
        ("DELETE FROM ar_moved_receipts WHERE position > 290", "rolled back"),
        ("DELETE FROM ar_moved_receipts WHERE position = 3", "altered"),
        ("UPDATE ar_moved_receipts SET leaf = zeroblob(32) WHERE position = 3", "altered"),
    ] {
        let (house, rows) = old_and_new(&key);
        // A checkpoint of its own, so that what comes later does not hide what is gone.
        let (half, _) = checkpoint(&rows[..300], &key);
        fs::write(house.path("half"), record(&half)).unwrap();
        retired(&house);
        assert_eq!(house.say(["verify", "--anchors", "anchors", "half"]).code, 0);
        sql(&house, statement);
        let said = house.say(["verify", "--anchors", "anchors", "half"]);
        assert!(said.code == 1 && said.out.contains("Anchors: CONTRADICTED"), "{statement}: {}", said.all());
        assert!(said.out.contains(words), "{statement}: {}", said.all());
    }
}

#[test]
fn without_archives_what_was_moved_is_not_valid_but_not_checked() {
    let key = Key::new(1);
    let (house, rows) = old_and_new(&key);
    retired(&house);
    let said = house.say(["verify", "--no-archives"]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(said.out.contains("301 receipts of 1 chain, moved to archives, not checked"), "{}", said.all());
    let said = house.say(["verify", "--no-archives", "--chain-id", "new"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert_eq!(house.say(["verify", "--no-archives", "--chain-id", "old"]).code, 1);
    fs::remove_dir_all(archive(&house)).unwrap();
    let said = house.say(["prove", "--id", &rows[0].id]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(said.err.contains("was moved to archive `x`, where it is not"), "{}", said.all());
    assert!(said.err.contains("hint: bring the archive's folder back"), "{}", said.all());
}

#[test]
fn what_stays_says_why() {
    let key = Key::new(1);
    let mut parts: Vec<Vec<Row>> = Vec::new();
    let mut root = Chain::new("root");
    parts.push(closed(&mut root, &key, 2));
    parts.push(Chain::new("root/agent/a").rows(&key, 2));
    parts.push(closed(&mut Chain::new("root/agent/b"), &key, 2));
    parts.push(closed(&mut Chain::new("gone"), &key, 2));
    let rows = parts.concat();
    let house = house(&key, &rows);
    let late = closed(&mut Chain::new("late"), &key, 2);
    writer(&house.data("receipts.db")).append(&late).unwrap();

    let all = ["--before", "2026-11-19", "--dry-run"];
    let said = retire(&house, &all);
    assert_eq!(said.code, 0, "{}", said.all());
    for line in [
        "goes   gone (3 receipts, the last of 2026-11-18T11:06:43Z)",
        "goes   root/agent/b (3 receipts, the last of 2026-11-18T11:06:43Z)",
        "stays  root: chain `root/agent/a` under it stays",
        "stays  root/agent/a: it is open",
        "stays  late: the newest checkpoint, over 11 receipts, is not over all of it",
    ] {
        assert!(said.out.lines().any(|found| found == line), "{line}: {}", said.all());
    }
    assert!(said.out.contains("2 chains, 6 receipts, would go to archive retired-"), "{}", said.all());
    let json = retire(&house, &[&all[..], &["--json"]].concat()).json();
    assert_eq!((&json["dry_run"], &json["receipts"]), (&true.into(), &6.into()));
    assert_eq!(json["moved"][0]["chain"], "gone");
    assert_eq!(json["stays"][0]["reason"], "the newest checkpoint, over 11 receipts, is not over all of it");
    assert!(names(&house).is_empty(), "a dry run makes nothing");
    let recent = retire(&house, &["--before", "2026-11-18T11:06:43Z", "--dry-run"]);
    assert!(
        recent.out.contains("stays  gone: its last receipt is of 2026-11-18T11:06:43Z"),
        "{}",
        recent.all()
    );

    // What was asked for by name and stays is not done.
    for (chain, reason) in
        [("root/agent/a", "it is open"), ("root", "under it stays"), ("late", "not over all")]
    {
        let said = retire(&house, &["--chain", chain]);
        assert!(said.code == 1 && said.out.contains(reason), "{}", said.all());
    }
    let none = retire(&house, &["--chain", "none"]);
    assert!(none.code == 1 && none.err.contains("the database has no chain `none`"), "{}", none.all());
    assert!(names(&house).is_empty());
    let said = retire(&house, &["--chain", "gone", "--chain", "root/agent/b"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let again = retire(&house, &["--chain", "gone"]);
    assert!(
        again.code == 1 && again.err.contains("chain `gone` was moved to archive `retired-"),
        "{}",
        again.all()
    );
    for wrong in [
        &[][..],
        &["--dry-run"],
        &["--before", "yesterday"],
        &["--keep", "long"],
        &["--keep", "1d", "--before", "2026-11-19"],
    ] {
        assert_eq!(retire(&house, wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn without_a_checkpoint_nothing_goes() {
    let (key, stranger) = (Key::new(1), Key::new(2));
    let house = House::new();
    let rows = closed(&mut Chain::new("a"), &key, 5);
    database(&house.data("receipts.db"), &rows);
    key.publish(&house.data("signing.key.pub"));
    for _ in 0..2 {
        let said = retire(&house, &[ALL]);
        assert!(said.out.contains("stays  a: no checkpoint is signed over it"), "{}", said.all());
        assert!(said.code == 0 && said.out.contains("nothing to move"), "{}", said.all());
        assert!(names(&house).is_empty());
        // One that a stranger signed is none.
        let (planted, _) = checkpoint(&rows, &stranger);
        let mut store = writer(&house.data("receipts.db"));
        store.write_checkpoint(&[], Some(&planted)).unwrap();
    }
    // Nor is one over fewer receipts than none, and looking for a good one ends at it.
    sql(
        &house,
        "DELETE FROM ar_checkpoints; INSERT INTO ar_checkpoints VALUES (-1, 'x', 'x'), (-2, 'x', 'x')",
    );
    let said = retire(&house, &[ALL]);
    assert!(said.out.contains("stays  a: no checkpoint is signed over it"), "{}", said.all());
}

#[test]
fn a_broken_chain_or_an_altered_database_stops_everything() {
    let key = Key::new(1);
    let (mut broken, mut sound) = (Chain::new("broken"), Chain::new("sound"));
    let mut rows = [closed(&mut broken, &key, 5), closed(&mut sound, &key, 5)].concat();
    // As it was signed for, and never valid.
    rows.remove(2);
    let first = house(&key, &rows);
    let said = retire(&first, &[ALL]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.out.contains("broken") && said.out.contains("NOT VALID: nothing was moved"),
        "{}",
        said.all()
    );
    assert!(names(&first).is_empty());
    assert_eq!(retire(&first, &["--chain", "sound"]).code, 0, "another by its name");

    let (second, _) = old_and_new(&key);
    sql(&second, "DELETE FROM receipts WHERE chain_id = 'new' AND sequence = 1");
    let said = retire(&second, &[ALL]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.err.contains("not those that the newest checkpoint, over 306, was signed for"),
        "{}",
        said.all()
    );
    assert!(names(&second).is_empty());
}

/// The database must hold by itself, too: readers of the reference know of no archives.
#[test]
fn a_hand_over_that_others_need_stays_with_them() {
    let (old, new) = (Key::new(1), Key::new(2));
    let (mut early, mut turning) = (Chain::new("early"), Chain::new("turning"));
    let mut rows = closed(&mut early, &old, 5);
    rows.extend(turning.rows(&old, 2));
    rows.push(turning.rotation(&old, &new));
    rows.extend(closed(&mut turning, &new, 3));
    let house = house(&new, &rows);
    old.publish(&house.data("signing.key.pub.rotated-0123456789abcdef"));
    assert_eq!(house.say(["verify"]).code, 0);
    let said = retire(&house, &["--chain", "turning"]);
    assert_eq!(said.code, 1, "{}", said.all());
    let why =
        "stays  turning: it hands a key over, and chain `early`, which stays, is not valid without that";
    assert!(said.out.contains(why), "{}", said.all());
    let said = retire(&house, &["--chain", "early"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let said = retire(&house, &["--chain", "turning"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let said = house.say(["verify", "--anchors", "anchors"]);
    assert!(said.code == 0 && said.out.contains("VALID: 2 chains, 13 receipts"), "{}", said.all());
    let keys = house.say(["keys", "list", "--json"]).json();
    let signed =
        |at: usize| (keys["keys"][at]["signed"]["receipts"].clone(), keys["keys"][at]["vouched"].clone());
    assert_eq!((signed(0), signed(1)), ((4.into(), true.into()), (9.into(), true.into())), "{keys}");
}

#[test]
fn a_daemon_at_work_is_left_alone() {
    let (house, _) = old_and_new(&Key::new(1));
    let store = writer(&house.data("receipts.db"));
    let said = retire(&house, &["--before", "2026-11-19"]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(said.err.contains("another daemon is writing"), "{}", said.all());
    assert!(said.err.contains("hint: stop the daemon"), "{}", said.all());
    drop(store);
    assert!(names(&house).is_empty());
    assert!(SqliteReader::open(house.data("receipts.db")).unwrap().moved_chains().unwrap().is_empty());
}

/// Of two archives one is taken out before the other is found to be another: that is said, with the mend that helps.
#[test]
fn what_was_taken_out_before_a_failure_is_said() {
    let key = Key::new(1);
    let [one, two] = ["one", "two"].map(|name| closed(&mut Chain::new(name), &key, 2));
    let house = house(&key, &[one, two].concat());
    let idle = house.script("idle", "exit 0");
    for (chain, name) in [("one", "a"), ("two", "b")] {
        let wish = ["retire", "--chain", chain, "--name", name, "--daemon-bin", idle.to_str().unwrap()];
        let said = house.say(wish);
        assert!(said.code == 1 && said.err.contains("was not taken out of the database"), "{}", said.all());
    }
    let path = house.data("receipts.db.archives/b/receipts.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let alter = "UPDATE receipts SET tool_name = 'another' WHERE sequence = 2";
    rusqlite::Connection::open(&path).unwrap().execute_batch(alter).unwrap();
    let said = retire(&house, &[ALL]);
    assert_eq!(said.code, 1, "{}", said.all());
    for words in [
        "not all was taken out of the database",
        "sequence 2 of chain `two` is not the same in archive `b`",
        "move the folder of archive `b` away",
        "moved 3 receipts of 1 chain to archive `a`",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.all());
    }
    assert!(!said.err.contains("as it was") && !said.err.contains("stop the daemon"), "{}", said.all());
    fs::rename(house.data("receipts.db.archives/b"), house.path("elsewhere")).unwrap();
    let said = retire(&house, &[ALL]);
    assert!(said.code == 0 && said.out.contains("1 chain, 3 receipts, moved"), "{}", said.all());
}

/// As two that run at once would leave it.
#[test]
fn a_second_archive_of_a_chain_names_its_mend() {
    let (house, _) = old_and_new(&Key::new(1));
    retired(&house);
    let twin = house.data("receipts.db.archives/y");
    fs::create_dir(&twin).unwrap();
    for name in ["receipts.db", "manifest.json"] {
        fs::copy(archive(&house).join(name), twin.join(name)).unwrap();
    }
    let said = retire(&house, &[ALL]);
    let words = "chain `old` was moved to archive `x`, and archive `y` holds it too: move the folder of archive `y` away";
    assert!(said.code == 1 && said.err.contains(words), "{}", said.all());
    let said = house.say(["verify"]);
    let words = "archive `y` has chain `old`, which was moved to archive `x`: move the folder of `y` away";
    assert!(said.code == 1 && said.out.contains(words), "{}", said.all());
    fs::rename(&twin, house.path("elsewhere")).unwrap();
    assert_eq!(house.say(["verify"]).code, 0);
    assert_eq!(retire(&house, &[ALL]).code, 0);
}

/// The machine goes down between the archive and the leaving.
#[test]
fn a_move_that_was_cut_short_is_completed() {
    let key = Key::new(1);
    let (house, _) = old_and_new(&key);
    let daemon = daemon_binary().display();
    let script = house.script("daemon", &format!("test -e once && exit 9\n: > once\nexec {daemon} \"$@\""));
    let wish = ["--before", "2026-11-19", "--name", "x"];
    let named = [&wish[..], &["--daemon-bin", script.to_str().unwrap()]].concat();
    let cut = house.say(["retire"].iter().chain(&named));
    assert!(cut.code == 1 && cut.err.contains("nothing was taken out of the database"), "{}", cut.all());
    assert_eq!(names(&house), ["x"]);
    let said = house.say(["verify"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.out.contains("1 chain in archive `x` not yet taken out of the database"), "{}", said.all());
    assert!(said.out.contains("chain `old` stands in the database and archive `x`, the same to its end"));
    let dry = retire(&house, &[&wish[..], &["--dry-run"]].concat());
    assert!(
        dry.out.contains("1 chain in archive x not yet taken out of the database: would be"),
        "{}",
        dry.all()
    );
    let said = retire(&house, &wish);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.out.contains("1 chain in archive x taken out of the database: completed"), "{}", said.all());
    assert_eq!(names(&house), ["x"], "no second archive is made");
    let verified = house.say(["verify", "--anchors", "anchors"]);
    assert!(verified.code == 0 && !verified.out.contains("not yet taken out"), "{}", verified.all());
    // A copy from before the move is in the same state.
    assert_eq!(retire(&house, &["--chain", "old", "--dry-run"]).code, 1);
}

#[test]
fn what_stands_in_the_way_is_said_and_nothing_is_moved() {
    let key = Key::new(1);
    let (house, rows) = old_and_new(&key);
    let archives = house.data("receipts.db.archives");
    fs::create_dir_all(archives.join("x")).unwrap();
    let unread = retire(&house, &[ALL]);
    assert!(unread.code == 2 && unread.err.contains("manifest.json"), "{}", unread.all());
    fs::remove_dir_all(&archives).unwrap();
    let bad = retire(&house, &[ALL, "--name", "../x"]);
    assert!(bad.code == 2 && bad.err.contains("cannot name an archive"), "{}", bad.all());
    fs::write(&archives, "no folder").unwrap();
    assert_eq!(retire(&house, &[ALL]).code, 2);
    fs::remove_file(&archives).unwrap();
    assert_eq!(house.say(["verify", "--anchors", "anchors"]).code, 0);

    assert_eq!(retire(&house, &[ALL, "--name", "x"]).code, 0);
    let more = closed(&mut Chain::new("more"), &key, 3);
    let (signed, groups) = checkpoint(&[rows, more.clone()].concat(), &key);
    let mut store = writer(&house.data("receipts.db"));
    store.append(&more).unwrap();
    store.write_checkpoint(&groups, Some(&signed)).unwrap();
    drop(store);
    let taken = retire(&house, &["--chain", "more", "--name", "x"]);
    assert!(taken.code == 2 && taken.err.contains("there is already an archive `x`"), "{}", taken.all());
    assert_eq!(names(&house), ["x"]);
    let said = retire(&house, &["--chain", "more", "--name", "y"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let said = house.say(["verify", "--anchors", "anchors"]);
    assert!(said.code == 0 && said.out.contains("VALID: 3 chains, 310 receipts"), "{}", said.all());
}

/// From a daemon to an archive and on, without anything of this test's own in between.
#[test]
fn a_daemon_goes_on_behind_what_was_moved() {
    let house = House::new();
    assert_eq!(house.say(["init"]).code, 0);
    let program = env!("CARGO_BIN_EXE_agent-receipts");
    let log = house.path("anchors");
    let run = || {
        let record = format!("for n in 1 2 3; do {program} exec -- true; done");
        let mut run = house.command(["run", "--", "sh", "-c", &record]);
        run.env("AGENTRECEIPTS_DAEMON_BIN", daemon_binary()).env("AGENTRECEIPTS_ANCHOR_LOG", &log);
        let said = Said::of(&run.output().unwrap());
        assert_eq!(said.code, 0, "{}", said.all());
    };
    run();
    run();
    let chains = |said: &Said| -> Vec<String> {
        let json = said.json();
        let all = json["chains"].as_array().unwrap().iter();
        all.map(|chain| chain["chain"].as_str().unwrap().to_owned()).collect()
    };
    let first = chains(&house.say(["verify", "--json"]));
    assert_eq!(first.len(), 2, "{first:?}");
    let id = house.say(["list", "--json"]).json()[1]["id"].as_str().unwrap().to_owned();
    let said = retire(&house, &[ALL, "--name", "x"]);
    assert_eq!(said.code, 0, "{}", said.all());
    run();
    let verified = house.say(["verify", "--json", "--anchors", log.to_str().unwrap()]);
    assert_eq!(verified.code, 0, "{}", verified.all());
    let all = chains(&verified);
    assert_eq!(all.len(), 3, "no chain is begun anew: {all:?}");
    let proof = house.say(["prove", "--id", &id, "--out", "p"]);
    assert_eq!(proof.code, 0, "{}", proof.all());
    assert_eq!(house.say(["verify", "--proof", "p"]).code, 0);
    let doctor = house.say(["doctor", "--no-roundtrip", "--json"]);
    let checks = doctor.json();
    let moved = checks["checks"].as_array().unwrap().iter().find(|check| check["check"] == "moved receipts");
    assert!(moved.is_some_and(|check| check["status"] == "ok"), "{}", doctor.all());
    fs::rename(archive(&house), house.path("elsewhere")).unwrap();
    let doctor = house.say(["doctor", "--no-roundtrip"]);
    assert!(doctor.out.contains("archive `x` is not here"), "{}", doctor.all());
}
