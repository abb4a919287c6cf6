//! Install, ask, start, stop, uninstall: for a user, with the stand-in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{WILLING, asked, say, service, stand_in};
use crate::house::House;

const UNITS: [&str; 2] = ["agent-receipts-daemon.socket", "agent-receipts-daemon.service"];

#[test]
fn a_service_comes_is_used_and_goes_again() {
    let house = House::new();
    let path = stand_in(&house, WILLING);
    let run = |arguments: &[&str]| say(service(&house, arguments).env("PATH", &path));
    let said = run(&["install", "--user"]);
    assert_eq!(said.code, 0, "{}", said.all());
    for name in UNITS {
        let unit = house.path("h/.config/systemd/user").join(name);
        assert_eq!(fs::metadata(&unit).unwrap().permissions().mode() & 0o777, 0o644);
    }
    let enabled = "--user enable --now agent-receipts-daemon.socket agent-receipts-daemon.service";
    assert_eq!(asked(&house), ["--user is-system-running", "--user daemon-reload", enabled]);
    let status = run(&["status", "--user", "--json"]);
    let state = status.json();
    assert_eq!(
        (status.code, &state["installed"], &state["running"]),
        (0, &true.into(), &true.into()),
        "{state}"
    );
    assert!(state["files"].as_array().unwrap().iter().all(|file| file["state"] == "current"), "{state}");
    assert_eq!(run(&["stop", "--user"]).code, 0);
    assert_eq!(run(&["start", "--user"]).code, 0);
    let both = "agent-receipts-daemon.socket agent-receipts-daemon.service";
    assert!(asked(&house).contains(&format!("--user stop {both}")));
    assert!(asked(&house).contains(&format!("--user start {both}")));
    let gone = run(&["uninstall", "--user"]);
    assert_eq!(gone.code, 0, "{}", gone.all());
    assert!(gone.out.contains("keys"), "{}", gone.all());
    assert_eq!(fs::read_dir(house.path("h/.config/systemd/user")).unwrap().count(), 0);
    // A second time there is nothing to do, and nothing wrong with that.
    let again = run(&["uninstall", "--user"]);
    assert!(again.code == 0 && again.out.contains("not installed"), "{}", again.all());
}

#[test]
fn installing_twice_writes_once() {
    let house = House::new();
    let path = stand_in(&house, WILLING);
    let install = || say(service(&house, &["install", "--user", "--json"]).env("PATH", &path)).json();
    let deeds = |answer: serde_json::Value| {
        let deeds = answer["done"].as_array().unwrap().clone();
        deeds.iter().map(|deed| deed["deed"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(deeds(install()), ["write", "write", "run", "run"]);
    assert_eq!(deeds(install()), ["keep", "keep", "run", "run"]);
}

#[test]
fn a_dry_run_does_nothing() {
    let house = House::new();
    let path = stand_in(&house, WILLING);
    for verb in ["install", "uninstall", "start", "stop"] {
        let said = say(service(&house, &[verb, "--user", "--dry-run"]).env("PATH", &path));
        assert_eq!(said.code, 0, "{}", said.all());
    }
    assert_eq!(asked(&house), [""; 0]);
    assert!(!house.path("h").exists());
}

#[test]
fn what_an_uninstall_leaves_alone() {
    let house = House::new();
    let path = stand_in(&house, WILLING);
    let run = |arguments: &[&str]| say(service(&house, arguments).env("PATH", &path));
    assert_eq!(house.say(["init"]).code, 0);
    assert_eq!(run(&["install", "--user"]).code, 0);
    let socket = house.path("h/.config/systemd/user").join(UNITS[0]);
    fs::write(&socket, "# somebody wrote this anew\n").unwrap();
    let said = run(&["uninstall", "--user"]);
    assert!(said.code == 0 && said.out.contains("leave"), "{}", said.all());
    assert!(socket.exists() && house.data("signing.key").exists() && house.data("signing.key.pub").exists());
}

#[test]
fn a_service_that_does_not_run_is_said_to_be_so() {
    let house = House::new();
    let path = stand_in(&house, "echo inactive; exit 3");
    let status = say(service(&house, &["status", "--user", "--json"]).env("PATH", &path));
    let state = status.json();
    assert_eq!(
        (status.code, &state["installed"], &state["running"]),
        (1, &false.into(), &false.into()),
        "{state}"
    );
    assert_eq!(state["active"], "inactive");
}
