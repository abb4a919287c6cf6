//! `exec`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use agent_receipts_core::ReceiptHash;
use agent_receipts_core::json::{self, Rules};

use crate::daemon::Daemon;
use crate::house::{House, Said};

fn last_receipt(house: &House) -> serde_json::Value {
    house.say(["list", "--json", "--limit", "1"]).json()[0].clone()
}

fn canonical_hash(text: &str) -> String {
    agent_receipts_core::payload::hash(&json::parse(text.as_bytes(), Rules::Payload).unwrap())
}

#[test]
fn output_passes_through_and_is_hashed() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let said =
        house.say(["exec", "--session-id", "s", "--", "sh", "-c", "printf out; printf err >&2; exit 3"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (3, "out", "err"));
    let receipt = last_receipt(&house);
    let subject = &receipt["credentialSubject"];
    assert_eq!(subject["action"]["type"], "system.command.execute");
    assert_eq!(subject["action"]["tool_name"], "sh");
    assert_eq!(subject["action"]["target"], serde_json::json!({"system": "process", "resource": "sh"}));
    assert_eq!(subject["outcome"]["status"], "failure");
    assert_eq!(subject["outcome"]["error"], "exited with code 3");
    assert_eq!(receipt["issuer"]["session_id"], "s");
    let output = format!(
        r#"{{"exit_code":3,"signal":null,"stdout_bytes":3,"stderr_bytes":3,"stdout_sha256":"{}","stderr_sha256":"{}"}}"#,
        ReceiptHash::of(b"out"),
        ReceiptHash::of(b"err")
    );
    assert_eq!(subject["outcome"]["response_hash"], canonical_hash(&output).as_str());
    let cwd = house.path(".").canonicalize().unwrap();
    let input =
        format!(r#"{{"argv":["sh","-c","printf out; printf err >&2; exit 3"],"cwd":"{}"}}"#, cwd.display());
    assert_eq!(subject["action"]["parameters_hash"], canonical_hash(&input).as_str());
}

#[test]
fn success_and_signals_and_commands_that_are_none_are_told_apart() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    std::fs::write(house.path("plain"), "").unwrap();
    for (command, code, status, error) in [
        (&["true"][..], 0, "success", serde_json::Value::Null),
        (&["sh", "-c", "kill -KILL $$"], 137, "failure", "killed by signal 9".into()),
        (&["no-such-command-anywhere"], 127, "failure", "could not be started: ".into()),
        (&["./plain"], 126, "failure", "could not be started: ".into()),
    ] {
        let said = house.say(["exec", "--"].iter().chain(command));
        assert_eq!(said.code, code, "{command:?} {}", said.all());
        let outcome = last_receipt(&house)["credentialSubject"]["outcome"].clone();
        assert_eq!(outcome["status"], status, "{command:?}");
        let begins =
            outcome["error"].as_str().unwrap_or_default().starts_with(error.as_str().unwrap_or_default());
        assert!(begins && outcome["error"].is_null() == error.is_null(), "{command:?} {outcome}");
    }
}

#[test]
fn binary_output_and_input_pass_unchanged() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(house.path("bytes"), &bytes).unwrap();
    let file = std::fs::File::open(house.path("bytes")).unwrap();
    let output = house.command(["exec", "--", "cat"]).stdin(file).output().unwrap();
    assert!(output.status.success() && output.stdout == bytes);
}

#[test]
fn arguments_that_are_not_text_reach_the_command() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let odd = OsString::from_vec(b"a\xffb".to_vec());
    let mut arguments: Vec<OsString> = ["exec", "--", "printf", "%s"].map(Into::into).to_vec();
    arguments.push(odd);
    let output = house.command(arguments).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"a\xffb"[..]));
    assert_eq!(last_receipt(&house)["credentialSubject"]["outcome"]["status"], "success");
}

#[test]
fn the_commands_own_flags_are_the_commands() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let said = house.say(["exec", "--action-type", "data.api.read", "printf", "%s", "--json", "--help"]);
    assert_eq!((said.code, said.out.as_str()), (0, "--json--help"), "{}", said.all());
    assert_eq!(last_receipt(&house)["credentialSubject"]["action"]["type"], "data.api.read");
}

#[test]
fn without_a_daemon_the_command_runs_with_a_warning_unless_strict() {
    let house = House::new();
    let said = house.say(["exec", "--", "sh", "-c", "echo ran; exit 4"]);
    assert_eq!((said.code, said.out.as_str()), (4, "ran\n"), "{}", said.all());
    assert!(said.err.contains("warning: `sh` was not recorded"), "{}", said.all());
    let strict = house.say(["exec", "--strict", "--", "touch", "made"]);
    assert!(strict.code == 69 && strict.err.starts_with("error: no daemon answers"), "{}", strict.all());
    assert!(!house.path("made").exists());
}

#[test]
fn a_command_line_longer_than_a_frame_is_recorded_by_its_hash() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let long = "x".repeat(1 << 16);
    let many: Vec<&str> = std::iter::repeat_n(long.as_str(), 17).collect();
    let said = house.say(["exec", "--strict", "--", "true"].iter().chain(&many));
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.err);
    let argv = format!(r#"["true",{}]"#, vec![format!("\"{long}\""); 17].join(","));
    let cwd = house.path(".").canonicalize().unwrap();
    let hash = canonical_hash(&argv);
    let input = format!(r#"{{"argv_sha256":"{hash}","argv_length":18,"cwd":"{}"}}"#, cwd.display());
    let recorded = last_receipt(&house)["credentialSubject"]["action"]["parameters_hash"].clone();
    assert_eq!(recorded, canonical_hash(&input).as_str());
}

#[test]
fn json_names_the_receipt_beside_the_commands_output() {
    let house = House::new();
    let _daemon = Daemon::start(&house);
    let output = house.command(["--json", "exec", "--", "echo", "hello"]).output().unwrap();
    let said = Said::of(&output);
    assert_eq!(said.out, "hello\n");
    let recorded: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((recorded["sequence"].as_u64(), recorded["chain_id"].as_str()), (Some(1), Some("c")));
}
