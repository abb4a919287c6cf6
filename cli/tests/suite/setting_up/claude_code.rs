use super::{Desk, json, names, read};

const SETTINGS: &str = r#"{
    "model": "opus",
    "hooks": {
        "PreToolUse": [
            {"matcher": "Bash", "hooks": [{"type": "command", "command": "lint"}]}
        ],
        "Stop": []
    },
    "permissions": {"allow": []}
}
"#;

const SERVERS: &str = r#"{
  "numStartups": 4,
  "mcpServers": {
    "files": {
      "type": "stdio",
      "command": "npx",
      "args": [
        "-y",
        "server-files"
      ],
      "env": { "LEVEL": "debug" }
    },
    "bare": {"command": "serve"},
    "empty": {"args": [], "command": "serve"},
    "remote": {"type": "http", "url": "https://mcp.example.org/v1"},
    "guarded": {"type": "http", "url": "https://mcp.example.org/v1", "headers": {"X-Team": "a"}}
  },
  "projects": {
    "/srv/a": {"history": [], "mcpServers": {"local": {"command": "serve", "args": ["a b", "c\"d"]}}},
    "/srv/b": {"allowedTools": []}
  }
}"#;

/// The events that docs/hooks.md names for a host.
fn documented(heading: &str) -> Vec<String> {
    let page = read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/hooks.md")));
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap().to_owned();
    // Each event stands once in quotes or backquotes with a capital at its beginning.
    let words = section.split(['"', '`']).filter(|word| word.chars().all(|c| c.is_ascii_alphabetic()));
    words.filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

#[test]
fn every_documented_event_gets_a_hook_and_the_others_stay() {
    let desk = Desk::new();
    let path = desk.write(".claude/settings.json", SETTINGS);
    let after = json(&desk.there_and_back("claude-code", &path));
    let events = documented("Claude Code");
    assert_eq!(events.len(), 8, "{events:?}");
    for event in &events {
        let groups = after["hooks"][event].as_array().unwrap();
        let ours = groups.last().unwrap();
        assert_eq!(ours["hooks"][0]["command"], desk.hook().as_str(), "{event}");
        assert_eq!(ours["hooks"][0]["type"], "command", "{event}");
        let about_tools = event.contains("Tool") || event.contains("Permission");
        assert_eq!(ours.get("matcher").is_some_and(|matcher| matcher == "*"), about_tools, "{event}");
    }
    assert_eq!(after["hooks"]["PreToolUse"][0]["hooks"][0]["command"], "lint");
    assert_eq!(after["hooks"].as_object().unwrap().len(), 9);
    assert_eq!(after["permissions"], json(SETTINGS)["permissions"]);
}

#[test]
fn servers_of_the_user_and_of_every_project_are_wrapped() {
    let desk = Desk::new();
    let path = desk.write(".claude.json", SERVERS);
    let said = desk.well(&["claude-code", "--dry-run"]);
    for line in [
        "wrap    server `files`",
        "wrap    server `local` of `/srv/a`",
        "leave   server `guarded`: it has `headers`",
    ] {
        assert!(said.out.contains(line), "{line} in {}", said.all());
    }
    let after = json(&desk.there_and_back("claude-code", &path));
    let proxy = desk.proxy();
    let servers = &after["mcpServers"];
    let files = serde_json::json!({"type": "stdio", "command": proxy,
        "args": ["--name", "files", "--", "npx", "-y", "server-files"], "env": {"LEVEL": "debug"}});
    assert_eq!(servers["files"], files);
    assert_eq!(servers["bare"]["args"], serde_json::json!(["--name", "bare", "--", "serve"]));
    assert_eq!(servers["empty"]["args"], serde_json::json!(["--name", "empty", "--", "serve"]));
    let remote = serde_json::json!({"type": "stdio", "command": proxy,
        "args": ["--name", "remote", "--remote", "https://mcp.example.org/v1"]});
    assert_eq!(servers["remote"], remote);
    assert_eq!(servers["guarded"], json(SERVERS)["mcpServers"]["guarded"]);
    let local = &after["projects"]["/srv/a"]["mcpServers"]["local"];
    assert_eq!(local["args"], serde_json::json!(["--name", "local", "--", "serve", "a b", "c\"d"]));
    assert_eq!(after["projects"]["/srv/b"], json(SERVERS)["projects"]["/srv/b"]);
}

#[test]
fn without_settings_they_are_made_and_go_with_the_undoing() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.home("")).unwrap();
    let path = desk.home(".claude/settings.json");
    let dry = desk.well(&["claude-code", "--dry-run"]);
    assert!(dry.out.contains("create ") && dry.out.contains("--- /dev/null"), "{}", dry.all());
    assert!(!desk.home(".claude").exists());
    let said = desk.well(&["claude-code"]);
    assert!(said.out.contains(&format!("create  {}", path.display())), "{}", said.all());
    assert_eq!(json(&read(&path))["hooks"].as_object().unwrap().len(), 8);
    assert!(desk.well(&["claude-code"]).out.contains("nothing to change"));
    let back = desk.well(&["claude-code", "--undo"]);
    assert!(back.out.contains("remove  "), "{}", back.all());
    assert!(!path.exists() && !desk.home(".claude.json").exists());
}

#[test]
fn settings_that_hold_nothing_come_back_as_they_were() {
    for text in [
        "{}",
        "{}\n",
        "{ }",
        "{\n}\n",
        "{\n  // mine\n}\n",
        "{\"hooks\": {}}",
        "{\n  \"hooks\": {\n  }\n}",
        "{\"hooks\":{\"Stop\":[],\"PreToolUse\":[ ]}}",
    ] {
        let desk = Desk::new();
        let path = desk.write(".claude/settings.json", text);
        desk.there_and_back("claude-code", &path);
    }
}

#[test]
fn a_hook_that_somebody_wrote_by_hand_is_not_doubled_and_not_taken_out() {
    let desk = Desk::new();
    let by_hand = r#"{"hooks": {
  "PreToolUse": [{"hooks": [{"type": "command", "command": "agent-receipts-hook --strict"}]}],
  "PostToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "agent-receipts-hook"}]}]
}}"#;
    let path = desk.write(".claude/settings.json", by_hand);
    let said = desk.well(&["claude-code"]);
    assert!(
        said.out.contains("keep    hook `PostToolUse`: its matcher leaves some of them out"),
        "{}",
        said.all()
    );
    let after = json(&read(&path));
    for event in ["PreToolUse", "PostToolUse"] {
        assert_eq!(after["hooks"][event].as_array().unwrap().len(), 1);
    }
    let back = desk.well(&["claude-code", "--undo"]);
    assert!(back.out.contains("leave   hook `PreToolUse`"), "{}", back.all());
    assert_eq!(read(&path), by_hand);
}

#[test]
fn a_projects_own_files_are_meant_by_its_flag() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.home("")).unwrap();
    let mine = desk.write(".claude.json", SERVERS);
    let shared = desk.house.path(".mcp.json");
    std::fs::write(&shared, r#"{"mcpServers": {"s": {"command": "serve"}}}"#).unwrap();
    desk.well(&["claude-code", "--project"]);
    assert_eq!(json(&read(&shared))["mcpServers"]["s"]["command"], desk.proxy().as_str());
    assert!(read(&desk.house.path(".claude/settings.json")).contains("SessionEnd"));
    assert_eq!(read(&mine), SERVERS);
    desk.well(&["claude-code", "--project", "--undo"]);
    assert_eq!(read(&shared), r#"{"mcpServers": {"s": {"command": "serve"}}}"#);
}

#[test]
fn another_configuration_folder_is_honoured() {
    let desk = Desk::new();
    let folder = desk.house.path("elsewhere");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(".claude.json"), r#"{"mcpServers": {"s": {"command": "serve"}}}"#).unwrap();
    let output = desk.command(&["claude-code"]).env("CLAUDE_CONFIG_DIR", &folder).output().unwrap();
    assert!(output.status.success());
    assert!(read(&folder.join(".claude.json")).contains("--name"));
    assert!(names(&folder).contains(&"settings.json".to_owned()));
    assert!(!desk.home(".claude").exists());
}

#[test]
fn where_hooks_are_switched_off_that_is_told() {
    let desk = Desk::new();
    let path = desk.write(".claude/settings.json", "{\"disableAllHooks\": true}");
    assert!(desk.well(&["claude-code"]).out.contains("switches all hooks off"));
    std::fs::write(&path, "{\"disableAllHooks\": false}").unwrap();
    assert!(!desk.well(&["claude-code"]).out.contains("switches all hooks off"));
    desk.write(".codex/config.toml", "[features]\nhooks = false\n");
    assert!(desk.well(&["codex"]).out.contains("switches all hooks off"));
}
