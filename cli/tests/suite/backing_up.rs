//! `backup`.

use agent_receipts_store::{ReceiptStore, SqliteStore};

use crate::chains::{Chain, Key, database, lines};
use crate::house::House;

fn names(house: &House) -> Vec<String> {
    let entries = std::fs::read_dir(house.path("b")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn house_with(rows: &[agent_receipts_store::Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    Key::new(1).publish(&house.data("signing.key.pub"));
    std::fs::create_dir(house.path("b")).unwrap();
    house
}

#[test]
fn a_backup_under_a_writer_is_whole_verified_and_exports_the_same() {
    let key = Key::new(1);
    let mut chain = Chain::new("a");
    let mut rows = chain.rows(&key, 40);
    let house = house_with(&rows);
    // The lock and the log of a daemon at work.
    let mut store = SqliteStore::open(house.data("receipts.db")).unwrap();
    let more = chain.rows(&key, 2);
    store.append(&more).unwrap();
    rows.extend(more);
    let said = house.say(["backup", "b/copy.db"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.out.contains("42 receipts") && said.out.contains("Chain a: VALID (42 receipts)"),
        "{}",
        said.all()
    );
    assert_eq!(house.say(["export", "--db", "b/copy.db"]).out, lines(&rows));
    assert_eq!(names(&house), ["copy.db"]);
    // What a backup is for: the database it was made of is lost.
    drop(store);
    std::fs::remove_file(house.data("receipts.db")).unwrap();
    std::fs::copy(house.path("b/copy.db"), house.data("receipts.db")).unwrap();
    assert_eq!(house.say(["verify"]).code, 0);
}

#[test]
fn the_answer_in_json_names_digest_and_verdict() {
    let house = house_with(&Chain::new("a").rows(&Key::new(1), 3));
    let said = house.say(["backup", "b/copy.db", "--json"]);
    let answer = said.json();
    assert_eq!(
        (answer["valid"].as_bool(), answer["receipts"].as_u64()),
        (Some(true), Some(3)),
        "{}",
        said.all()
    );
    assert_eq!(answer["bytes"].as_u64(), Some(house.path("b/copy.db").metadata().unwrap().len()));
    let digest = answer["sha256"].as_str().unwrap().to_owned();
    let again = house.say(["backup", "b/second.db", "--json"]).json();
    assert_eq!(again["sha256"], digest, "the same database, the same copy");
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_told() {
    let house = house_with(&Chain::new("a").rows(&Key::new(1), 3));
    std::fs::write(house.path("b/copy.db"), "mine").unwrap();
    let said = house.say(["backup", "b/copy.db"]);
    assert_eq!(said.code, 2, "{}", said.all());
    assert!(said.err.contains("already exists") && said.err.contains("--force"), "{}", said.all());
    assert_eq!(std::fs::read(house.path("b/copy.db")).unwrap(), b"mine");
    assert_eq!(house.say(["backup", "b/copy.db", "--force"]).code, 0);
    let own = house.data("receipts.db");
    let said = house.say(["backup", own.to_str().unwrap(), "--force"]);
    assert_eq!(said.code, 2, "{}", said.all());
    assert_eq!(house.say(["verify"]).code, 0);
}

#[test]
fn a_broken_chain_is_copied_as_evidence_and_said_to_be_broken() {
    let mut rows = Chain::new("a").rows(&Key::new(1), 5);
    rows[2].receipt_json = rows[2].receipt_json.replace("success", "failure");
    let house = house_with(&rows);
    let said = house.say(["backup", "b/copy.db"]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(said.out.contains("BROKEN"), "{}", said.all());
    assert_eq!(house.say(["export", "--db", "b/copy.db"]).out, lines(&rows));
}

#[test]
fn what_cannot_be_copied_is_said_and_leaves_nothing() {
    let house = house_with(&[]);
    let said = house.say(["backup", "b/none.db", "--db", "nowhere.db"]);
    assert_eq!(said.code, 2, "{}", said.all());
    let said = house.say(["backup", "nowhere/copy.db"]);
    assert_ne!(said.code, 0, "{}", said.all());
    std::fs::write(
        house.path("text"),
        "not a database, but long enough to be taken for one by its length alone",
    )
    .unwrap();
    let said = house.say(["backup", "b/text.db", "--db", "text"]);
    assert_eq!(said.code, 2, "{}", said.all());
    let said = house.say(["backup", "b/copy.db", "--public-key", "nokey"]);
    assert_eq!(said.code, 2, "{}", said.all());
    assert_eq!(names(&house), [""; 0]);
    let said = house.say(["backup", "b/empty.db"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.out.contains("nothing in it could be verified") && !said.out.contains("VALID"),
        "{}",
        said.all()
    );
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let house = house_with(&Chain::new("a").rows(&Key::new(1), 300));
    let program = env!("CARGO_BIN_EXE_agent-receipts");
    // The limit on a file's size stands for the disk's; the signal that would end the program is ignored.
    let said = house.shell(&format!("trap '' XFSZ; ulimit -f 100; {program} backup b/copy.db"));
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(said.err.starts_with("error: "), "{}", said.all());
    assert_eq!(names(&house), [""; 0]);
    assert_eq!(house.say(["backup", "b/copy.db"]).code, 0);
}
