//! Nothing that could be a secret is printed, whatever stands beside a change.

use super::{Desk, read};

const SECRETS: &str = r#"{
  "primaryApiKey": "s3cret-1",
  "mcpServers": {
    // "OLD_TOKEN": "s3cret-2"
    "a": {
      "command": "serve",
      "args": ["--token", "s3cret-3", "-e", "PASSWORD=s3cret-4", "--api-key=s3cret-5", "postgres://me:s3cret-6@db/x", "--verbose"],
      "env": {"TOKEN": "s3cret-7", "DEEP": {"X": ["s3cret-8"]}},
      "headers": {"Authorization": "s3cret-9"},
      "note": "s3cret-10"
    },
    "b": {"url": "https://me:s3cret-11@host/?token=s3cret-12", "env": {"N": "s3cret-13"}},
    "c": {"command": "serve", "args": ["sk-live-s3cret14", "Bearer s3cret-15"]}
  },
  "oauthAccount": {"accessToken": "s3cret-16"}
}
"#;

#[test]
fn no_secret_is_shown_by_any_form_of_the_command() {
    let desk = Desk::new();
    let path = desk.write(".claude.json", SECRETS);
    desk.write(".claude/settings.json", "{\"apiKeyHelper\": \"s3cret-17\", \"hooks\": {\"Stop\": [{\"hooks\": [{\"command\": \"curl s3cret-18\"}]}]}}");
    let forms =
        [&["--dry-run"][..], &["--dry-run", "--json"], &[], &["--undo", "--dry-run"], &["--undo", "--json"]];
    for form in forms {
        let said = desk.well(&[&["claude-code"][..], form].concat());
        assert!(!said.all().contains("s3cret"), "{form:?} {}", said.all());
        assert!(said.all().contains("@@") && said.all().contains("--verbose"), "{}", said.all());
    }
    assert_eq!(read(&path), SECRETS);
}

#[test]
fn what_is_changed_is_shown_as_it_is() {
    let desk = Desk::new();
    desk.write(
        ".cursor/mcp.json",
        "{\"mcpServers\": {\"a\": {\n  \"command\": \"npx\",\n  \"args\": [\"-y\", \"server\"]\n}}}\n",
    );
    let said = desk.well(&["cursor", "--dry-run"]);
    for line in [
        "-  \"command\": \"npx\",".to_owned(),
        format!("+  \"command\": \"{}\",", desk.proxy()),
        "+  \"args\": [\"--name\", \"a\", \"--\", \"npx\", \"-y\", \"server\"]".to_owned(),
    ] {
        assert!(said.out.lines().any(|shown| shown == line), "{line} is not in {}", said.all());
    }
}

#[test]
fn names_do_not_steer_the_terminal() {
    let desk = Desk::new();
    desk.write(
        ".cursor/mcp.json",
        "{\"mcpServers\": {\"a\u{202e}\": {\"command\": \"x\u{9b}2J\"}, \"b\u{7f}\": {}}}",
    );
    let said = desk.well(&["cursor", "--dry-run"]);
    assert!(!said.out.contains(['\u{202e}', '\u{9b}', '\u{7f}']), "{:?}", said.out);
}
