//! What stands in a configuration once it is set up really starts, as the host would start it.

use std::process::Command;

use super::{Desk, json, read};

/// Notes every argument in a line of its own, and the environment's `LEVEL`.
fn noting(desk: &Desk, name: &str) -> String {
    let script = format!(
        "for one in \"$@\"; do printf '%s\\n' \"$one\"; done > {}/{name}.said\nprintf '%s\\n' \"$LEVEL\" >> {0}/{name}.said",
        desk.house.path("").display()
    );
    desk.script(&format!("bin/{name}"), &script).display().to_string()
}

#[test]
fn a_wrapped_server_is_started_by_the_proxy_with_what_it_had() {
    let desk = Desk::new();
    let server = noting(&desk, "server");
    // A proxy that does as much of its work as matters here: it finds the server behind `--`.
    desk.script("bin/agent-receipts-mcp", &format!(
        "for one in \"$@\"; do printf '%s\\n' \"$one\"; done > {}/proxy.said\nwhile [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"",
        desk.house.path("").display()
    ));
    std::fs::write(desk.house.path("rules.yaml"), "rules: []\n").unwrap();
    let arguments = ["-y", "a b", "--", "c\"d\\e", "", "$HOME", "ü"];
    let entry = serde_json::json!({"command": server, "args": arguments, "env": {"LEVEL": "debug"}});
    let path =
        desk.write(".cursor/mcp.json", &serde_json::json!({"mcpServers": {"my server": entry}}).to_string());
    desk.well(&["cursor", "--rules", "rules.yaml"]);
    let wrapped = &json(&read(&path))["mcpServers"]["my server"];
    let words: Vec<&str> =
        wrapped["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let mut host = Command::new(wrapped["command"].as_str().unwrap());
    host.args(&words)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LEVEL", wrapped["env"]["LEVEL"].as_str().unwrap());
    assert!(host.current_dir("/").status().unwrap().success());
    let lines = |name: &str| read(&desk.house.path(name)).lines().map(str::to_owned).collect::<Vec<_>>();
    let rules = desk.house.path("rules.yaml").display().to_string();
    let mut expected = vec!["--name", "my server", "--rules", &rules, "--", &server];
    expected.extend(arguments);
    assert_eq!(lines("proxy.said"), expected);
    assert_eq!(lines("server.said"), [&arguments[..], &["debug"]].concat());
    desk.well(&["cursor", "--undo"]);
    assert_eq!(json(&read(&path))["mcpServers"]["my server"], entry);
}

#[test]
fn a_hook_is_started_by_the_hosts_shell_wherever_it_stands() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.house.path("bin/it's a $folder")).unwrap();
    let name = "bin/it's a $folder/agent-receipts-hook";
    let hook = desk.script(name, &format!("cat > {}/heard", desk.house.path("").display()));
    std::fs::create_dir_all(desk.home("")).unwrap();
    desk.well(&["claude-code", "--hook-bin", hook.to_str().unwrap()]);
    let path = desk.home(".claude/settings.json");
    let command = json(&read(&path))["hooks"]["PreToolUse"][0]["hooks"][0]["command"].clone();
    let script = format!("echo event | {}", command.as_str().unwrap());
    assert!(Command::new("sh").args(["-c", &script]).current_dir("/").status().unwrap().success());
    assert_eq!(read(&desk.house.path("heard")), "event\n");
    let again = desk.well(&["claude-code", "--hook-bin", hook.to_str().unwrap()]);
    assert!(again.out.contains("nothing to change"), "{}", again.all());
    desk.well(&["claude-code", "--undo"]);
    assert!(!path.exists());
}
