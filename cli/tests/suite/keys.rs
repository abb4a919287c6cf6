//! `keys`: making and showing signing keys.

use std::os::unix::fs::PermissionsExt as _;

use agent_receipts_core::PublicKey;

use crate::house::House;

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_pair_is_made_and_its_public_half_printed() {
    let house = House::new();
    let made = house.say(["keys", "generate", "--json"]);
    assert_eq!(made.code, 0, "{}", made.all());
    assert_eq!((mode(&house.data("signing.key")), mode(&house.data("signing.key.pub"))), (0o600, 0o644));
    let published = std::fs::read_to_string(house.data("signing.key.pub")).unwrap();
    let printed = house.say(["keys", "pubkey"]);
    assert_eq!((printed.code, &printed.out), (0, &published), "{}", printed.all());
    let key = PublicKey::from_pem(&published).unwrap();
    let json = house.say(["keys", "pubkey", "--json"]).json();
    assert_eq!(json["fingerprint"], key.fingerprint().to_string());
    assert_eq!((&json["fingerprint"], &json["pem"]), (&made.json()["fingerprint"], &published.into()));
    assert_eq!(json["did"].as_str().and_then(|did| PublicKey::from_did_key(did).ok()), Some(key));
}

#[test]
fn paths_can_be_chosen_and_a_pair_stays_together() {
    let house = House::new();
    assert_eq!(house.say(["keys", "generate", "--key", "a/k"]).code, 0);
    assert!(house.path("a/k").exists() && house.path("a/k.pub").exists());
    assert_eq!(house.say(["keys", "generate", "--key", "b", "--public-key", "p/b.pub"]).code, 0);
    assert!(house.path("b").exists() && house.path("p/b.pub").exists());
    assert_eq!(house.say(["keys", "pubkey", "--key", "b"]).out.lines().count(), 3);
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let house = House::new();
    for stands in ["k", "k.pub"] {
        std::fs::write(house.path(stands), "precious").unwrap();
        let said = house.say(["keys", "generate", "--key", "k"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.all());
        assert!(said.err.contains("already exists") && said.err.contains("hint: nothing was overwritten"));
        assert_eq!(std::fs::read_to_string(house.path(stands)).unwrap(), "precious");
        let other = if stands == "k" { "k.pub" } else { "k" };
        assert!(!house.path(other).exists());
        std::fs::remove_file(house.path(stands)).unwrap();
    }
}

#[test]
fn the_lost_key_of_a_database_is_not_replaced_but_a_key_elsewhere_can_be_made() {
    let house = House::new();
    std::fs::create_dir_all(house.data("")).unwrap();
    std::fs::write(house.data("receipts.db"), "").unwrap();
    let said = house.say(["keys", "generate"]);
    assert!(said.code == 1 && said.err.contains("hint: restore"), "{}", said.all());
    assert!(!house.data("signing.key").exists());
    assert_eq!(house.say(["keys", "generate", "--key", "spare"]).code, 0);
}

#[test]
fn a_key_that_cannot_be_used_is_not_shown() {
    let house = House::new();
    let missing = house.say(["keys", "pubkey"]);
    assert!(missing.code == 1 && missing.err.contains("signing.key"), "{}", missing.all());
    house.say(["keys", "generate", "--key", "k"]);
    std::fs::set_permissions(house.path("k"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let loose = house.say(["keys", "pubkey", "--key", "k"]);
    assert!(loose.code == 1 && loose.out.is_empty() && loose.err.contains("0640"), "{}", loose.all());
    assert_eq!(house.say(["keys", "pubkey", "extra"]).code, 2);
    assert_eq!(house.say(["keys"]).code, 2);
}
