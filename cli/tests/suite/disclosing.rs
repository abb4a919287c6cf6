//! `disclose`: opening what receipts hold sealed.

use std::os::unix::fs::PermissionsExt as _;

use agent_receipts_core::disclosure::{ForensicSecretKey, Plaintext, seal};
use agent_receipts_core::json::{Rules, Value, parse};
use agent_receipts_core::{Receipt, payload};
use agent_receipts_store::Row;

use crate::chains::{Chain, Key, database};
use crate::house::{House, Said};

const SECRET: [u8; 32] = [7; 32];

fn value(text: &str) -> Value {
    parse(text.as_bytes(), Rules::Payload).unwrap()
}

fn sealed(text: &str) -> Value {
    let public = ForensicSecretKey::from_bytes(SECRET).public_key();
    seal(&Plaintext::of(&value(text)).unwrap(), &public, &[3; 32]).unwrap().into()
}

/// Parameters and a response, sealed and hashed.
fn disclose(receipt: &mut Receipt) {
    receipt.subject.action.parameters_disclosure = Some(sealed(r#"{"path":"/etc/hosts"}"#));
    receipt.subject.action.parameters_hash = Some(payload::hash(&value(r#"{"path":"/etc/hosts"}"#)));
    receipt.subject.outcome.response_disclosure = Some(sealed(r#"{"lines":[1,2]}"#));
    receipt.subject.outcome.response_hash = Some(payload::hash(&value(r#"{"lines":[1,2]}"#)));
}

/// A house with a database of these rows, the published key, and the forensic key where it is looked for.
fn house(rows: &[Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    Key::new(1).publish(&house.data("signing.key.pub"));
    write_key(&house, &SECRET);
    house
}

fn write_key(house: &House, content: &[u8]) {
    let path = house.data("forensic.key");
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn disclosing_house() -> (House, Vec<Row>) {
    let (key, mut chain) = (Key::new(1), Chain::new("c"));
    let rows = vec![chain.row(&key, disclose), chain.row(&key, |_| ())];
    (house(&rows), rows)
}

fn json(said: &Said) -> serde_json::Value {
    said.json()
}

#[test]
fn what_was_sealed_is_opened_and_held_against_its_hash() {
    let (house, rows) = disclosing_house();
    for line in [&["disclose", "1"][..], &["disclose", &rows[0].id], &["disclose", "--id", &rows[0].id]] {
        let said = house.say(line);
        assert_eq!(said.code, 0, "{}", said.all());
        assert!(said.err.is_empty(), "{}", said.all());
        for words in
            ["Signature:   valid\n", "{\"path\":\"/etc/hosts\"}\n", "{\"lines\":[1,2]}\n", &rows[0].id]
        {
            assert!(said.out.contains(words), "{words:?} in {}", said.all());
        }
        assert!(!said.out.contains("NOT"), "{}", said.all());
        let answer = json(&house.say(line.iter().chain(&["--json"])));
        assert_eq!(answer["signature"], "valid");
        let opened = |value: serde_json::Value| serde_json::json!({ "disclosed": true, "hash_matches": true, "value": value });
        assert_eq!(answer["parameters"], opened(serde_json::json!({ "path": "/etc/hosts" })));
        assert_eq!(answer["response"], opened(serde_json::json!({ "lines": [1, 2] })));
        assert_eq!(answer["receipt_id"], rows[0].id);
    }
}

#[test]
fn show_says_that_something_is_sealed_and_not_what() {
    let (house, _) = disclosing_house();
    let said = house.say(["show", "1"]);
    assert!(said.out.contains("parameters and response (see `agent-receipts disclose`)"), "{}", said.all());
    assert!(!said.out.contains("/etc/hosts"), "{}", said.all());
    assert!(!house.say(["show", "2"]).out.contains("Sealed"));
}

#[test]
fn a_receipt_that_discloses_nothing_is_no_failure_and_needs_no_key() {
    let (house, _) = disclosing_house();
    std::fs::remove_file(house.data("forensic.key")).unwrap();
    let said = house.say(["disclose", "2"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert_eq!(said.out.matches("not disclosed").count(), 2, "{}", said.all());
    let answer = json(&house.say(["disclose", "2", "--json"]));
    assert_eq!(answer["parameters"], serde_json::json!({ "disclosed": false }));
}

#[test]
fn what_is_not_there_and_what_was_asked_wrongly() {
    let (house, _) = disclosing_house();
    for line in
        [&["3"][..], &["urn:receipt:none"], &["--id", "urn:receipt:none"], &["1", "--chain-id", "other"]]
    {
        let said = house.say(["disclose"].iter().chain(line));
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{line:?} {}", said.all());
    }
    for line in
        [&[][..], &["1", "--id", "x"], &["1", "2"], &["1", "--db", "none.db"], &["1", "--public-key", "none"]]
    {
        let said = house.say(["disclose"].iter().chain(line));
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
    }
}

#[test]
fn without_the_right_key_the_exit_code_is_3() {
    let (house, _) = disclosing_house();
    let refused = |key: Option<&[u8]>, words: &str| {
        match key {
            Some(key) => write_key(&house, key),
            None => std::fs::remove_file(house.data("forensic.key")).unwrap(),
        }
        let said = house.say(["disclose", "1"]);
        assert_eq!(said.code, 3, "{words}: {}", said.all());
        assert!(said.all().contains(words), "{words}: {}", said.all());
        assert!(!said.all().contains("/etc/hosts"), "{}", said.all());
    };
    refused(None, "hint: --key or AGENTRECEIPTS_FORENSIC_KEY");
    refused(Some(b"no key"), "is no forensic private key");
    refused(Some(&[8; 32]), "it is for the key sha256:");
    let public = *ForensicSecretKey::from_bytes(SECRET).public_key().as_bytes();
    refused(Some(&public), "the public half");
    write_key(&house, &[8; 32]);
    let said = house.say(["disclose", "1", "--json"]);
    assert_eq!(said.code, 3);
    let answer = json(&said);
    assert!(answer["parameters"]["error"].is_string() && answer["parameters"]["value"].is_null(), "{answer}");
}

#[test]
fn the_key_is_read_in_every_spelling_from_wherever_it_is_named() {
    let (house, _) = disclosing_house();
    std::fs::remove_file(house.data("forensic.key")).unwrap();
    let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
    for spelling in [
        &SECRET[..],
        hex.as_bytes(),
        base64.as_bytes(),
        &[base64.as_bytes(), b"=\n"].concat(),
        pem.as_bytes(),
    ] {
        let path = house.path("k");
        std::fs::write(&path, spelling).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let by_flag = house.say(["disclose", "1", "--key", "k"]);
        let by_variable = Said::of(
            &house.command(["disclose", "1"]).env("AGENTRECEIPTS_FORENSIC_KEY", &path).output().unwrap(),
        );
        for said in [by_flag, by_variable] {
            assert_eq!(said.code, 0, "{}", said.all());
            assert!(said.out.contains("/etc/hosts") && said.err.is_empty(), "{}", said.all());
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let warned = house.say(["disclose", "1", "--key", "k"]);
        assert!(warned.code == 0 && warned.err.contains("chmod 600"), "{}", warned.all());
    }
}

/// Anybody can seal to a public key, and write what they sealed into a database.
#[test]
fn a_signature_that_does_not_hold_is_said_before_what_was_opened() {
    let (_, rows) = disclosing_house();
    let mut forged = rows.clone();
    forged[0].receipt_json = forged[0].receipt_json.replace("filesystem.file.read", "filesystem.file.open");
    let house = house(&forged);
    let said = house.say(["disclose", "1"]);
    assert_eq!(said.code, 1, "{}", said.all());
    let at = |words: &str| said.out.find(words).unwrap_or_else(|| panic!("{words} in {}", said.all()));
    assert!(at("Signature:   INVALID") < at("/etc/hosts"), "{}", said.all());
    let answer = json(&house.say(["disclose", "1", "--json"]));
    assert!(answer["signature"] == "invalid" && answer["signature_detail"].is_string(), "{answer}");
    // A stranger's chain, consistent in itself.
    let mut chain = Chain::new("c");
    let strangers = self::house(&[chain.row(&Key::new(9), disclose)]);
    assert_eq!(strangers.say(["disclose", "1"]).code, 1);
    assert_eq!(json(&strangers.say(["disclose", "1", "--json"]))["signature"], "invalid");
}

#[test]
fn a_chain_that_is_broken_elsewhere_and_a_key_that_is_not_there_are_said() {
    let (house, mut rows) = disclosing_house();
    std::fs::remove_file(house.data("signing.key.pub")).unwrap();
    let said = house.say(["disclose", "1"]);
    assert!(said.code == 0 && said.out.contains("not checked: public key: no file at"), "{}", said.all());
    assert_eq!(json(&house.say(["disclose", "1", "--json"]))["signature"], "unchecked");
    rows[1].receipt_json = rows[1].receipt_json.replace("\"low\"", "\"high\"");
    let broken = self::house(&rows);
    let said = broken.say(["disclose", "1"]);
    assert!(said.code == 0 && said.out.contains("BROKEN elsewhere"), "{}", said.all());
}

#[test]
fn a_hash_of_something_else_is_said() {
    let mut chain = Chain::new("c");
    let row = chain.row(&Key::new(1), |receipt| {
        disclose(receipt);
        receipt.subject.action.parameters_hash = Some(payload::hash(&value("{}")));
        receipt.subject.outcome.response_hash = None;
    });
    let house = house(&[row]);
    let said = house.say(["disclose", "1"]);
    assert!(
        said.out.contains("its hash is NOT the receipt's") && said.out.contains("no hash"),
        "{}",
        said.all()
    );
    let answer = json(&house.say(["disclose", "1", "--json"]));
    assert_eq!(answer["parameters"]["hash_matches"], false);
    assert_eq!(answer["response"].get("hash_matches"), None);
}

#[test]
fn envelopes_that_are_none_and_maps_in_the_open() {
    let mut chain = Chain::new("c");
    let key = Key::new(1);
    let mut with =
        |disclosure: Value| chain.row(&key, |r| r.subject.action.parameters_disclosure = Some(disclosure));
    let mut cut = sealed(r#"{"a":1}"#).into_object().unwrap();
    cut.insert("ct", "AAAA");
    let rows = [
        with(value(r#"{"command":"ls","cwd":"/"}"#)),
        with(value(r#"{"v":"2","alg":"x","recipients":[],"ct":""}"#)),
        with(value("[1]")),
        with(cut.into()),
        with(sealed(r#"{"a":1}"#)),
    ];
    let house = house(&rows);
    let said = house.say(["disclose", "1"]);
    assert!(
        said.code == 0 && said.out.contains("in the open\n{\"command\":\"ls\",\"cwd\":\"/\"}\n"),
        "{}",
        said.all()
    );
    for (sequence, words) in [
        ("2", "version `2` is not supported"),
        ("3", "not an object"),
        ("4", "for this key by its name, and was altered"),
    ] {
        let said = house.say(["disclose", sequence]);
        assert!(said.code == 3 && said.out.contains(words), "{words}: {}", said.all());
    }
    assert_eq!(house.say(["disclose", "5"]).code, 0);
}

#[test]
fn what_was_sealed_cannot_paint_the_operators_terminal_and_may_be_deep() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(9_000), "}".repeat(9_000));
    let mut chain = Chain::new("c");
    let key = Key::new(1);
    let mut with = |text: &str| {
        let envelope = sealed(text);
        chain.row(&key, |receipt| receipt.subject.action.parameters_disclosure = Some(envelope))
    };
    let rows = [with("{\"a\":\"\u{9b}2J\u{202e}\\u001b[2J\"}"), with(&deep)];
    let house = house(&rows);
    for line in [&["disclose", "1"][..], &["disclose", "1", "--json"]] {
        let said = house.say(line);
        assert!(said.code == 0 && !said.all().contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{}", said.all());
    }
    for line in [&["disclose", "2"][..], &["disclose", "2", "--json"]] {
        let said = house.say(line);
        assert!(said.code == 0 && said.out.contains(&deep), "{}", said.err);
    }
}

#[test]
fn a_forensic_pair_is_made_and_seals_what_it_opens() {
    let house = House::new();
    let made = house.say(["keys", "generate", "--forensic", "--json"]);
    assert_eq!(made.code, 0, "{}", made.all());
    let bytes = |name: &str| <[u8; 32]>::try_from(std::fs::read(house.data(name)).unwrap()).unwrap();
    let mode = |name: &str| std::fs::metadata(house.data(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("forensic.key"), mode("forensic.key.pub")), (0o600, 0o644));
    let public = ForensicSecretKey::from_bytes(bytes("forensic.key")).public_key();
    assert_eq!(public.as_bytes(), &bytes("forensic.key.pub"));
    assert_eq!(made.json()["fingerprint"], public.fingerprint().to_string());
    let again = house.say(["keys", "generate", "--forensic"]);
    assert!(again.code == 1 && again.err.contains("already exists"), "{}", again.all());
    assert_eq!(house.say(["keys", "generate", "--forensic", "--key", "a/f"]).code, 0);
    assert!(house.path("a/f").exists() && house.path("a/f.pub").exists());
    assert!(!house.data("signing.key").exists());
}
