//! Files that cannot be changed safely are not changed at all, and the reason is told.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use super::{Desk, backups, names, read};
use crate::house::Said;

const SERVERS: &str = r#"{"mcpServers": {"a": {"command": "serve"}}}"#;

/// Refused with this word; nothing was written anywhere.
fn refused(desk: &Desk, host: &str, word: &str) {
    let folder = |desk: &Desk| std::fs::read_dir(desk.home("")).map_or(0, |_| count(&desk.home("")));
    let before = folder(desk);
    for arguments in [&[host][..], &[host, "--undo"], &[host, "--dry-run"]] {
        let said = desk.say(arguments);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{arguments:?} {}", said.all());
        assert!(said.err.contains(word) && said.err.contains("hint: "), "{word} is not in {}", said.all());
    }
    assert_eq!(folder(desk), before, "something was left behind");
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap())
        .map(|entry| 1 + if entry.file_type().unwrap().is_dir() { count(&entry.path()) } else { 0 })
        .sum()
}

#[test]
fn what_is_not_json_is_named_with_its_place_and_left() {
    for (text, word) in [
        ("", "it holds nothing"),
        (" \n", "it holds nothing"),
        ("{", "line 1"),
        ("{\n  \"a\": tru\n}", "line 2"),
        ("{\"a\": 1} {\"a\": 2}", "more than one"),
        ("{'a': 1}", "not valid JSON"),
        ("{a: 1}", "not valid JSON"),
        ("{\"a\": 1 \"b\": 2}", "not valid JSON"),
        ("{\"a\": 0x1F}", "not valid JSON"),
        ("[]", "not an object"),
        ("\"text\"", "not an object"),
        ("null", "not an object"),
    ] {
        let desk = Desk::new();
        let path = desk.write(".cursor/mcp.json", text);
        refused(&desk, "cursor", word);
        assert_eq!(read(&path), text);
    }
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    let desk = Desk::new();
    desk.write(".cursor/mcp.json", &"{\"a\":".repeat(100_000));
    refused(&desk, "cursor", "nesting");
    let desk = Desk::new();
    desk.write(".codex/config.toml", &format!("a = {}", "[".repeat(100_000)));
    refused(&desk, "codex", "config.toml");
}

#[test]
fn an_error_in_toml_tells_the_line_and_not_what_stands_there() {
    let desk = Desk::new();
    desk.write(".codex/config.toml", "model = \"o\"\ntoken = \"s3cret\" \"x\"\n");
    refused(&desk, "codex", "in line 2");
    assert!(!desk.say(&["codex"]).all().contains("s3cret"));
}

#[test]
fn a_name_that_stands_twice_is_refused_wherever_it_stands() {
    for text in [
        r#"{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}"#,
        r#"{"mcpServers": {}, "mcpServers": {}}"#,
        "{\"other\": [{\"x\": 1,\n\"\\u0078\": 2}]}",
        r#"{"mcpServers": {"a": {"command": "x", "command": "y"}}}"#,
    ] {
        let desk = Desk::new();
        desk.write(".cursor/mcp.json", text);
        refused(&desk, "cursor", "stands twice");
    }
    let desk = Desk::new();
    desk.write(".codex/config.toml", "[mcp_servers.a]\ncommand = \"x\"\ncommand = \"y\"\n");
    refused(&desk, "codex", "duplicate key");
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    for (make, word) in [
        ("mkdir", "no regular file"),
        ("mkfifo", "no regular file"),
        ("ln -s absent", "link to a file that is not there"),
        ("ln -s /dev/zero", "no regular file"),
    ] {
        let desk = Desk::new();
        std::fs::create_dir_all(desk.home(".cursor")).unwrap();
        let made = desk.house.shell(&format!("{make} {}", desk.home(".cursor/mcp.json").display()));
        assert_eq!(made.code, 0, "{}", made.all());
        refused(&desk, "cursor", word);
    }
}

#[test]
fn a_file_that_is_too_large_or_no_text_is_refused() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", SERVERS);
    std::fs::File::options().write(true).open(&path).unwrap().set_len((64 << 20) + 1).unwrap();
    refused(&desk, "cursor", "larger than 64 MiB");
    std::fs::write(&path, b"{\"a\": \"\xff\"}").unwrap();
    refused(&desk, "cursor", "not UTF-8");
}

#[test]
fn a_file_with_several_names_is_refused() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", SERVERS);
    std::fs::hard_link(&path, desk.home("twin")).unwrap();
    refused(&desk, "cursor", "several names");
    assert_eq!(read(&path), SERVERS);
}

#[test]
fn somebody_elses_file_is_refused() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", SERVERS);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
    } else {
        std::fs::remove_file(&path).unwrap();
        symlink("/etc/passwd", &path).unwrap();
    }
    refused(&desk, "cursor", "belongs to another user");
}

/// The program in a home in which one folder cannot be written. Root may write anywhere, so that it hands the program to somebody
/// who may not.
fn in_a_closed_folder(desk: &Desk, host: &str, closed: &Path, theirs: &[&Path]) -> Said {
    let program = desk.program(env!("CARGO_BIN_EXE_agent-receipts").as_ref(), "bin/agent-receipts");
    let mut command = std::process::Command::new(&program);
    command.args(["setup", host]).current_dir("/").env_clear().env("HOME", desk.home(""));
    command.env("AGENTRECEIPTS_MCP_BIN", desk.proxy()).env("AGENTRECEIPTS_HOOK_BIN", desk.hook());
    let set =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    if rustix::process::geteuid().is_root() {
        set(&desk.house.path(""), 0o755);
        for path in theirs {
            std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).unwrap();
        }
        command.uid(65_534).gid(65_534);
    }
    set(closed, 0o555);
    let said = Said::of(&command.output().unwrap());
    set(closed, 0o755);
    said
}

#[test]
fn a_folder_that_cannot_be_written_leaves_everything_as_it_was() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", SERVERS);
    let said = in_a_closed_folder(&desk, "cursor", &desk.home(".cursor"), &[&path]);
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.all());
    assert!(said.err.contains("could not write") && said.err.contains("mcp.json"), "{}", said.all());
    assert_eq!(names(&desk.home(".cursor")), ["mcp.json"]);
    assert_eq!(read(&path), SERVERS);
}

#[test]
fn of_two_files_none_is_changed_where_one_cannot_be() {
    let desk = Desk::new();
    let settings = desk.write(".claude/settings.json", "{\"a\": 1}");
    let servers = desk.write(".claude.json", SERVERS);
    let folder = desk.home(".claude");
    let said = in_a_closed_folder(&desk, "claude-code", &desk.home(""), &[&folder, &settings, &servers]);
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.all());
    assert!(said.err.contains("could not write") && said.err.contains(".claude.json"), "{}", said.all());
    assert_eq!((read(&settings).as_str(), read(&servers).as_str()), ("{\"a\": 1}", SERVERS));
    assert_eq!(names(&folder), ["settings.json"]);
}

/// Somebody else would come to read it, or no more.
#[test]
fn a_file_whose_group_cannot_be_kept_is_refused_where_the_group_may_anything() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("NOT RUN: only root can make a file of a group that is not its own");
    }
    for (mode, code) in [(0o640, 1), (0o600, 0)] {
        let desk = Desk::new();
        let path = desk.write(".cursor/mcp.json", SERVERS);
        let folder = desk.home(".cursor");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        std::os::unix::fs::chown(&path, Some(65_534), Some(1)).unwrap();
        let said = in_a_closed_folder(&desk, "cursor", &desk.home(""), &[&folder]);
        assert_eq!(said.code, code, "{}", said.all());
        assert_eq!(said.err.contains("belongs to a group of others"), code == 1, "{}", said.all());
        assert_eq!(read(&path) == SERVERS, code == 1);
        assert_eq!(names(&folder).len(), 2 - usize::try_from(code).unwrap());
    }
}

#[test]
fn one_bad_file_keeps_its_hosts_other_file_from_being_changed() {
    let desk = Desk::new();
    let settings = desk.write(".claude/settings.json", "{\"a\": 1}");
    desk.write(".claude.json", "{");
    refused(&desk, "claude-code", ".claude.json");
    assert_eq!(read(&settings), "{\"a\": 1}");
}

#[test]
fn shapes_that_nobody_knows_are_told_counted_and_left() {
    let text = r#"{"mcpServers": {
  "a": "serve", "b": {"command": 7}, "c": {"command": "serve", "args": "x"}, "d": {"command": "serve", "args": ["x", 1]},
  "e": {"command": "serve", "url": "https://h/"}, "f": {}, "g": {"command": "serve", "type": "sse"}, "h": {"url": ["x"]},
  "i": {"type": "sse", "url": "https://h/"}, "j": {"type": "ws", "url": "https://h/"}, "k": {"url": "ftp://h/"}, "-l": {"command": "serve"},
  "m": {"comm\u0061nd": "serve"}, "n": null, "o": {"command": ""}, "p": {"url": "https://h/", "oauth": {"clientId": "x"}},
  "q": {"url": "https://me:pw@h/"}, "r": {"url": "https://h/?api_key=1"}, "s": {"command": "--", "args": []}
}}"#;
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", text);
    let said = desk.well(&["cursor"]);
    assert!(said.out.contains("nothing to change (19 left alone)"), "{}", said.all());
    assert_eq!(read(&path), text);
    for (text, word) in [
        ("{\"mcpServers\": []}", "leave   server `mcpServers`"),
        ("{\"mcpServers\": {\"a\": {\"command\": \"x\"}}, \"projects\": []}", "wrap    server `a`"),
    ] {
        desk.write(".claude.json", text);
        assert!(desk.well(&["claude-code", "--dry-run"]).out.contains(word), "{text}");
    }
    for (text, word) in [
        ("{\"hooks\": []}", "leave   hook `hooks`"),
        ("{\"hooks\": {\"PreToolUse\": {}}}", "leave   hook `PreToolUse`"),
    ] {
        desk.write(".claude/settings.json", text);
        assert!(desk.well(&["claude-code", "--dry-run"]).out.contains(word), "{text}");
    }
    assert!(backups(&desk.home(".cursor")).is_empty());
}
