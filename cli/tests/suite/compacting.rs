//! `compact`.

use agent_receipts_store::SqliteStore;

use crate::chains::{Chain, Key, database, lines};
use crate::house::House;

fn house() -> (House, String) {
    let house = House::new();
    let key = Key::new(1);
    let kept = Chain::new("kept").rows(&key, 20);
    database(&house.data("receipts.db"), &[Chain::new("gone").rows(&key, 300), kept.clone()].concat());
    key.publish(&house.data("signing.key.pub"));
    let connection = rusqlite::Connection::open(house.data("receipts.db")).unwrap();
    connection.execute_batch("DELETE FROM receipts WHERE chain_id = 'gone'").unwrap();
    connection.close().unwrap();
    (house, lines(&kept))
}

#[test]
fn the_file_shrinks_and_every_receipt_stays() {
    let (house, kept) = house();
    let said = house.say_with_daemon(["compact", "--json"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let answer = said.json();
    let bytes = |name: &str| answer[name].as_u64().unwrap();
    assert!(bytes("bytes_after") * 2 < bytes("bytes_before"), "{}", said.all());
    assert_eq!(bytes("bytes_after"), house.data("receipts.db").metadata().unwrap().len());
    assert_eq!(house.say(["export"]).out, kept);
    assert_eq!(house.say(["verify"]).code, 0);
    let again = house.say_with_daemon(["compact"]);
    assert!(again.code == 0 && again.out.contains("bytes now"), "{}", again.all());
}

#[test]
fn a_daemon_at_work_is_left_alone_and_named() {
    let (house, kept) = house();
    let store = SqliteStore::open(house.data("receipts.db")).unwrap();
    let said = house.say_with_daemon(["compact"]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.err.contains("another daemon is writing") && said.err.contains("hint: stop the daemon"),
        "{}",
        said.all()
    );
    drop(store);
    assert_eq!(house.say(["export"]).out, kept);
}

#[test]
fn without_a_database_nothing_is_made() {
    let house = House::new();
    let said = house.say_with_daemon(["compact"]);
    assert_eq!(said.code, 2, "{}", said.all());
    assert!(!house.data("receipts.db").exists());
}
