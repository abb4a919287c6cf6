//! Databases that the reference daemon wrote, with the verdicts of the reference CLI. They stand outside of this
//! repository; `AGENT_RECEIPTS_SHARED` names the folder that holds `fixtures`.

use std::path::PathBuf;

use crate::house::House;

fn fixtures() -> Option<PathBuf> {
    let folder =
        std::env::var_os("AGENT_RECEIPTS_SHARED").map(|shared| PathBuf::from(shared).join("fixtures"));
    if folder.is_none() {
        eprintln!("AGENT_RECEIPTS_SHARED is not set: the reference databases are not looked at");
    }
    folder
}

#[test]
fn the_reference_databases_get_the_reference_verdicts() {
    let Some(fixtures) = fixtures() else { return };
    let house = House::new();
    let mut chains = 0;
    for fixture in ["basic", "edge_json", "rotated_valid"] {
        let folder = fixtures.join(fixture);
        let (db, key) = (folder.join("receipts.db"), folder.join("signing.key.pub"));
        let expected: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        for verdict in expected["reference_verdict"].as_array().unwrap() {
            let chain = verdict["chain_id"].as_str().unwrap();
            let arguments = ["verify", "--db", db.to_str().unwrap(), "--public-key", key.to_str().unwrap()];
            let said = house.say(arguments.iter().chain(&["--chain-id", chain]));
            assert_eq!(said.out.lines().next(), verdict["first_line"].as_str(), "{fixture} {}", said.all());
            assert_eq!(Some(i64::from(said.code)), verdict["exit"].as_i64(), "{fixture} {}", said.all());
            chains += 1;
        }
    }
    assert_eq!(chains, 4);
}

/// Regression: on this very database the reference fails what was signed before the rotation (§0.3 item 5).
#[test]
fn better_0_3_item_5_every_receipt_of_the_rotated_reference_chain_is_genuine() {
    let Some(fixtures) = fixtures() else { return };
    let folder = fixtures.join("rotated_valid");
    let (db, key) = (folder.join("receipts.db"), folder.join("signing.key.pub"));
    let arguments =
        ["verify-event", "--json", "--since", "2000-01-01T00:00:00Z", "--db", db.to_str().unwrap()];
    let said = House::new().say(arguments.iter().chain(&["--public-key", key.to_str().unwrap()]));
    let answer = said.json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 8);
    assert!(results.iter().all(|result| result["verdict"] != "failed"), "{}", said.all());
}

#[test]
fn an_export_of_a_reference_chain_verifies_as_a_file() {
    let Some(fixtures) = fixtures() else { return };
    let folder = fixtures.join("edge_json");
    let (db, key) = (folder.join("receipts.db"), folder.join("signing.key.pub"));
    let house = House::new();
    assert_eq!(house.say(["export", "--db", db.to_str().unwrap(), "-o", "x.jsonl"]).code, 0);
    let said = house.say(["verify", "--file", "x.jsonl", "--public-key", key.to_str().unwrap()]);
    assert_eq!((said.code, said.out.as_str()), (0, "Chain audit: VALID (20 receipts)\n"), "{}", said.all());
}
