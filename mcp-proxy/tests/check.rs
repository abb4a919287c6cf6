//! `agent-receipts-mcp check`, as a program.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn check(args: &[&str], calls: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp"))
        .arg("check")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended without reading.
    let _ = child.stdin.take().unwrap().write_all(calls.as_bytes());
    child.wait_with_output().unwrap()
}

fn written(folder: &Path, rules: &str) -> String {
    let path = folder.join("rules.yaml");
    std::fs::write(&path, rules).unwrap();
    path.to_str().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const CALL: &str = "{\"tool\":\"delete_secret\"}\n";

#[test]
fn the_exit_code_says_how_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "rules: [{name: no, enabled: true, tool_pattern: 'delete_*', action: block}]\n";
    let test = |expect| format!("{rules}tests: [{{call: {{tool: delete_x}}, expect: {expect}}}]\n");
    for (rules, args, calls, code) in [
        (rules.to_owned(), &[][..], CALL, 0),
        (rules.to_owned(), &["--json"], CALL, 0),
        (rules.to_owned(), &[], "", 0),
        (rules.to_owned(), &[], "nonsense\n", 2),
        (test("block"), &[], CALL, 0),
        (test("pass"), &[], CALL, 1),
        (test("pass"), &["--test"], "nonsense\n", 1),
        (test("pass"), &[], "nonsense\n", 2),
        ("rules: [{name: no, action: blok}]".to_owned(), &[], CALL, 2),
        (rules.to_owned(), &["--unknown"], CALL, 2),
    ] {
        let path = written(folder.path(), &rules);
        let output = check(&[&[path.as_str()], args].concat(), calls);
        assert_eq!(output.status.code(), Some(code), "{rules} {args:?} {calls}: {output:?}");
    }
    let absent = check(&[folder.path().join("none").to_str().unwrap()], CALL);
    assert_eq!(absent.status.code(), Some(2));
    assert!(text(&absent.stderr).starts_with("agent-receipts-mcp: cannot read the rules `"), "{absent:?}");
}

/// Rules come from strangers, too: to be tried before they are trusted.
#[test]
fn no_rule_and_no_name_of_a_file_steers_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for rules in [
        r#"rules: [{name: "\e[2J\e]0;x\a", action: block}]"#,
        r#"rules: [{name: "\e[2J", enabled: true, min_risk_score: 101, action: block}]"#,
        r#"rules: [{name: a, "\e[2J": 1, action: block}]"#,
    ] {
        let path = folder.path().join("r\u{1b}[2J.yaml");
        std::fs::write(&path, rules).unwrap();
        let output = check(&[path.to_str().unwrap()], CALL);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(said.contains("[2J") && !said.contains(['\u{1b}', '\u{7}']), "{said:?}");
        let calls = "{\"tool\":\"\u{9b}2J\u{202e}\"}\n";
        let output = check(&["--json", path.to_str().unwrap()], calls);
        assert!(!text(&output.stdout).contains(['\u{9b}', '\u{202e}', '\u{1b}']), "{output:?}");
    }
}

#[test]
fn the_built_in_rules_are_a_file_to_begin_with() {
    let folder = tempfile::tempdir().unwrap();
    let defaults = check(&["--defaults"], "");
    let path = written(folder.path(), text(&defaults.stdout));
    let (built_in, from_file) = (check(&["--json"], CALL), check(&["--json", &path], CALL));
    let (built_in, from_file) = (text(&built_in.stdout), text(&from_file.stdout));
    assert!(built_in.contains(r#""rule":"block_destructive_ops""#), "{built_in}");
    assert_eq!(built_in.lines().skip(1).collect::<Vec<_>>(), from_file.lines().skip(1).collect::<Vec<_>>());
    let digest = |text: &str| text.split('"').nth(3).unwrap().to_owned();
    assert_eq!(digest(built_in), digest(from_file));
}

#[test]
fn it_reads_no_further_than_somebody_listens() {
    let calls = "{\"tool\":\"read_x\"}\n".repeat(50_000);
    let mut child = Command::new(env!("CARGO_BIN_EXE_agent-receipts-mcp"))
        .arg("check")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(calls.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
