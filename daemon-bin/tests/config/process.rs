//! The program itself: what it prints and how it exits.

use std::process::{Command, Output, Stdio};

use crate::{file, text};

/// Runs the daemon's program with exactly these variables.
fn run(args: &[&str], pairs: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_agent-receipts-daemon"))
        .args(args)
        .env_clear()
        .envs(pairs.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn the_protocol_version_is_one_exact_line() {
    let output = run(&["-protocol-version"], &[]);
    assert_eq!(stdout(&output), "{\"frame_version\":{\"min\":1,\"max\":1}}\n");
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn the_version_is_that_of_the_crate() {
    let output = run(&["--version"], &[]);
    assert_eq!(stdout(&output), format!("agent-receipts-daemon {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_printed_configuration_is_a_file_that_prints_itself() {
    let pairs = [("HOME", "/home/nobody-here"), ("AGENTRECEIPTS_CHAIN_ID", "from-env")];
    let first = run(&["--print-config", "--shutdown-deadline=1m30s"], &pairs);
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(stdout(&first).contains("chain_id = \"from-env\"\n"), "{}", stdout(&first));
    let (_folder, path) = file(stdout(&first));
    let second = run(&["--print-config", "--config", text(&path)], &[]);
    assert_eq!(stdout(&second), stdout(&first));
}

#[test]
fn a_wrong_configuration_exits_2_and_says_why_on_standard_error() {
    let (_folder, path) = file("db = \"/d\"\nsockett = \"/s\"\n");
    for (args, pairs, word) in [
        (&["--config", text(&path)][..], &[][..], "line 2"),
        (&["--sockett"], &[], "sockett"),
        (&[], &[], "HOME"),
        (&["--parameter-disclosure=high"], &[("HOME", "/h")], "parameter_disclosure"),
    ] {
        let output = run(args, pairs);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(word), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn help_names_every_option_and_exits_0() {
    let output = run(&["-h"], &[]);
    assert_eq!(output.status.code(), Some(0));
    for option in [
        "config",
        "init",
        "init-forensic-key",
        "rotate",
        "version",
        "protocol-version",
        "print-config",
        "socket",
        "db",
        "key",
        "public-key",
        "forensic-public-key",
        "forensic-key",
        "chain-id",
        "issuer-id",
        "verification-method",
        "anchor-log",
        "parameter-disclosure",
        "response-disclosure",
        "unsafe-socket-path",
        "redact-patterns",
        "shutdown-deadline",
        "receipt-version",
        "max-connections",
        "max-connections-per-uid",
        "idle-timeout",
        "read-timeout",
    ] {
        assert!(stdout(&output).contains(&format!("--{option}")), "{option}");
    }
}

#[test]
fn init_makes_the_keys_once_and_prints_where() {
    let folder = tempfile::tempdir().unwrap();
    let home = [("HOME", text(folder.path()))];
    for (verb, name) in [("-init", "signing.key"), ("-init-forensic-key", "forensic.key")] {
        let private = folder.path().join(".local/share/agent-receipts").join(name);
        let output = run(&[verb], &home);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stdout(&output).contains(text(&private)) && stdout(&output).contains("sha256:"));
        assert!(private.with_extension("key.pub").exists(), "the public half stands beside the private one");
        let made = std::fs::read(&private).unwrap();
        let again = run(&[verb], &home);
        assert_eq!(again.status.code(), Some(1));
        assert!(stderr(&again).contains(text(&private)), "{}", stderr(&again));
        assert_eq!(std::fs::read(&private).unwrap(), made);
    }
}
