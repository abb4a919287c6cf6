//! The hosts other than Claude Code: where their files stand, and how they are laid out.

use super::{Desk, json, read};

const CODEX: &str = r#"# my settings
model = "o" # the model

[mcp_servers.files] # files
command = "npx" # runs it
args = ["-y", 'server-files']

[mcp_servers.files.env]
TOKEN = "x"

[mcp_servers."with space"]
command = 'serve'
enabled = false

[mcp_servers.remote]
url = "https://mcp.example.org/v1" # there

[mcp_servers.guarded]
url = "https://mcp.example.org/v1"
bearer_token_env_var = "TOKEN"

[mcp_servers]
short = { command = "serve" }
far = { url = "https://mcp.example.org/v2", tool_timeout_sec = 3 }
dotted.command = "serve"

[profiles.x]
model = "p""#;

#[test]
fn codex_has_hooks_and_servers() {
    let desk = Desk::new();
    let config = desk.write(".codex/config.toml", CODEX);
    let after: toml::Table = desk.there_and_back("codex", &config).parse().unwrap();
    let servers = after["mcp_servers"].as_table().unwrap();
    let proxy = toml::Value::from(desk.proxy());
    let arguments = |name: &str| -> Vec<&str> {
        servers[name]["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
    };
    assert_eq!(arguments("files"), ["--name", "files", "--", "npx", "-y", "server-files"]);
    assert_eq!(arguments("with space"), ["--name", "with space", "--", "serve"]);
    assert_eq!(arguments("remote"), ["--name", "remote", "--remote", "https://mcp.example.org/v1"]);
    assert_eq!(arguments("short"), ["--name", "short", "--", "serve"]);
    assert_eq!(arguments("far"), ["--name", "far", "--remote", "https://mcp.example.org/v2"]);
    assert_eq!(arguments("dotted"), ["--name", "dotted", "--", "serve"]);
    for name in ["files", "with space", "remote", "short", "far", "dotted"] {
        assert_eq!(servers[name]["command"], proxy, "{name}");
        assert!(servers[name].get("url").is_none(), "{name}");
    }
    assert_eq!(servers["files"]["env"]["TOKEN"].as_str(), Some("x"));
    let before: toml::Table = CODEX.parse().unwrap();
    assert_eq!(servers["guarded"], before["mcp_servers"]["guarded"]);
    assert_eq!(after["profiles"], before["profiles"]);
}

#[test]
fn codexs_hooks_are_those_of_the_documentation() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.home("")).unwrap();
    let said = desk.well(&["codex"]);
    assert!(said.out.contains("/hooks"), "{}", said.all());
    let after = json(&read(&desk.home(".codex/hooks.json")));
    let events: Vec<&String> = after["hooks"].as_object().unwrap().keys().collect();
    let page = read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/hooks.md")));
    let section = page.split("\n## ").find(|section| section.starts_with("Codex")).unwrap();
    assert_eq!(events.len(), 6);
    assert!(events.iter().all(|event| section.contains(&format!("`{event}`"))), "{events:?}");
    assert!(!desk.home(".codex/config.toml").exists());
    desk.well(&["codex", "--undo"]);
    assert!(!desk.home(".codex/hooks.json").exists());
}

#[test]
fn codexs_home_is_honoured() {
    let desk = Desk::new();
    let folder = desk.house.path("c");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "[mcp_servers.s]\r\ncommand = \"serve\"\r\n").unwrap();
    let output = desk.command(&["codex"]).env("CODEX_HOME", &folder).output().unwrap();
    assert!(output.status.success());
    let expected = format!(
        "[mcp_servers.s]\r\ncommand = \"{}\"\r\nargs = [\"--name\", \"s\", \"--\", \"serve\"]\r\n",
        desk.proxy()
    );
    assert_eq!(read(&folder.join("config.toml")), expected);
    assert!(folder.join("hooks.json").exists());
}

#[test]
fn codexs_projects_have_their_own() {
    let desk = Desk::new();
    let config = desk.house.path(".codex/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "mcp_servers.s.command = \"serve\"").unwrap();
    desk.well(&["codex", "--project"]);
    let arguments = "args = [\"--name\", \"s\", \"--\", \"serve\"]";
    let expected = format!("mcp_servers.s.command = \"{}\"\nmcp_servers.s.{arguments}", desk.proxy());
    assert_eq!(read(&config), expected);
    assert!(desk.house.path(".codex/hooks.json").exists() && !desk.home(".codex").exists());
    desk.well(&["codex", "--project", "--undo"]);
    assert_eq!(read(&config), "mcp_servers.s.command = \"serve\"");
    assert!(!desk.house.path(".codex/hooks.json").exists());
}

const COMMENTED: &str = "{\r\n\t// servers of mine\r\n\t\"servers\": {\r\n\t\t\"files\": { // local\r\n\t\t\t\"type\": \"stdio\",\r\n\t\t\t\"command\": /* what */ \"npx\", // how\r\n\t\t\t\"args\": [ // these\r\n\t\t\t\t\"-y\", // yes\r\n\t\t\t\t\"server\",\r\n\t\t\t],\r\n\t\t},\r\n\t\t\"bare\": { \"command\": \"serve\", /* no args */ },\r\n\t\t\"far\": {\r\n\t\t\t\"url\": \"http://127.0.0.1:8080/mcp\" /* there */,\r\n\t\t},\r\n\t\t/* \"old\": {\"command\": \"gone\"} */\r\n\t},\r\n\t\"inputs\": [{ \"id\": \"key\", \"password\": true }],\r\n}\r\n";

#[test]
fn vs_codes_comments_commas_tabs_and_line_ends_survive() {
    let desk = Desk::new();
    let folder = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let path = desk.write(&format!("{folder}/Code/User/mcp.json"), COMMENTED);
    let between = desk.there_and_back("vscode", &path);
    for comment in [
        "// servers of mine",
        "// local",
        "/* what */",
        "// how",
        "// these",
        "// yes",
        "/* no args */",
        "/* there */",
        "/* \"old\": {\"command\": \"gone\"} */",
    ] {
        assert!(between.contains(comment), "{comment} is gone from {between}");
    }
    assert_eq!(between.matches('\n').count(), between.matches("\r\n").count());
    assert_eq!(between.matches(&desk.proxy()).count(), 3, "{between}");
    assert!(between.contains("\t\t\t\t\"--name\",\r\n\t\t\t\t\"files\",\r\n\t\t\t\t\"--\",\r\n\t\t\t\t\"npx\",\r\n\t\t\t\t\"-y\", // yes"), "{between}");
}

#[test]
fn cursors_servers_are_wrapped_in_the_home_and_in_projects() {
    let desk = Desk::new();
    let text = "{\"mcpServers\":{\"a\":{\"command\":\"serve\",\"args\":[\"x\",\"y\"]}}}";
    let path = desk.write(".cursor/mcp.json", text);
    let between = desk.there_and_back("cursor", &path);
    assert!(between.contains(r#""args":["--name","a","--","serve","x","y"]"#), "{between}");
    let project = desk.house.path(".cursor/mcp.json");
    std::fs::create_dir_all(project.parent().unwrap()).unwrap();
    std::fs::write(&project, text).unwrap();
    desk.well(&["cursor", "--project"]);
    assert_eq!(read(&project), between);
    assert_eq!(read(&path), text);
}

#[test]
fn claude_desktop_has_one_file_and_no_projects() {
    let desk = Desk::new();
    let folder = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let name = format!("{folder}/Claude/claude_desktop_config.json");
    let path = desk.write(
        &name,
        "\u{feff}{\n  \"mcpServers\": {\n    \"a\": {\n      \"command\": \"serve\"\n    }\n  }\n}",
    );
    let between = desk.there_and_back("claude-desktop", &path);
    assert!(between.contains("\n      \"args\": [\"--name\", \"a\", \"--\", \"serve\"]\n"), "{between}");
    let refused = desk.say(&["claude-desktop", "--project"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{}", refused.all());
}

#[test]
fn the_user_configuration_follows_the_desktops_own_variable() {
    if cfg!(target_os = "macos") {
        eprintln!("macOS has no such variable");
        return;
    }
    let desk = Desk::new();
    let folder = desk.house.path("x/Code/User");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mcp.json"), r#"{"servers": {"a": {"command": "serve"}}}"#).unwrap();
    let output = desk.command(&["vscode"]).env("XDG_CONFIG_HOME", desk.house.path("x")).output().unwrap();
    assert!(output.status.success());
    assert!(read(&folder.join("mcp.json")).contains("--name"));
}

#[test]
fn a_host_without_a_file_or_without_servers_has_nothing_to_wrap() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.home("")).unwrap();
    for host in ["cursor", "claude-desktop", "vscode"] {
        let said = desk.well(&[host]);
        assert!(
            said.out.contains("nothing to wrap") && said.out.contains("run this again"),
            "{}",
            said.all()
        );
        assert!(desk.well(&[host, "--undo"]).out.contains("nothing to undo"));
    }
    assert!(super::names(&desk.home("")).is_empty());
    let path = desk.write(".cursor/mcp.json", "{\"mcpServers\": {}}");
    let said = desk.well(&["cursor"]);
    assert!(said.out.contains("nothing to wrap") && said.out.contains(".cursor/mcp.json"), "{}", said.all());
    assert_eq!(read(&path), "{\"mcpServers\": {}}");
}
