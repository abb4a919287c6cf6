//! `emit`.

use std::io::Write;
use std::process::Stdio;

use crate::daemon::Daemon;
use crate::house::{House, Said};

#[test]
fn an_event_becomes_a_receipt_with_all_that_was_said() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    std::fs::write(house.path("out.json"), r#"{"n":1}"#).unwrap();
    let said = house.say([
        "emit",
        "--json",
        "--channel",
        "mcp_proxy",
        "--server",
        "github",
        "--tool",
        "list",
        "--input",
        r#"{"a":[1,2]}"#,
        "--output",
        "@out.json",
        "--error",
        "late",
        "--action-type",
        "data.api.read",
        "--target-system",
        "github",
        "--target-resource",
        "/repos",
        "--session-id",
        "s",
        "--idempotency-key",
        "k",
        "--correlation-id",
        "x",
        "--model",
        "m",
        "--usage",
        r#"{"tokens":7}"#,
        "--operator-id",
        "did:o",
        "--issuer-name",
        "n",
    ]);
    assert_eq!((said.code, said.json()["sequence"].as_u64()), (0, Some(1)), "{}", said.all());
    let id = said.json()["receipt_id"].as_str().unwrap().to_owned();
    let receipt = house.say(["show", &id, "--json"]).json();
    let subject = &receipt["credentialSubject"];
    assert_eq!(subject["action"]["type"], "data.api.read");
    assert_eq!(subject["action"]["target"]["resource"], "/repos");
    assert_eq!(subject["action"]["idempotency_key"], "k");
    assert_eq!(
        (&subject["outcome"]["status"], &subject["outcome"]["error"]),
        (&"failure".into(), &"late".into())
    );
    assert_eq!(receipt["issuer"]["runtime"]["usage"]["tokens"], 7);
    assert_eq!((&receipt["issuer"]["session_id"], &subject["correlation_id"]), (&"s".into(), &"x".into()));
    let hash = agent_receipts_core::ReceiptHash::of(br#"{"a":[1,2]}"#).to_string();
    assert_eq!(subject["action"]["parameters_hash"], hash.as_str());
    assert_eq!(house.say(["verify"]).code, 0);
}

#[test]
fn the_session_comes_from_the_environment_and_an_agent_gets_its_chain() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let mut command = house.command(["emit", "--tool", "t", "--agent-id", "sub", "--json"]);
    let said = Said::of(&command.env("AGENTRECEIPTS_SESSION_ID", "from-env").output().unwrap());
    assert_eq!(said.json()["chain_id"], "c/agent/sub", "{}", said.all());
    assert!(house.say(["list", "--session", "from-env"]).out.contains("cli.t"));
}

#[test]
fn without_waiting_nothing_is_printed() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let said = house.say(["emit", "--tool", "t", "--no-ack"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.all());
    let waited = house.say(["emit", "--tool", "t", "--no-ack", "--ack"]);
    assert!(waited.code == 0 && waited.out.contains("urn:receipt:"), "{}", waited.all());
}

#[test]
fn a_payload_can_come_from_standard_input() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let mut child = house
        .command(["emit", "--tool", "t", "--input", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"[1]").unwrap();
    let said = Said::of(&child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{}", said.all());
}

#[test]
fn events_that_can_never_be_recorded_are_the_callers_fault() {
    let house = House::new();
    let mut daemon = Daemon::start(&house);
    let long = "x".repeat(300);
    let huge = format!("\"{}\"", "x".repeat(100_000));
    std::fs::write(house.path("huge.json"), format!("\"{}\"", "x".repeat(2 << 20))).unwrap();
    for flags in [
        &["--input", "{"][..],
        &["--input", ""],
        &["--input", "1e400"],
        &["--output", "{} {}"],
        &["--usage", "'"],
        &["--input", "@absent.json"],
        &["--input", "@huge.json"],
        &["--input", "@."],
        &["--input", "-", "--output", "-"],
        &["--target-system", "s"],
        &["--target-resource", "r"],
        &["--operator-name", "alone"],
        &["--agent-id", "a/b"],
        &["--idempotency-key", &long],
        &["--channel", ""],
        &["--input", &huge, "--correlation-id", &long],
    ] {
        let said = house.say(["emit", "--tool", "t"].iter().chain(flags));
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{flags:?} {}", said.all());
        assert!(said.err.starts_with("error: "), "{flags:?} {}", said.all());
    }
    assert!(daemon.is_running());
    assert_eq!(house.say(["list"]).out, "no receipts\n");
}

#[test]
fn no_daemon_is_code_1_with_a_hint() {
    let house = House::new();
    for flags in [&[][..], &["--no-ack"], &["--socket", "nowhere.sock"]] {
        let said = house.say(["emit", "--tool", "t"].iter().chain(flags));
        assert!(said.code == 1 && said.err.contains("hint: start a daemon"), "{flags:?} {}", said.all());
    }
}
