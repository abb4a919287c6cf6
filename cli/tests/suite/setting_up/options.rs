//! Which servers are meant, which rules, and which programs.

use super::{Desk, json, read};
use crate::house::Said;

const THREE: &str =
    r#"{"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}, "c": {"command": "z"}}}"#;

fn wrapped(desk: &Desk) -> Vec<String> {
    let servers = json(&read(&desk.home(".claude.json")))["mcpServers"].clone();
    let servers = servers.as_object().unwrap().iter();
    servers
        .filter(|(_, server)| server["command"] == desk.proxy().as_str())
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn servers_are_chosen_by_name_for_setting_up_and_for_undoing() {
    let desk = Desk::new();
    let path = desk.write(".claude.json", THREE);
    desk.well(&["claude-code", "--only", "a", "--only", "c"]);
    assert_eq!(wrapped(&desk), ["a", "c"]);
    assert!(!desk.home(".claude/settings.json").exists(), "servers alone were asked for");
    desk.well(&["claude-code", "--undo", "--only", "c"]);
    assert_eq!(wrapped(&desk), ["a"]);
    desk.well(&["claude-code", "--skip", "b"]);
    assert_eq!(wrapped(&desk), ["a", "c"]);
    assert!(desk.home(".claude/settings.json").exists());
    desk.well(&["claude-code", "--undo", "--skip", "a"]);
    assert_eq!(wrapped(&desk), ["a"]);
    desk.well(&["claude-code", "--undo"]);
    assert_eq!(read(&path), THREE);
}

#[test]
fn a_server_that_is_not_there_is_no_server_to_skip() {
    let desk = Desk::new();
    let path = desk.write(".claude.json", THREE);
    for flag in ["--only", "--skip"] {
        let said = desk.say(&["claude-code", flag, "A"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.all());
        assert!(said.err.contains("there is no server `A`"), "{}", said.all());
    }
    assert_eq!(read(&path), THREE);
    assert!(!desk.home(".claude").exists());
}

#[test]
fn rules_are_passed_by_their_absolute_path_and_must_be_there() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", THREE);
    for missing in ["absent.yaml", "."] {
        let said = desk.say(&["cursor", "--rules", missing]);
        assert!(said.code == 1 && said.err.contains("no file of rules"), "{}", said.all());
    }
    assert_eq!(read(&path), THREE);
    std::fs::write(desk.house.path("r.yaml"), "rules: []\n").unwrap();
    desk.well(&["cursor", "--rules", "r.yaml"]);
    let rules = desk.house.path("r.yaml").display().to_string();
    let arguments = serde_json::json!(["--name", "a", "--rules", rules, "--", "x"]);
    assert_eq!(json(&read(&path))["mcpServers"]["a"]["args"], arguments);
    let other = desk.well(&["cursor"]);
    assert!(other.out.contains("keep    server `a`: with another program or other rules"), "{}", other.all());
    desk.well(&["cursor", "--undo"]);
    assert_eq!(read(&path), THREE);
    assert_eq!(desk.say(&["cursor", "--undo", "--rules", "r.yaml"]).code, 2);
}

#[test]
fn a_program_that_is_nowhere_stops_it_with_the_mend() {
    let desk = Desk::new();
    let path = desk.write(".claude.json", THREE);
    let settings = desk.write(".claude/settings.json", "{}");
    for (variable, program) in [("AGENTRECEIPTS_HOOK_BIN", "hook"), ("AGENTRECEIPTS_MCP_BIN", "mcp")] {
        std::fs::remove_file(desk.house.path(&format!("bin/agent-receipts-{program}"))).unwrap();
        let said = desk.say(&["claude-code"]);
        assert!(said.code == 1 && said.err.contains("not an executable file"), "{}", said.all());
        // A copy that has no other program of ours beside it.
        let alone = desk.program(env!("CARGO_BIN_EXE_agent-receipts").as_ref(), "bin/agent-receipts");
        let mut command = std::process::Command::new(&alone);
        command
            .args(["setup", "claude-code"])
            .env_clear()
            .env("HOME", desk.home(""))
            .env("PATH", "/usr/bin:/bin");
        let other = if program == "hook" { "AGENTRECEIPTS_MCP_BIN" } else { "AGENTRECEIPTS_HOOK_BIN" };
        command.env(
            other,
            desk.house.path(&format!(
                "bin/{}",
                if program == "hook" { "agent-receipts-mcp" } else { "agent-receipts-hook" }
            )),
        );
        let said = Said::of(&command.output().unwrap());
        assert!(said.code == 1 && said.err.contains(variable), "{}", said.all());
        desk.script(&format!("bin/agent-receipts-{program}"), "");
    }
    assert_eq!((read(&path).as_str(), read(&settings).as_str()), (THREE, "{}"));
}

#[test]
fn a_program_by_another_name_is_refused_as_it_could_not_be_undone() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", THREE);
    let said = desk.say(&["cursor", "--mcp-bin", "/bin/sh"]);
    assert!(said.code == 1 && said.err.contains("is not called `agent-receipts-mcp`"), "{}", said.all());
    assert_eq!(read(&path), THREE);
}

#[test]
fn programs_beside_ours_are_named_as_the_path_names_them() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", THREE);
    let versions = desk.house.path("cellar/1.0");
    std::fs::create_dir_all(&versions).unwrap();
    desk.program(env!("CARGO_BIN_EXE_agent-receipts").as_ref(), "cellar/1.0/agent-receipts");
    std::fs::rename(desk.house.path("bin/agent-receipts-mcp"), versions.join("agent-receipts-mcp")).unwrap();
    std::os::unix::fs::symlink(
        versions.join("agent-receipts-mcp"),
        desk.house.path("bin/agent-receipts-mcp"),
    )
    .unwrap();
    let mut command = std::process::Command::new(versions.join("agent-receipts"));
    command.args(["setup", "cursor"]).env_clear().env("HOME", desk.home(""));
    command.env("PATH", format!("{}:/usr/bin:/bin", desk.house.path("bin").display()));
    let said = Said::of(&command.output().unwrap());
    assert_eq!(said.code, 0, "{}", said.all());
    assert_eq!(json(&read(&path))["mcpServers"]["a"]["command"], desk.proxy().as_str());
}

#[test]
fn wrong_command_lines_are_refused() {
    let desk = Desk::new();
    for line in [&[][..], &["emacs"], &["cursor", "codex"], &["cursor", "--only", "a", "--skip", "b"]] {
        let said = desk.say(line);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line:?} {}", said.all());
    }
    let mut homeless = desk.command(&["cursor"]);
    let said = Said::of(&homeless.env_remove("HOME").output().unwrap());
    assert!(said.code != 0 && said.err.contains("HOME"), "{}", said.all());
}
