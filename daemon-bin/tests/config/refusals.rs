//! Values that the daemon does not start with.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use agent_receipts_daemon::{Command, ConfigError, UsageError, Version};

use crate::{HOME, config, parse, refusal};

#[test]
fn what_must_have_a_value_must_not_be_empty() {
    for (flag, option) in
        [("--socket", "socket"), ("--db", "db"), ("--key", "key"), ("--issuer-id", "issuer_id")]
    {
        assert_eq!(refusal(&[flag, ""], &[]), ConfigError::Empty { option });
    }
}

#[test]
fn two_options_must_not_name_one_file() {
    for (args, first, second) in [
        (["--db=/x", "--key=/x"], "db", "key"),
        (["--key=/x", "--public-key=/x"], "key", "public_key"),
        (["--socket=/x", "--db=/x"], "socket", "db"),
        (["--key=/x", "--db=/x.pub"], "db", "public_key"),
    ] {
        let refused = refusal(&args, &[]);
        assert!(
            matches!(refused, ConfigError::SamePath { first: a, second: b, .. } if (a, b) == (first, second)),
            "{args:?}: {refused}"
        );
    }
}

#[test]
fn no_limit_and_no_time_out_may_be_zero() {
    for (flag, value) in [
        ("--max-connections", "0"),
        ("--max-connections-per-uid", "0"),
        ("--idle-timeout", "0"),
        ("--read-timeout", "0s"),
        ("--checkpoint-interval", "0"),
        ("--checkpoint-receipts", "0"),
    ] {
        let refused = refusal(&[flag, value], &[]);
        assert!(matches!(refused, ConfigError::Unusable { .. }), "{flag}: {refused}");
        assert!(refused.to_string().contains(&flag[2..].replace('-', "_")), "{refused}");
    }
    // To write no terminators at all is a choice; to wait for ever is none.
    assert!(config(&["--shutdown-deadline", "0"], &[]).shutdown_deadline.is_zero());
}

#[test]
fn a_root_chain_cannot_be_named_like_an_agents() {
    for chain in ["2026-11-22/agent/a", "/agent/", "team/agent", "a\nb", "a\u{0}"] {
        let refused = refusal(&["--chain-id", chain], &[]);
        assert!(matches!(refused, ConfigError::Unusable { option: "chain_id", .. }), "{chain:?}: {refused}");
    }
    assert_eq!(config(&["--chain-id", "team/agents"], &[]).chain_id.as_deref(), Some("team/agents"));
}

#[test]
fn disclosure_without_a_key_is_refused_from_every_source() {
    for (switch, variable) in [
        ("parameter_disclosure", "AGENTRECEIPTS_PARAMETER_DISCLOSURE"),
        ("response_disclosure", "AGENTRECEIPTS_RESPONSE_DISCLOSURE"),
    ] {
        let missing = ConfigError::NoForensicKey { option: switch };
        let flag = format!("--{}", switch.replace('_', "-"));
        let version = "--receipt-version=0.6.0";
        assert_eq!(refusal(&[&flag, "high", version], &[]), missing);
        assert_eq!(refusal(&[version], &[(variable, "true")]), missing);
        assert_eq!(refusal(&["--print-config", &format!("{flag}=a.b"), version], &[]), missing);
        assert_eq!(refusal(&[&flag, "high", version, "--forensic-public-key="], &[]), missing);
        assert!(missing.to_string().contains("--forensic-public-key"), "{missing}");
        // Switched off again by the stronger source.
        assert!(config(&[&format!("{flag}=off")], &[(variable, "true")]).notices().is_empty());
    }
}

#[test]
fn responses_need_receipts_that_have_a_place_for_them() {
    let args = ["--forensic-public-key=/f", "--response-disclosure=high"];
    for version in [&[][..], &["--receipt-version=0.5.0"]] {
        let refused = refusal(&[&args[..], version].concat(), &[]);
        assert_eq!(refused, ConfigError::NoRoomForResponses { version: Version::V0_5_0 });
        assert!(refused.to_string().contains("--receipt-version 0.6.0"), "{refused}");
    }
    config(&[&args[..], &["--receipt-version=0.6.0"]].concat(), &[]);
    // Parameters have had one since 0.3.0.
    config(&["--forensic-public-key=/f", "--parameter-disclosure=high"], &[]);
}

#[test]
fn a_malformed_variable_is_named_with_its_value() {
    for (variable, value) in [
        ("AGENTRECEIPTS_UNSAFE_SOCKET_PATH", "yes"),
        ("AGENTRECEIPTS_MAX_CONNECTIONS", "many"),
        ("AGENTRECEIPTS_MAX_CONNECTIONS_PER_UID", "-1"),
        ("AGENTRECEIPTS_IDLE_TIMEOUT", "1d"),
        ("AGENTRECEIPTS_READ_TIMEOUT", "10"),
        ("AGENTRECEIPTS_SHUTDOWN_DEADLINE", "soon"),
        ("AGENTRECEIPTS_RECEIPT_VERSION", "0.4.0"),
    ] {
        let refused = refusal(&[], &[(variable, value)]);
        assert!(matches!(refused, ConfigError::MalformedVariable { .. }), "{refused}");
        let message = refused.to_string();
        assert!(message.contains(variable) && message.contains(&format!("`{value}`")), "{message}");
    }
}

#[test]
fn truth_is_spelt_as_the_reference_reads_it() {
    for (value, truth) in
        [("1", true), ("t", true), ("True", true), ("0", false), ("F", false), ("false", false)]
    {
        let pairs = [("AGENTRECEIPTS_UNSAFE_SOCKET_PATH", value)];
        assert_eq!(config(&[], &pairs).unsafe_socket_path, truth, "{value}");
        let flag = format!("--unsafe-socket-path={value}");
        assert_eq!(config(&[&flag], &[]).unsafe_socket_path, truth, "{value}");
    }
    assert!(
        config(&["--unsafe-socket-path"], &[("AGENTRECEIPTS_UNSAFE_SOCKET_PATH", "0")]).unsafe_socket_path
    );
}

#[test]
fn a_variable_that_is_not_utf8_is_not_taken_for_unset() {
    for name in ["AGENTRECEIPTS_DB", "AGENTRECEIPTS_CONFIG", "XDG_DATA_HOME", "HOME", "XDG_RUNTIME_DIR"] {
        let env = |asked: &str| match asked {
            _ if asked == name => Some(OsString::from_vec(vec![b'/', 0xff])),
            "HOME" => Some("/home/nobody-here".into()),
            _ => None,
        };
        match Command::parse(["daemon".into()], &env) {
            Err(UsageError::Config(ConfigError::NotUnicode { variable })) => assert_eq!(variable, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn without_a_home_every_place_must_be_named() {
    let places = ["--db=/d", "--key=/k", "--socket=/run/s"];
    assert!(matches!(parse(&places, &[]), Ok(Command::Run(_))));
    for (option, missing) in [("db", 0), ("key", 1)] {
        let mut args = places.to_vec();
        args.remove(missing);
        for home in [&[][..], &[("HOME", "relative")], &[("HOME", "")], &[("XDG_DATA_HOME", "relative")]] {
            match parse(&args, home) {
                Err(UsageError::Config(ConfigError::NoDefault { option: named })) => {
                    assert_eq!(named, option)
                }
                other => panic!("{args:?} {home:?}: {other:?}"),
            }
        }
        assert!(parse(&args, &[HOME]).is_ok());
    }
}

/// It stands in a line of its own, and in keys between plus signs.
#[test]
fn a_log_has_a_name_that_a_note_can_hold() {
    for name in ["a b", "a+b", "a\nb", "\u{a0}", "\u{7f}", &"x".repeat(257)] {
        let refused = refusal(&["--log-name", name], &[]);
        assert!(matches!(refused, ConfigError::Unusable { option: "log_name", .. }), "{name:?}: {refused}");
    }
    let named = config(&["--log-name", "example.org/host-7"], &[]);
    assert_eq!(named.log_name.as_deref(), Some("example.org/host-7"));
}
