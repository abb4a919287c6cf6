//! Defaults, then the file, then the environment, then the flags.

use std::time::Duration;

use agent_receipts_daemon::{Chains, Config, DisclosurePolicy, Version};

use crate::{config, file, text};

/// One option: its key in the file, its variable, its flag, a value for each source, and how to read it back.
struct Option_ {
    key: &'static str,
    values: [&'static str; 3],
    quoted: bool,
    read: fn(&Config) -> String,
}

impl Option_ {
    fn flag(&self) -> String {
        format!("--{}", self.key.replace('_', "-"))
    }

    fn variable(&self) -> String {
        format!("AGENTRECEIPTS_{}", self.key.to_uppercase())
    }
}

fn option(key: &'static str, values: [&'static str; 3], read: fn(&Config) -> String) -> Option_ {
    Option_ { key, values, quoted: true, read }
}

fn bare(key: &'static str, values: [&'static str; 3], read: fn(&Config) -> String) -> Option_ {
    Option_ { key, values, quoted: false, read }
}

const PATHS: [&str; 3] = ["/file", "/env", "/flag"];

fn options() -> Vec<Option_> {
    vec![
        option("socket", PATHS, |c| text(&c.socket).into()),
        option("db", PATHS, |c| text(&c.db).into()),
        option("key", PATHS, |c| text(&c.key).into()),
        option("public_key", PATHS, |c| text(&c.public_key).into()),
        option("forensic_public_key", PATHS, |c| text(c.forensic_public_key.as_deref().unwrap()).into()),
        option("chain_id", ["a", "b", "c"], |c| c.chain_id.clone().unwrap()),
        option("issuer_id", ["did:a", "did:b", "did:c"], |c| c.issuer_id.clone()),
        option("verification_method", ["a#1", "b#1", "c#1"], |c| c.verification_method.clone()),
        option("redact_patterns", PATHS, |c| text(c.redact_patterns.as_deref().unwrap()).into()),
        bare("unsafe_socket_path", ["true", "false", "true"], |c| c.unsafe_socket_path.to_string()),
        option("shutdown_deadline", ["1ms", "2ms", "3ms"], |c| format!("{:?}", c.shutdown_deadline)),
        option("receipt_version", ["0.6.0", "0.5.0", "0.6.0"], |c| c.receipt_version.as_str().into()),
        bare("max_connections", ["1", "2", "3"], |c| c.max_connections.to_string()),
        bare("max_connections_per_uid", ["1", "2", "3"], |c| c.max_connections_per_uid.to_string()),
        bare("checkpoint_receipts", ["1", "2", "3"], |c| c.checkpoint_receipts.to_string()),
        option("checkpoint_interval", ["1ms", "2ms", "3ms"], |c| format!("{:?}", c.checkpoint_interval)),
        bare("max_chains_per_uid", ["1", "2", "3"], |c| c.max_chains_per_uid.to_string()),
        option("log_name", ["a", "b/c", "d"], |c| c.log_name.clone().unwrap()),
        option("chains", ["uid", "session", "one"], |c| c.chains.to_string()),
        option("idle_timeout", ["1ms", "2ms", "3ms"], |c| format!("{:?}", c.idle_timeout)),
        option("read_timeout", ["1ms", "2ms", "3ms"], |c| format!("{:?}", c.read_timeout)),
        bare("group_readable", ["true", "false", "true"], |c| c.group_readable.to_string()),
        bare("no_sandbox", ["true", "false", "true"], |c| c.no_sandbox.to_string()),
    ]
}

#[test]
fn for_every_option_flags_win_over_the_environment_over_the_file() {
    for option in options() {
        let [in_file, in_env, in_flag] = option.values;
        let quote = if option.quoted { "\"" } else { "" };
        let (_folder, path) = file(&format!("{} = {quote}{in_file}{quote}\n", option.key));
        let file = ["--config", text(&path)];
        let (variable, flag) = (option.variable(), format!("{}={in_flag}", option.flag()));
        let pairs = [(variable.as_str(), in_env)];
        let args = [&file[..], &[flag.as_str()]].concat();
        for (args, pairs, expected) in [
            (&file[..], &[][..], in_file),
            (&file[..], &pairs[..], in_env),
            (&args[..], &pairs[..], in_flag),
            (&args[..], &[][..], in_flag),
            (&args[2..], &pairs[..], in_flag),
        ] {
            assert_eq!((option.read)(&config(args, pairs)), expected, "{} {args:?} {pairs:?}", option.key);
        }
    }
}

/// Not among the options above, as they cannot stand alone.
#[test]
fn disclosure_policies_likewise() {
    type Read = fn(&Config) -> &DisclosurePolicy;
    let switches: [(&str, Read); 2] = [
        ("parameter_disclosure", |config| &config.parameter_disclosure),
        ("response_disclosure", |config| &config.response_disclosure),
    ];
    for (key, read) in switches {
        let content = format!("forensic_public_key = '/f'\nreceipt_version = '0.6.0'\n{key} = ['in.file']\n");
        let (_folder, path) = file(&content);
        let (variable, flag) =
            (format!("AGENTRECEIPTS_{}", key.to_uppercase()), format!("--{}=in.flag", key.replace('_', "-")));
        let pairs = [(variable.as_str(), "in.env")];
        let args = ["--config", text(&path), &flag];
        for (args, pairs, expected) in [
            (&args[..2], &[][..], "in.file"),
            (&args[..2], &pairs[..], "in.env"),
            (&args[..], &pairs[..], "in.flag"),
        ] {
            assert_eq!(read(&config(args, pairs)).to_string(), expected, "{key}");
        }
    }
}

#[test]
fn an_empty_variable_is_no_variable() {
    for option in options() {
        let [in_file, ..] = option.values;
        let quote = if option.quoted { "\"" } else { "" };
        let (_folder, path) = file(&format!("{} = {quote}{in_file}{quote}\n", option.key));
        let config = config(&["--config", text(&path)], &[(&option.variable(), "")]);
        assert_eq!((option.read)(&config), in_file, "{}", option.key);
    }
}

#[test]
fn the_flag_names_the_file_rather_than_the_variable() {
    let (_one, by_flag) = file("chain_id = \"flag\"");
    let (_two, by_variable) = file("chain_id = \"variable\"");
    let variable = [("AGENTRECEIPTS_CONFIG", text(&by_variable))];
    assert_eq!(config(&["--config", text(&by_flag)], &variable).chain_id.as_deref(), Some("flag"));
    assert_eq!(config(&[], &variable).chain_id.as_deref(), Some("variable"));
}

#[test]
fn the_defaults() {
    let config = config(&[], &[]);
    let expected = Config {
        socket: config.socket.clone(),
        control_socket: None,
        db: "/home/nobody-here/.local/share/agent-receipts/receipts.db".into(),
        key: "/home/nobody-here/.local/share/agent-receipts/signing.key".into(),
        public_key: "/home/nobody-here/.local/share/agent-receipts/signing.key.pub".into(),
        forensic_public_key: None,
        parameter_disclosure: DisclosurePolicy::Off,
        response_disclosure: DisclosurePolicy::Off,
        // The UTC date at start.
        anchor_log: None,
        chain_id: None,
        issuer_id: "did:agent-receipts-daemon:local".into(),
        verification_method: "did:agent-receipts-daemon:local#k1".into(),
        unsafe_socket_path: false,
        redact_patterns: None,
        shutdown_deadline: Duration::from_secs(10),
        receipt_version: Version::V0_5_0,
        max_connections: 1024,
        max_connections_per_uid: 256,
        chains: Chains::One,
        max_chains_per_uid: 10_000,
        idle_timeout: Duration::from_secs(3600),
        read_timeout: Duration::from_secs(10),
        group_readable: false,
        no_sandbox: false,
        checkpoint_interval: Duration::from_secs(3600),
        checkpoint_receipts: 10_000,
        log_name: None,
    };
    assert_eq!(config, expected);
    assert_eq!(config.notices(), Vec::<String>::new());
}

#[test]
fn the_public_key_stands_beside_the_key_that_won() {
    let (_folder, path) = file("key = \"/file/key\"");
    let from_file = ["--config", text(&path)];
    assert_eq!(text(&config(&from_file, &[]).public_key), "/file/key.pub");
    let flagged =
        config(&[&from_file[..], &["--key", "/flag/key"]].concat(), &[("AGENTRECEIPTS_KEY", "/env/key")]);
    assert_eq!(text(&flagged.public_key), "/flag/key.pub");
}

#[test]
fn a_public_key_that_was_named_is_kept() {
    let config = config(&["--key", "/k/key"], &[("AGENTRECEIPTS_PUBLIC_KEY", "/p/pub")]);
    assert_eq!(text(&config.public_key), "/p/pub");
}

#[test]
fn the_verification_method_follows_the_issuer() {
    assert_eq!(config(&["--issuer-id", "did:web:x"], &[]).verification_method, "did:web:x#k1");
}

#[test]
fn an_empty_value_takes_an_optional_setting_back() {
    let (_folder, path) = file("chain_id = \"c\"\nredact_patterns = \"/p\"\npublic_key = \"/q\"\n");
    let args = ["--config", text(&path), "--chain-id=", "--redact-patterns", "", "--public-key=", "--key=/k"];
    let config = config(&args, &[]);
    assert_eq!((config.chain_id, config.redact_patterns), (None, None));
    assert_eq!(config.public_key.to_str(), Some("/k.pub"));
}

#[test]
fn a_forensic_key_without_disclosure_is_told_of() {
    let notices = config(&["--forensic-public-key", "/f.pub"], &[]).notices();
    let [notice] = &notices[..] else { panic!("{notices:?}") };
    assert!(
        notice.starts_with("NOTICE") && notice.contains("/f.pub") && notice.contains("hashes only"),
        "{notice}"
    );
    for policy in ["--parameter-disclosure=all", "--response-disclosure=a.b"] {
        let args = ["--forensic-public-key=/f.pub", "--receipt-version=0.6.0", policy];
        assert!(config(&args, &[]).notices().is_empty(), "{policy}");
    }
}
