//! What the arguments ask for.

use agent_receipts_daemon::{Command, KeyPaths, UsageError};

use crate::{HOME, config, parse, text};

fn key_paths(private: &str, public: &str) -> KeyPaths {
    KeyPaths { private: private.into(), public: public.into() }
}

#[test]
fn without_a_verb_the_daemon_runs() {
    assert!(matches!(parse(&[], &[HOME]), Ok(Command::Run(_))));
}

#[test]
fn every_verb_with_one_dash_or_two() {
    for dashes in ["-", "--"] {
        let ask = |verb: &str| parse(&[&format!("{dashes}{verb}")], &[HOME]).unwrap();
        assert_eq!(ask("version"), Command::Version);
        assert_eq!(ask("protocol-version"), Command::ProtocolVersion);
        assert!(matches!(ask("print-config"), Command::PrintConfig(_)));
        assert!(matches!(ask("rotate"), Command::Rotate { json: false, .. }));
        assert!(matches!(ask("init"), Command::Init(_)));
        assert!(matches!(ask("init-forensic-key"), Command::InitForensicKey(_)));
    }
}

#[test]
fn two_verbs_at_once_are_refused() {
    for verbs in [["--init", "--rotate"], ["--print-config", "--version"], ["-init", "-init-forensic-key"]] {
        assert!(matches!(parse(&verbs, &[HOME]), Err(UsageError::Arguments(_))), "{verbs:?}");
    }
}

#[test]
fn go_style_options_mean_the_same() {
    let ours =
        config(&["--socket", "/s", "--chain-id=-c", "--unsafe-socket-path", "--shutdown-deadline=1s"], &[]);
    let gos =
        config(&["-socket", "/s", "-chain-id", "-c", "-unsafe-socket-path", "-shutdown-deadline=1s"], &[]);
    assert_eq!(ours, gos);
    assert_eq!(ours.chain_id.as_deref(), Some("-c"));
}

#[test]
fn of_an_option_given_twice_the_last_counts() {
    assert_eq!(text(&config(&["--db", "/a", "-db=/b"], &[]).db), "/b");
}

#[test]
fn nonsense_is_a_usage_error_with_exit_code_2() {
    for args in [
        &["--sockett", "/s"][..],
        &["-x"],
        &["stray"],
        &["--", "stray"],
        &["--db"],
        &["--max-connections", "x"],
        &["--shutdown-deadline", "-1s"],
        &["--receipt-version", "0.4.0"],
        &["--unsafe-socket-path=perhaps"],
        &["--unsafe-socket-path", "true"],
        &["--forensic-key", "/f"],
        &["--init=true"],
    ] {
        match parse(args, &[HOME]) {
            Err(error @ UsageError::Arguments(_)) => assert_eq!(error.exit_code(), 2, "{args:?}"),
            other => panic!("{args:?}: {other:?}"),
        }
    }
}

#[test]
fn help_that_was_asked_for_is_no_failure() {
    for help in ["-h", "--help", "-help"] {
        assert_eq!(parse(&[help], &[]).unwrap_err().exit_code(), 0);
    }
}

#[test]
fn versions_are_told_even_where_the_configuration_is_broken() {
    let broken = [("AGENTRECEIPTS_CONFIG", "/nowhere"), ("AGENTRECEIPTS_MAX_CONNECTIONS", "x")];
    assert_eq!(parse(&["--version"], &broken).unwrap(), Command::Version);
    assert_eq!(parse(&["--protocol-version"], &broken).unwrap(), Command::ProtocolVersion);
    assert_eq!(parse(&[], &broken).unwrap_err().exit_code(), 2);
}

#[test]
fn key_paths_come_from_every_source_and_fall_back_to_the_data_directory() {
    let data = "/home/nobody-here/.local/share/agent-receipts";
    let init = |args: &[&str], pairs: &[(&str, &str)]| match parse(&[&["--init"], args].concat(), pairs) {
        Ok(Command::Init(paths)) => paths,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        init(&[], &[HOME]),
        key_paths(&format!("{data}/signing.key"), &format!("{data}/signing.key.pub"))
    );
    // No home is needed where the key is named.
    assert_eq!(init(&["--key", "/k"], &[]), key_paths("/k", "/k.pub"));
    assert_eq!(init(&["--public-key=/p"], &[("AGENTRECEIPTS_KEY", "/e")]), key_paths("/e", "/p"));
}

#[test]
fn forensic_key_paths_likewise() {
    let data = "/home/nobody-here/.local/share/agent-receipts";
    let init = |args: &[&str], pairs: &[(&str, &str)]| match parse(
        &[&["--init-forensic-key"], args].concat(),
        pairs,
    ) {
        Ok(Command::InitForensicKey(paths)) => paths,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        init(&[], &[HOME]),
        key_paths(&format!("{data}/forensic.key"), &format!("{data}/forensic.key.pub"))
    );
    assert_eq!(init(&["-forensic-key", "/f"], &[]), key_paths("/f", "/f.pub"));
    let pairs = [("AGENTRECEIPTS_FORENSIC_PUBLIC_KEY", "/e.pub")];
    assert_eq!(init(&["--forensic-key", "/f"], &pairs), key_paths("/f", "/e.pub"));
    assert_eq!(init(&["--forensic-key", "/f", "--forensic-public-key", "/g"], &pairs), key_paths("/f", "/g"));
}
