//! launchd's property lists, read by a reader of them.

use plist::{Dictionary, Value};

use super::planned;
use crate::house::{House, daemon_binary};

fn lists(scope: &str) -> Vec<(String, Dictionary)> {
    let house = House::new();
    let files = planned(&house, &[scope, "--manager", "launchd"]);
    let read = |(path, text): (String, String)| {
        let list = Value::from_reader_xml(text.as_bytes()).unwrap().into_dictionary().unwrap();
        (path.replace(house.path("h").to_str().unwrap(), "~"), list)
    };
    files.into_iter().map(read).collect()
}

fn text<'a>(list: &'a Dictionary, key: &str) -> &'a str {
    list.get(key).and_then(Value::as_string).unwrap()
}

#[test]
fn both_lists_parse_and_start_our_daemon() {
    for (scope, place) in [("--user", "~/Library/LaunchAgents"), ("--system", "/Library/LaunchDaemons")] {
        let lists = lists(scope);
        let [(path, list)] = &lists[..] else { panic!("{lists:?}") };
        assert_eq!(*path, format!("{place}/ai.agentreceipts.daemon.plist"));
        assert_eq!(text(list, "Label"), "ai.agentreceipts.daemon");
        let program = list.get("ProgramArguments").and_then(Value::as_array).unwrap();
        let daemon = daemon_binary().canonicalize().unwrap();
        assert_eq!(program[0].as_string(), daemon.to_str());
        // Started again when it fails, and left alone when it was told to end.
        let keep = list.get("KeepAlive").and_then(Value::as_dictionary).unwrap();
        assert_eq!(keep.get("SuccessfulExit").and_then(Value::as_boolean), Some(false));
        assert_eq!(list.get("Umask").and_then(Value::as_signed_integer), Some(0o027));
    }
}

#[test]
fn the_systems_daemon_has_a_user_of_its_own() {
    let (_, list) = lists("--system").remove(0);
    assert_eq!(text(&list, "UserName"), "_agentreceipts");
    assert_eq!(text(&list, "GroupName"), "_agentreceipts-read");
    let (_, list) = lists("--user").remove(0);
    assert!(list.get("UserName").is_none());
    assert!(text(&list, "StandardErrorPath").ends_with("h/Library/Logs/agent-receipts/daemon.log"));
}

/// The files as they stand in `cli/packaging/`, which a formula or a person may install without our program.
#[test]
fn the_packaged_lists_parse_as_they_are() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/launchd");
    let mut count = 0;
    for scope in std::fs::read_dir(folder).unwrap() {
        for list in std::fs::read_dir(scope.unwrap().path()).unwrap() {
            Value::from_file(list.unwrap().path()).unwrap();
            count += 1;
        }
    }
    assert_eq!(count, 2);
}
