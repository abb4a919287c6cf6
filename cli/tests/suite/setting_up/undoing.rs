//! What others changed meanwhile survives, and what we changed comes back.

use super::{Desk, backups, json, read};

const BEFORE: &str = r#"{
  "mcpServers": {
    "a": {
      "command": "serve",
      "args": ["x"]
    },
    "b": {
      "command": "serve",
      "args": []
    },
    "c": {
      "type": "http",
      "url": "https://mcp.example.org/v1"
    }
  }
}
"#;

#[test]
fn edits_made_in_between_survive_to_the_byte() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", BEFORE);
    desk.well(&["cursor"]);
    let edit = |text: &str| {
        text.replace("\"x\"]", "\"x\", \"more\"],\n      \"env\": {\"NEW\": \"1\"}")
            .replace("  \"mcpServers\"", "  \"theme\": \"dark\",\n  \"mcpServers\"")
            .replace("    \"c\": {", "    \"d\": {\"command\": \"new\"},\n    \"c\": {")
    };
    std::fs::write(&path, edit(&read(&path))).unwrap();
    desk.well(&["cursor", "--undo"]);
    assert_eq!(read(&path), edit(BEFORE));
}

#[test]
fn a_file_that_its_host_wrote_anew_in_its_own_layout_is_undone_in_that_layout() {
    let desk = Desk::new();
    let path = desk.write(".claude.json", BEFORE);
    let settings = desk.write(".claude/settings.json", "{\"hooks\": {\"Stop\": []}, \"a\": 1}");
    desk.well(&["claude-code"]);
    for path in [&path, &settings] {
        std::fs::write(path, json(&read(path)).to_string()).unwrap();
    }
    desk.well(&["claude-code", "--undo"]);
    assert_eq!(json(&read(&path)), json(BEFORE));
    assert_eq!(json(&read(&settings)), json("{\"hooks\": {\"Stop\": []}, \"a\": 1}"));
    assert_eq!(read(&path).lines().count(), 1);
}

#[test]
fn undoing_needs_no_backup() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", BEFORE);
    desk.well(&["cursor"]);
    for backup in backups(&desk.home(".cursor")) {
        std::fs::remove_file(backup).unwrap();
    }
    desk.well(&["cursor", "--undo"]);
    // Only that there was an empty array, which means the same as none, no longer stands anywhere.
    assert_eq!(read(&path), BEFORE.replace("\"serve\",\n      \"args\": []", "\"serve\""));
}

#[test]
fn a_backup_is_not_what_is_restored() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", BEFORE);
    desk.well(&["cursor"]);
    for backup in backups(&desk.home(".cursor")) {
        std::fs::write(backup, BEFORE.replace("serve", "evil").replace("example", "evil")).unwrap();
    }
    desk.well(&["cursor", "--undo"]);
    assert_eq!(read(&path), BEFORE);
}

#[test]
fn a_server_that_was_added_later_is_wrapped_by_the_next_run_and_all_are_undone_at_once() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", BEFORE);
    desk.well(&["cursor"]);
    let add = |text: &str| {
        text.replace("    \"c\": {", "    \"d\": {\"command\": \"new\", \"args\": [ ]},\n    \"c\": {")
    };
    std::fs::write(&path, add(&read(&path))).unwrap();
    let said = desk.well(&["cursor"]);
    assert!(
        said.out.contains("wrap    server `d`") && said.out.contains("3 there already"),
        "{}",
        said.all()
    );
    desk.well(&["cursor", "--undo"]);
    assert_eq!(read(&path), add(BEFORE));
}

#[test]
fn hooks_of_others_that_came_meanwhile_stay() {
    let desk = Desk::new();
    let path = desk.write(".claude/settings.json", "{\n  \"a\": 1\n}\n");
    desk.well(&["claude-code"]);
    let theirs = r#"{ "hooks": [{ "type": "command", "command": "theirs" }] }"#;
    let ours = format!(r#"{{ "type": "command", "command": "{}" }}"#, desk.hook());
    let text = read(&path)
        .replace("\"Stop", "\"Other")
        .replacen("\"SubagentStop\": [", &format!("\"SubagentStop\": [{theirs}, "), 1)
        .replacen(&ours, &format!("{ours}, {{ \"type\": \"command\", \"command\": \"beside\" }}"), 1);
    std::fs::write(&path, text).unwrap();
    desk.well(&["claude-code", "--undo"]);
    let after = json(&read(&path));
    assert_eq!(after["hooks"].as_object().unwrap().len(), 2, "{after}");
    assert_eq!(after["hooks"]["SubagentStop"], json(&format!("[{theirs}]")));
    assert_eq!(
        after["hooks"]["PreToolUse"][0]["hooks"],
        json(r#"[{"type": "command", "command": "beside"}]"#)
    );
    assert!(!read(&path).contains("agent-receipts"));
}

#[test]
fn a_file_that_others_filled_is_not_removed() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.home("")).unwrap();
    desk.well(&["claude-code"]);
    let path = desk.home(".claude/settings.json");
    std::fs::write(&path, read(&path).replacen("{\n", "{\n  \"model\": \"opus\",\n", 1)).unwrap();
    desk.well(&["claude-code", "--undo"]);
    assert_eq!(read(&path), "{\n  \"model\": \"opus\"\n}\n");
}

#[test]
fn what_is_behind_the_proxy_by_another_hand_is_told_and_left() {
    let desk = Desk::new();
    let text = r#"{"mcpServers": {
  "a": {"command": "agent-receipts-mcp", "args": ["--name", "a", "--", "serve"]},
  "b": {"command": "/opt/agent-receipts-mcp", "args": ["--name", "b", "--socket", "/s", "--", "serve"]},
  "c": {"command": "/opt/agent-receipts", "args": ["mcp", "--", "serve"]}
}}"#;
    let path = desk.write(".cursor/mcp.json", text);
    let said = desk.well(&["cursor"]);
    assert_eq!(said.out.matches("not written by `setup`").count(), 3, "{}", said.all());
    let back = desk.well(&["cursor", "--undo"]);
    assert!(back.out.contains("3 left alone"), "{}", back.all());
    assert_eq!(read(&path), text);
}
