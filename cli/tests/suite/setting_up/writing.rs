//! How files are written: behind links, with their mode, after a backup.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use super::{Desk, backups, names, read};

const SERVERS: &str = r#"{"mcpServers": {"a": {"command": "serve", "env": {"TOKEN": "s3cret"}}}}"#;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_mode_stays_and_the_backup_is_its_owners_alone() {
    for (of_file, of_backup) in [(0o644, 0o600), (0o664, 0o600), (0o600, 0o600), (0o400, 0o400)] {
        let desk = Desk::new();
        let path = desk.write(".cursor/mcp.json", SERVERS);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(of_file)).unwrap();
        let said = desk.well(&["cursor"]);
        let backup = backups(&desk.home(".cursor")).pop().unwrap();
        assert_eq!((mode(&path), mode(&backup)), (of_file, of_backup));
        assert_eq!(read(&backup), SERVERS);
        let name = backup.file_name().unwrap().to_str().unwrap();
        let time = name.strip_prefix("mcp.json.agent-receipts-").unwrap().strip_suffix("Z.bak").unwrap();
        assert!(time.len() == 15 && time.as_bytes()[8] == b'T', "{name}");
        assert!(said.out.contains(&format!("backup  {}", backup.display())), "{}", said.all());
        assert_eq!(names(&desk.home(".cursor")).len(), 2);
    }
}

#[test]
fn a_link_stays_a_link_and_its_target_is_replaced() {
    let desk = Desk::new();
    let target = desk.house.path("dotfiles/cursor.json");
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::create_dir_all(desk.home(".cursor")).unwrap();
    std::fs::write(&target, SERVERS).unwrap();
    let link = desk.home(".cursor/mcp.json");
    symlink("../../dotfiles/cursor.json", &link).unwrap();
    desk.there_and_back("cursor", &link);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(names(&desk.home(".cursor")), ["mcp.json"]);
    assert_eq!(backups(target.parent().unwrap()).len(), 2);
}

#[test]
fn a_dry_run_and_a_second_run_write_nothing_at_all() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", SERVERS);
    let before = std::fs::metadata(&path).unwrap();
    let dry = desk.well(&["cursor", "--dry-run"]);
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    assert_eq!(names(&desk.home(".cursor")), ["mcp.json"]);
    let wet = desk.well(&["cursor"]);
    let difference = |out: &str| {
        out.lines().filter(|line| line.starts_with(['+', '-', '@'])).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(difference(&dry.out), difference(&wet.out));
    let inode = std::fs::metadata(&path).unwrap().ino();
    desk.well(&["cursor"]);
    assert_eq!(std::fs::metadata(&path).unwrap().ino(), inode);
    assert_eq!(names(&desk.home(".cursor")).len(), 2);
    desk.well(&["cursor", "--undo", "--dry-run"]);
    assert_eq!(names(&desk.home(".cursor")).len(), 2);
}

#[test]
fn what_is_shown_has_colours_on_terminals_only() {
    let desk = Desk::new();
    desk.write(".cursor/mcp.json", SERVERS);
    let output = desk.command(&["cursor", "--dry-run"]).env("TERM", "xterm").output().unwrap();
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn the_answer_in_json_says_all_of_it() {
    let desk = Desk::new();
    let path = desk.write(".cursor/mcp.json", r#"{"mcpServers": {"a": {"command": "serve"}, "b": 7}}"#);
    let answer = desk.well(&["cursor", "--json"]).json();
    assert_eq!(
        (&answer["host"], &answer["changed"], &answer["dry_run"]),
        (&"cursor".into(), &true.into(), &false.into())
    );
    let file = &answer["files"][0];
    assert_eq!((&file["deed"], file["path"].as_str()), (&"write".into(), path.to_str()));
    assert!(Path::new(file["backup"].as_str().unwrap()).exists());
    assert!(file["diff"].as_str().unwrap().contains("@@"));
    assert_eq!(file["changes"][0], serde_json::json!({"what": "server", "name": "a", "deed": "wrap"}));
    assert_eq!(file["changes"][1]["deed"], "leave");
    assert_eq!(file["changes"][1]["note"], "it is no object");
    let again = desk.well(&["cursor", "--json"]).json();
    assert_eq!((&again["changed"], &again["files"][0]["deed"]), (&false.into(), &"keep".into()));
}
