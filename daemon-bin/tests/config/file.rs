//! The TOML file.

use std::time::Duration;

use agent_receipts_daemon::{Chains, Config, ConfigError, DisclosurePolicy, Version};

use crate::{HOME, config, env, file, file_refusal, from_file, parse, refusal, text};

const FULL: &str = r#"
socket = "/run/x/events.sock"
control_socket = "/run/x/c.sock"
db = "/d/r.db"
key = "/k/s.key"
public_key = "/p/s.pub"
forensic_public_key = "/p/f.pub"
chain_id = "c-1"
issuer_id = "did:example:i"
verification_method = "did:example:i#other"
parameter_disclosure = ["b.c", "a"]
response_disclosure = "HIGH"
redact_patterns = "/etc/p.yaml"
unsafe_socket_path = true
shutdown_deadline = "1m30s"
receipt_version = "0.6.0"
max_connections = 7
max_connections_per_uid = 3
chains = "session"
max_chains_per_uid = 11
idle_timeout = "2h"
read_timeout = "1.5s"
group_readable = true
no_sandbox = true
checkpoint_interval = "10m"
checkpoint_receipts = 500
log_name = "example.org/host-7"
"#;

fn full() -> Config {
    Config {
        socket: "/run/x/events.sock".into(),
        control_socket: Some("/run/x/c.sock".into()),
        db: "/d/r.db".into(),
        key: "/k/s.key".into(),
        public_key: "/p/s.pub".into(),
        forensic_public_key: Some("/p/f.pub".into()),
        parameter_disclosure: "a,b.c".parse().unwrap(),
        response_disclosure: DisclosurePolicy::High,
        anchor_log: None,
        chain_id: Some("c-1".into()),
        issuer_id: "did:example:i".into(),
        verification_method: "did:example:i#other".into(),
        unsafe_socket_path: true,
        redact_patterns: Some("/etc/p.yaml".into()),
        shutdown_deadline: Duration::from_secs(90),
        receipt_version: Version::V0_6_0,
        max_connections: 7,
        max_connections_per_uid: 3,
        chains: Chains::Session,
        max_chains_per_uid: 11,
        idle_timeout: Duration::from_secs(7200),
        read_timeout: Duration::from_millis(1500),
        group_readable: true,
        no_sandbox: true,
        checkpoint_interval: Duration::from_secs(600),
        checkpoint_receipts: 500,
        log_name: Some("example.org/host-7".into()),
    }
}

#[test]
fn every_key_is_read() {
    assert_eq!(from_file(FULL), full());
    let (_folder, path) = file(FULL);
    assert_eq!(Config::load(&path, &env(&[])), Ok(full()));
}

#[test]
fn an_absent_key_leaves_the_other_sources_alone() {
    let (_folder, path) = file("db = \"/d/r.db\"\n");
    let from_env = [("AGENTRECEIPTS_KEY", "/e/k"), ("AGENTRECEIPTS_CHAIN_ID", "e")];
    let config = config(&["--config", text(&path), "--issuer-id", "did:f"], &from_env);
    assert_eq!(config.db.to_str(), Some("/d/r.db"));
    assert_eq!(config.key.to_str(), Some("/e/k"));
    assert_eq!(config.chain_id.as_deref(), Some("e"));
    assert_eq!(config.issuer_id, "did:f");
    // Whatever nobody names keeps its default: nothing of it is set to nothing.
    let alone = from_file("db = \"/d/r.db\"\n");
    let defaults = self::config(&[], &[]);
    assert_eq!(alone, Config { db: "/d/r.db".into(), ..defaults });
}

#[test]
fn a_missing_default_file_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let home = [("XDG_DATA_HOME", text(folder.path()))];
    assert_eq!(config(&[], &home).db, folder.path().join("agent-receipts/receipts.db"));
}

#[test]
fn the_default_file_stands_beside_database_and_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("agent-receipts")).unwrap();
    std::fs::write(folder.path().join("agent-receipts/daemon.toml"), "chain_id = \"here\"").unwrap();
    let config = config(&[], &[("XDG_DATA_HOME", text(folder.path()))]);
    assert_eq!(config.chain_id.as_deref(), Some("here"));
    assert_eq!(config.db, folder.path().join("agent-receipts/receipts.db"));
    assert_eq!(config.key, folder.path().join("agent-receipts/signing.key"));
}

#[test]
fn a_default_file_that_is_a_dangling_link_is_not_taken_for_a_missing_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("agent-receipts")).unwrap();
    let link = folder.path().join("agent-receipts/daemon.toml");
    std::os::unix::fs::symlink("/nowhere/daemon.toml", &link).unwrap();
    let refused = refusal(&[], &[("XDG_DATA_HOME", text(folder.path()))]);
    assert_eq!(refused, ConfigError::MissingFile { path: link });
}

#[test]
fn a_broken_default_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("agent-receipts")).unwrap();
    std::fs::write(folder.path().join("agent-receipts/daemon.toml"), "nonsense").unwrap();
    let refused = refusal(&[], &[("XDG_DATA_HOME", text(folder.path()))]);
    assert!(matches!(refused, ConfigError::MalformedFile { line: 1, .. }), "{refused}");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let missing = ConfigError::MissingFile { path: "/nowhere/daemon.toml".into() };
    assert_eq!(refusal(&["--config", "/nowhere/daemon.toml"], &[]), missing);
    assert_eq!(refusal(&[], &[("AGENTRECEIPTS_CONFIG", "/nowhere/daemon.toml")]), missing);
    assert_eq!(Config::load("/nowhere/daemon.toml".as_ref(), &env(&[HOME])), Err(missing));
}

#[test]
fn an_empty_path_names_no_file() {
    assert_eq!(refusal(&["--config", ""], &[]), ConfigError::EmptyFilePath);
    assert_eq!(Config::load("".as_ref(), &env(&[HOME])), Err(ConfigError::EmptyFilePath));
}

#[test]
fn a_folder_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let refused = refusal(&["--config", text(folder.path())], &[]);
    assert!(matches!(refused, ConfigError::UnreadableFile { .. }), "{refused}");
}

#[test]
fn errors_name_the_file_the_line_and_the_key() {
    for (content, line, word) in [
        ("db = \"/a\"\nkey = \n", 2, ""),
        ("[socket", 1, ""),
        ("\n\nsockett = \"/a\"\n", 3, "sockett"),
        ("db = \"/a\"\ndb = \"/b\"\n", 2, "duplicate key"),
        ("db = 7", 1, "string"),
        ("socket = \"/a\"\nshutdown_deadline = \"soon\"\n", 2, "`soon` is not a duration"),
        ("shutdown_deadline = 200", 1, "string"),
        ("shutdown_deadline = \"-1s\"", 1, "`-1s`"),
        ("unsafe_socket_path = \"true\"", 1, "boolean"),
        ("max_connections = -1", 1, ""),
        ("max_connections = 1.5", 1, ""),
        ("receipt_version = \"0.4.0\"", 1, "`0.5.0` or `0.6.0`"),
        ("receipt_version = \"9\"", 1, "`9`"),
        ("\nparameter_disclosure = [1, 2]\n", 2, "string"),
        ("\nresponse_disclosure = [1, 2]\n", 2, "string"),
        ("parameter_disclosure = 1", 1, "list of texts"),
        ("parameter_disclosure = {a = 1}", 1, "list of texts"),
        // The reference's file has no such key, and ours cannot honour it.
        ("anchor_log = \"/a\"", 1, "anchor_log"),
        ("[daemon]\nsocket = \"/a\"\n", 1, "daemon"),
    ] {
        let (_folder, path) = file(content);
        let refused = refusal(&["--config", text(&path)], &[]);
        let message = refused.to_string();
        let ConfigError::MalformedFile { path: named, line: at, .. } = refused else { panic!("{message}") };
        assert_eq!((named, at), (path, line), "{content:?}: {message}");
        assert!(message.contains(word), "{content:?}: {message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn a_file_that_is_no_utf8_is_refused() {
    let (_folder, path) = file("");
    std::fs::write(&path, b"db = \"\xff\"").unwrap();
    let refused = refusal(&["--config", text(&path)], &[]);
    assert!(matches!(refused, ConfigError::UnreadableFile { .. }), "{refused}");
}

#[test]
fn a_file_of_more_than_a_mebibyte_is_refused() {
    let comment = format!("#{}\n", "x".repeat(1 << 20));
    assert!(matches!(file_refusal(&comment), ConfigError::OversizeFile { .. }));
    let refused = refusal(&["--config", "/dev/zero"], &[]);
    assert!(matches!(refused, ConfigError::OversizeFile { .. }), "{refused}");
}

#[test]
fn a_file_that_everybody_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = file("");
    for (mode, is_refused) in [(0o600, false), (0o644, false), (0o664, false), (0o646, true), (0o602, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let result = parse(&["--config", text(&path)], &[HOME]);
        assert_eq!(result.is_err(), is_refused, "{mode:o}");
    }
}

/// Either switch, in the shapes of the reference.
#[test]
fn every_shape_of_a_disclosure_policy_says_the_same() {
    use DisclosurePolicy::{All, High, Off};
    let listed = |text: &str| text.parse::<DisclosurePolicy>().unwrap();
    for (shapes, policy) in [
        (&["false", "\"\"", "\"off\"", "\"FALSE\"", "\" 0 \"", "[]", "[\"\"]", "[\"off\"]"][..], Off),
        (&["true", "\"all\"", "\"True\"", "\"1\"", "[\"all\"]"], All),
        (&["\"high\"", "\" HIGH \"", "[\"high\"]"], High),
        (&["\"a.b\"", "[\"a.b\"]", "[\" a.b \"]"], listed("a.b")),
        (&["\"a, b\"", "[\"a\", \"b\"]", "[\"b\", \"a\", \"b\"]", "[\"a,b\"]"], listed("a,b")),
    ] {
        for shape in shapes {
            let needs = "forensic_public_key = \"/f\"\nreceipt_version = \"0.6.0\"\n";
            let parameters = from_file(&format!("{needs}parameter_disclosure = {shape}\n"));
            assert_eq!(
                (parameters.parameter_disclosure, parameters.response_disclosure),
                (policy.clone(), Off)
            );
            let responses = from_file(&format!("{needs}response_disclosure = {shape}\n"));
            assert_eq!(
                (responses.response_disclosure, responses.parameter_disclosure),
                (policy.clone(), Off)
            );
        }
    }
}

#[test]
fn a_disclosure_list_with_a_hole_or_a_keyword_is_refused_as_such() {
    for policy in ["\"a,,b\"", "[\"a\", \"\"]", "\"a,high\"", "[\"a\", \"off\"]"] {
        for switch in ["parameter_disclosure", "response_disclosure"] {
            let refused = file_refusal(&format!("{switch} = {policy}\n"));
            let named = matches!(refused, ConfigError::Policy { option, .. } if option == switch);
            assert!(named, "{policy}: {refused}");
        }
    }
}

#[test]
fn what_is_printed_loads_back_to_the_same_configuration() {
    for printed in [full(), config(&[], &[]), config(&["--chain-id", "q\"uo\\te\u{20ac}"], &[])] {
        let (_folder, path) = file(&printed.to_toml());
        // Without any environment: the file alone must say everything.
        assert_eq!(Config::load(&path, &env(&[])).as_ref(), Ok(&printed), "{}", printed.to_toml());
    }
}
