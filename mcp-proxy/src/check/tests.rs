//! The command as a user meets it.

use std::io::Cursor;
use std::time::Instant;

use super::args::CheckArgs;
use super::run::{CheckError, End, check};

struct Checked {
    end: End,
    out: String,
    notes: String,
}

const RULES: &str = concat!(
    "rules:\n",
    "- {name: no deletes, description: by hand only, enabled: true, tool_pattern: 'delete_*', action: block}\n",
    "- {name: risky, enabled: true, min_risk_score: 50, action: pause}\n",
    "- {name: mail, enabled: true, server_pattern: 'mail*', action: flag}\n",
    "- {name: forgotten, action: block}\n",
    "limits: [{name: two mails, tool_pattern: 'send_*', calls: 2, per: 60s}]\n",
);

const CALLS: &str = concat!(
    r#"{"server":"fs","tool":"read_file"}"#,
    "\n",
    r#"{"server":"fs","tool":"delete_file","arguments":{"path":"/"}}"#,
    "\n\n",
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_query","arguments":{"sql":"drop table t"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
    r#"{"server":"mail","tool":"send_mail"}"#,
    "\n",
    r#"{"server":"mail","tool":"send_mail","at":59}"#,
    "\n",
    r#"{"server":"mail","tool":"send_mail"}"#,
    "\n",
    r#"{"server":"mail","tool":"send_mail","at":100}"#,
);

fn args(json: bool, test: bool) -> CheckArgs {
    CheckArgs { rules: None, name: "db".to_owned(), test, json, defaults: false }
}

fn checked(rules: &str, calls: Option<&str>, mut args: CheckArgs) -> Result<Checked, CheckError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, rules).unwrap();
    args.rules = Some(path);
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let calls = calls.map(|calls| Box::new(Cursor::new(calls.to_owned())) as Box<dyn std::io::BufRead>);
    let end = check(&args, calls, &mut out, &mut notes, Instant::now())?;
    Ok(Checked { end, out: String::from_utf8(out).unwrap(), notes: String::from_utf8(notes).unwrap() })
}

#[test]
fn a_table_shows_what_would_happen_and_why() {
    let checked = checked(RULES, Some(CALLS), args(false, false)).unwrap();
    assert_eq!(checked.end, End::Fine);
    let (head, table) = checked.out.split_once('\n').unwrap();
    assert!(head.contains("rules.yaml (sha256:"), "{head}");
    assert_eq!(
        table,
        concat!(
            "  line  action   risk  tool                              rule                          because\n",
            "     1  pass        0  fs/read_file\n",
            "     2  block      40  fs/delete_file                    no deletes                    deletes 40\n",
            "     4  pause      60  db/run_query                      risky                         executes 30, SQL that changes data and has no WHERE 30\n",
            "     6  flag       25  mail/send_mail                    mail                          an operation that the name does not tell 10, sends a message 15\n",
            "     7  flag       25  mail/send_mail                    mail                          an operation that the name does not tell 10, sends a message 15\n",
            "     8  block      25  mail/send_mail                    two mails                     an operation that the name does not tell 10, sends a message 15\n",
            "     9  flag       25  mail/send_mail                    mail                          an operation that the name does not tell 10, sends a message 15\n",
            "7 calls: 1 pass, 3 flag, 1 pause, 2 block; 1 message that no rule looks at\n",
        )
    );
    assert_eq!(
        checked.notes,
        "warning: line 5: the rule `forgotten` never applies, as it lacks `enabled: true`\n"
    );
}

#[test]
fn the_same_for_programs() {
    let checked = checked(RULES, Some(CALLS), args(true, false)).unwrap();
    let lines: Vec<&str> = checked.out.lines().collect();
    assert!(lines[0].starts_with(r#"{"digest":"sha256:"#) && lines[0].contains(r#""kind":"rules""#));
    assert_eq!(
        lines[2],
        concat!(
            r#"{"action":"block","description":"by hand only","kind":"call","line":2,"matched":["no deletes"],"operation":"delete","#,
            r#""parts":[{"points":40,"what":"deletes"}],"rule":"no deletes","score":40,"server":"fs","tool":"delete_file"}"#
        )
    );
    assert_eq!(
        lines[8],
        r#"{"block":2,"calls":7,"failed":0,"flag":3,"kind":"summary","other":1,"pass":1,"pause":1,"refused":0,"tests":0,"unmet":[]}"#
    );
    assert_eq!(lines.len(), 9);
}

#[test]
fn a_line_that_cannot_be_read_does_not_stop_the_others() {
    let calls =
        "{\"tool\":\"read_x\"}\nnonsense\n{\"tool\":\"t\",\"argumnets\":{}}\n{\"tool\":\"delete_x\"}\n";
    let text = checked(RULES, Some(calls), args(false, false)).unwrap();
    assert_eq!(text.end, End::Unreadable);
    assert!(text.out.contains("     2  refused"), "{}", text.out);
    assert!(text.out.contains("unknown member `argumnets`"), "{}", text.out);
    assert!(text.out.contains("     4  block"), "{}", text.out);
    assert!(text.out.contains("2 calls: 1 pass, 0 flag, 0 pause, 1 block; 2 lines refused\nconcerned no call: risky, mail, two mails\n"), "{}", text.out);
    let json = checked(RULES, Some(calls), args(true, false)).unwrap();
    assert_eq!((json.end, json.out.matches(r#""kind":"refused""#).count()), (End::Unreadable, 2));
}

#[test]
fn tests_that_fail_are_told_and_end_with_another_code() {
    let rules = format!(
        "{RULES}tests:\n- {{call: {{tool: delete_x}}, expect: block, rule: no deletes}}\n- {{call: {{server: mail, tool: x}}, expect: pass}}\n"
    );
    let text = checked(&rules, None, args(false, true)).unwrap();
    assert_eq!(text.end, End::TestFailed);
    let told: Vec<&str> = text.out.lines().skip(1).collect();
    assert_eq!(
        told,
        [
            "test in line 9 failed: x is expected to be pass, but is flag by `mail`, risk 10",
            "1 of 2 tests passed",
        ]
    );
    let json = checked(&rules, Some(CALLS), args(true, false)).unwrap();
    assert_eq!((json.end, json.out.matches(r#""kind":"test""#).count()), (End::TestFailed, 2));
    let unreadable = checked(&rules, Some("nonsense"), args(false, false)).unwrap();
    assert_eq!(unreadable.end, End::Unreadable);
    let fine = checked(&rules.replace("expect: pass", "expect: flag"), None, args(false, true)).unwrap();
    assert_eq!(fine.end, End::Fine);
    assert!(fine.out.ends_with(")\n2 of 2 tests passed\n"), "{}", fine.out);
}

#[test]
fn rules_that_are_refused_are_an_error_with_the_line() {
    let error =
        checked("rules:\n- {name: a, action: blok}\n", Some(CALLS), args(false, false)).err().unwrap();
    assert!(error.to_string().contains("line 2: unknown variant `blok`"), "{error}");
}

#[test]
fn names_that_would_command_a_terminal_are_written_out() {
    let calls = r#"{"server":"\u001b[31m","tool":"a\u202eb\n     2  pass"}"#;
    let text = checked(RULES, Some(calls), args(false, false)).unwrap().out;
    assert!(text.contains(r"\u{1b}[31m/a\u{202e}b\u{a}"), "{text}");
    assert!(!text.contains('\u{1b}') && text.lines().count() == 5, "{text}");
    let json = checked(RULES, Some(calls), args(true, false)).unwrap().out;
    assert!(!json.contains('\u{1b}'), "{json}");
}

#[test]
fn without_a_file_the_built_in_rules_are_tried_and_can_be_printed() {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let calls = Box::new(Cursor::new(r#"{"tool":"delete_secret"}"#));
    let args = args(false, false);
    assert_eq!(check(&args, Some(calls), &mut out, &mut notes, Instant::now()).unwrap(), End::Fine);
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.starts_with("the built-in rules (sha256:") && text.contains("block_destructive_ops"),
        "{text}"
    );

    let mut printed = Vec::new();
    let args = CheckArgs { defaults: true, ..args };
    check(&args, None, &mut printed, &mut notes, Instant::now()).unwrap();
    assert_eq!(printed, crate::policy::DEFAULTS.as_bytes());
}
