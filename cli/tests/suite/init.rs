use std::os::unix::fs::PermissionsExt;

use agent_receipts_core::PublicKey;

use crate::house::House;

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_are_made_once() {
    let house = House::new();
    let first = house.say(["init"]);
    assert_eq!(first.code, 0, "{}", first.all());
    assert!(first.out.starts_with("set up") && first.out.contains("next: "), "{}", first.all());
    assert_eq!((mode(&house.data("signing.key")), mode(&house.data("signing.key.pub"))), (0o600, 0o644));
    let key = std::fs::read(house.data("signing.key")).unwrap();
    let again = house.say(["init"]);
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(again.out.starts_with("already set up"), "{}", again.all());
    assert_eq!(std::fs::read(house.data("signing.key")).unwrap(), key);
    assert!(!again.out.contains("PRIVATE"));
}

#[test]
fn json_names_the_files_and_the_fingerprint() {
    let house = House::new();
    let said = house.say(["init", "--json", "--key", "k", "--public-key", "p"]);
    let answer = said.json();
    assert_eq!((answer["made"].as_bool(), answer["key"].as_str()), (Some(true), Some("k")));
    let public = PublicKey::from_pem(&std::fs::read_to_string(house.path("p")).unwrap()).unwrap();
    assert_eq!(answer["fingerprint"].as_str(), Some(public.fingerprint().to_string().as_str()));
}

#[test]
fn halves_that_do_not_fit_are_refused_and_left_alone() {
    let house = House::new();
    house.say(["init", "--key", "a"]);
    house.say(["init", "--key", "b"]);
    let before = std::fs::read(house.path("b.pub")).unwrap();
    let said = house.say(["init", "--key", "a", "--public-key", "b.pub"]);
    assert!(said.code == 1 && said.err.contains("b.pub"), "{}", said.all());
    assert_eq!(std::fs::read(house.path("b.pub")).unwrap(), before);
}

#[test]
fn a_stray_public_key_blocks_a_new_pair() {
    let house = House::new();
    std::fs::write(house.path("k.pub"), "precious").unwrap();
    let said = house.say(["init", "--key", "k"]);
    assert!(said.code == 1 && said.err.contains("k.pub"), "{}", said.all());
    assert!(!house.path("k").exists());
    assert_eq!(std::fs::read_to_string(house.path("k.pub")).unwrap(), "precious");
}

#[test]
fn no_new_key_is_made_for_an_old_database() {
    let house = House::new();
    std::fs::create_dir_all(house.data("")).unwrap();
    std::fs::write(house.data("receipts.db"), "").unwrap();
    let said = house.say(["init"]);
    assert!(said.code == 1 && said.err.contains("hint: restore"), "{}", said.all());
    assert!(!house.data("signing.key").exists());
}

#[test]
fn links_and_loose_modes_are_refused() {
    let house = House::new();
    std::os::unix::fs::symlink(house.path("target"), house.path("k")).unwrap();
    let said = house.say(["init", "--key", "k"]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(!house.path("target").exists());
    house.say(["init", "--key", "loose"]);
    std::fs::set_permissions(house.path("loose"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let said = house.say(["init", "--key", "loose"]);
    assert!(said.code == 1 && said.err.contains("0640"), "{}", said.all());
}
