//! What the operator elected to disclose stands sealed in the receipts, and nowhere in the open (wire protocol §1.11).
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use agent_receipts_chain::{KeyRing, Outcome};
use agent_receipts_core::disclosure::{ForensicSecretKey, OpenError, open};
use agent_receipts_core::json::{Object, Rules, Value, parse};
use agent_receipts_core::{Receipt, payload};
use agent_receipts_daemon::{Daemon, ForensicKeyError, StartError, Surroundings, Version};
use support::{Home, event, field};
use zeroize::Zeroizing;

/// The marker that stands in every secret of these tests.
const SECRET: &str = "hunter2-of-the-operator";

fn secret_key() -> ForensicSecretKey {
    ForensicSecretKey::from_bytes([7; 32])
}

/// A home whose receipts have room for both disclosures, with the key pair of [`secret_key`].
fn home(parameters: &str, responses: &str) -> Home {
    let mut home = Home::new();
    let path = home.path("f.pub");
    std::fs::write(&path, secret_key().public_key().as_bytes()).unwrap();
    home.config.forensic_public_key = Some(path);
    home.config.receipt_version = Version::V0_6_0;
    home.config.parameter_disclosure = parameters.parse().unwrap();
    home.config.response_disclosure = responses.parse().unwrap();
    home
}

/// Records one event, and gives its receipt.
fn recorded(home: &Home, more: &str) -> Receipt {
    let daemon = home.start();
    home.connect().record(&event(more));
    daemon.stop().unwrap();
    home.receipts().swap_remove(0)
}

fn value(text: &str) -> Value {
    parse(text.as_bytes(), Rules::Payload).unwrap()
}

fn opened(envelope: &Option<Value>) -> Option<Result<Object, OpenError>> {
    envelope.as_ref().map(|envelope| open(envelope, &secret_key()))
}

fn object(text: &str) -> Option<Result<Object, OpenError>> {
    Some(Ok(value(text).into_object().unwrap()))
}

#[test]
fn parameters_and_responses_are_sealed_each_by_its_own_switch() {
    let (input, output) = (r#"{"b":"€","a":[1.0,null]}"#, r#"{"rows":{"n":3}}"#);
    let payloads = format!(r#""input":{input},"output":{output}"#);
    for (parameters, responses) in [("all", "off"), ("off", "all"), ("all", "all"), ("off", "off")] {
        let home = home(parameters, responses);
        let receipt = recorded(&home, &payloads);
        let (action, outcome) = (&receipt.subject.action, &receipt.subject.outcome);
        let expected = |policy: &str, text| if policy == "all" { object(text) } else { None };
        assert_eq!(opened(&action.parameters_disclosure), expected(parameters, input));
        assert_eq!(opened(&outcome.response_disclosure), expected(responses, output));
        // The hashes are those of a daemon that discloses nothing.
        assert_eq!(action.parameters_hash, Some(payload::hash(&value(input))));
        assert_eq!(outcome.response_hash, Some(payload::hash(&value(output))));
        assert_eq!(receipt.version, "0.6.0");
        let kid = secret_key().public_key().fingerprint().to_string();
        assert_eq!(home.logged(&kid), (parameters, responses) != ("off", "off"));
    }
}

#[test]
fn another_key_opens_nothing_and_no_two_envelopes_are_alike() {
    let home = home("all", "off");
    let daemon = home.start();
    let mut client = home.connect();
    (0..3).for_each(|_| drop(client.record(&event(r#""input":{"a":1}"#))));
    daemon.stop().unwrap();
    let envelopes: Vec<_> =
        home.receipts().into_iter().filter_map(|r| r.subject.action.parameters_disclosure).collect();
    assert_eq!(envelopes.len(), 3);
    for (at, envelope) in envelopes.iter().enumerate() {
        let stranger = ForensicSecretKey::from_bytes([8; 32]);
        assert_eq!(open(envelope, &stranger), Err(OpenError::Undecryptable));
        assert!(!envelopes[..at].contains(envelope), "the randomness of an envelope was used twice");
    }
}

#[test]
fn high_elects_by_the_recorded_risk_and_a_list_by_the_exact_type() {
    let cases = [
        ("filesystem.file.read", [false, false]),
        ("system.command.execute", [true, false]),
        ("financial.payment.initiate", [true, true]),
        ("sdk.unheard.of", [false, true]),
        ("sdk.Unheard.of", [false, false]),
    ];
    for (at, policy) in ["high", "financial.payment.initiate, sdk.unheard.of"].into_iter().enumerate() {
        let home = home(policy, policy);
        let daemon = home.start();
        let mut client = home.connect();
        for (kind, _) in cases {
            client.record(&event(&format!(r#""action_type":"{kind}","input":{{"a":1}},"output":{{"b":2}}"#)));
        }
        daemon.stop().unwrap();
        for (receipt, (kind, elected)) in home.receipts().iter().zip(cases) {
            let action = &receipt.subject.action;
            assert_eq!(action.kind, kind);
            assert_eq!(action.parameters_disclosure.is_some(), elected[at], "{policy}: {kind}");
            assert_eq!(
                receipt.subject.outcome.response_disclosure.is_some(),
                elected[at],
                "{policy}: {kind}"
            );
        }
    }
}

#[test]
fn what_is_not_an_object_leaves_its_hash_and_a_counted_line() {
    let home = home("all", "all");
    let daemon = home.start();
    let mut client = home.connect();
    for scalar in [format!("\"{SECRET}\""), format!("[\"{SECRET}\"]"), "7".into(), "true".into()] {
        client.record(&event(&format!(r#""input":{scalar},"output":{scalar}"#)));
    }
    // Nothing there is nothing to disclose, and nothing to complain of.
    client.record(&event(r#""input":null"#));
    daemon.stop().unwrap();
    for receipt in home.receipts().iter().take(4) {
        let (action, outcome) = (&receipt.subject.action, &receipt.subject.outcome);
        assert_eq!((&action.parameters_disclosure, &outcome.response_disclosure), (&None, &None));
        assert!(action.parameters_hash.is_some() && outcome.response_hash.is_some());
    }
    let lines = home.lines.lock().unwrap().clone();
    let said: Vec<_> = lines.iter().filter(|line| line.contains("not disclosed")).collect();
    assert_eq!(said.len(), 8, "{lines:?}");
    assert!(said[7].contains("8 on this connection") && said[7].contains("boolean"), "{said:?}");
    assert!(lines.iter().all(|line| !line.contains(SECRET)), "{lines:?}");
}

#[test]
fn without_randomness_the_event_is_recorded_with_its_hash() {
    let home = home("all", "off");
    let given = Arc::new(AtomicU64::new(0));
    let seeds = Arc::clone(&given);
    let surroundings = Surroundings {
        // None for the second envelope.
        seeds: Arc::new(move || match seeds.fetch_add(1, Ordering::SeqCst) {
            1 => None,
            n => Some(Zeroizing::new([n as u8; 32])),
        }),
        ..home.surroundings()
    };
    let daemon = Daemon::start(&home.config, surroundings).unwrap();
    let mut client = home.connect();
    (0..3).for_each(|_| drop(client.record(&event(&format!(r#""input":{{"a":"{SECRET}"}}"#)))));
    daemon.stop().unwrap();
    let sealed: Vec<_> =
        home.receipts()[..3].iter().map(|r| r.subject.action.parameters_disclosure.is_some()).collect();
    assert_eq!(sealed, [true, false, true]);
    assert!(home.receipts()[1].subject.action.parameters_hash.is_some());
    assert!(home.logged("no randomness"));
    assert_eq!(given.load(Ordering::SeqCst), 3, "one seed an envelope, and none elsewhere");
}

/// Neither the database, nor the log, nor an answer holds what was sealed.
#[test]
fn the_plaintext_stands_nowhere() {
    let home = home("all", "all");
    let daemon = home.start();
    let secret = format!(r#"{{"password":"{SECRET}"}}"#);
    let reply = home.connect().record(&event(&format!(r#""input":{secret},"output":{secret}"#)));
    assert_eq!(field(&reply, "ok").as_bool(), Some(true));
    assert!(!reply.to_string().contains(SECRET));
    daemon.stop().unwrap();
    assert!(home.lines.lock().unwrap().iter().all(|line| !line.contains(SECRET)));
    let mut searched = 0;
    for file in std::fs::read_dir(home.folder.path()).unwrap() {
        let Ok(content) = std::fs::read(file.unwrap().path()) else { continue };
        assert!(!content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        searched += 1;
    }
    assert!(searched >= 4, "{searched}");
    assert_eq!(opened(&home.receipts()[0].subject.action.parameters_disclosure), object(&secret));
}

#[test]
fn the_largest_frame_is_sealed_and_verifies() {
    let home = home("all", "all");
    let text = "x".repeat(400_000);
    let (input, output) = (format!(r#"{{"a":"{text}"}}"#), format!(r#"{{"b":"{text}"}}"#));
    let receipt = recorded(&home, &format!(r#""input":{input},"output":{output}"#));
    assert_eq!(opened(&receipt.subject.action.parameters_disclosure), object(&input));
    assert_eq!(opened(&receipt.subject.outcome.response_disclosure), object(&output));
    let verdicts = home.verdicts(KeyRing::new(home.public_key, []));
    assert!(verdicts.len() == 1 && verdicts[0].outcome == Outcome::Valid, "{verdicts:?}");
}

#[test]
fn a_payload_as_deep_as_a_frame_can_hold_is_sealed() {
    let home = home("all", "off");
    let deep = format!("{}1{}", r#"{"a":"#.repeat(9_998), "}".repeat(9_998));
    let receipt = recorded(&home, &format!(r#""input":{deep}"#));
    assert_eq!(opened(&receipt.subject.action.parameters_disclosure), object(&deep));
}

#[test]
fn receipts_of_version_0_5_0_disclose_parameters() {
    let mut home = home("all", "off");
    home.config.receipt_version = Version::V0_5_0;
    let receipt = recorded(&home, r#""input":{"a":1}"#);
    assert_eq!(receipt.version, "0.5.0");
    assert_eq!(opened(&receipt.subject.action.parameters_disclosure), object(r#"{"a":1}"#));
}

#[test]
fn a_key_that_cannot_be_used_refuses_the_start_before_anything_is_made() {
    let refusal = |content: Option<&[u8]>, mode| {
        let home = home("high", "off");
        let path = home.path("f.pub");
        std::fs::remove_file(&path).unwrap();
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let Err(StartError::ForensicKey(error)) = home.try_start() else { panic!("started") };
        assert!(!home.config.db.exists() && !home.config.socket.exists());
        assert!(error.to_string().contains("f.pub"), "{error}");
        error
    };
    let good = *secret_key().public_key().as_bytes();
    assert!(matches!(refusal(None, 0), ForensicKeyError::Unreadable { .. }));
    assert!(matches!(refusal(Some(&good[..31]), 0o644), ForensicKeyError::WrongLength { .. }));
    assert!(matches!(refusal(Some(&[0; 32]), 0o644), ForensicKeyError::Unusable { .. }));
    assert!(matches!(refusal(Some(&good), 0o666), ForensicKeyError::WorldWritable { .. }));
}

#[test]
fn a_private_half_that_was_left_on_the_machine_is_warned_of() {
    let home = home("all", "off");
    recorded(&home, "");
    assert!(!home.logged("move it to another one"));
    std::fs::write(home.path("f"), [7; 32]).unwrap();
    home.start().stop().unwrap();
    assert!(home.logged("/f` stands on this machine: move it to another one"));
}

/// Where nothing is disclosed the key is not even read.
#[test]
fn a_key_without_a_policy_changes_nothing() {
    let home = home("off", "off");
    std::fs::remove_file(home.path("f.pub")).unwrap();
    let receipt = recorded(&home, r#""input":{"a":1}"#);
    assert_eq!(receipt.subject.action.parameters_disclosure, None);
}
