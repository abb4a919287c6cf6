//! What `service` does not do.

use std::fs;

use super::{WILLING, asked, say, service, stand_in};
use crate::house::House;

#[test]
fn no_service_in_ci_unless_it_is_wanted() {
    let house = House::new();
    let path = stand_in(&house, WILLING);
    let install = |value: &str, more: &[&str]| {
        let line: Vec<&str> = ["install", "--user"].iter().chain(more).copied().collect();
        say(service(&house, &line).env("PATH", &path).env("CI", value))
    };
    for value in ["true", "1", "woodpecker"] {
        let said = install(value, &[]);
        assert!(said.code == 2 && said.err.contains("--allow-ci"), "{}", said.all());
    }
    assert_eq!(asked(&house), [""; 0]);
    assert!(!house.path("h").exists());
    assert_eq!(install("true", &["--allow-ci"]).code, 0);
    // These say that it is no CI.
    assert_eq!(install("", &[]).code, 0);
    assert_eq!(install("false", &[]).code, 0);
}

#[test]
fn without_a_manager_nothing_is_written() {
    let house = House::new();
    for answers in ["echo offline; exit 1", "exit 1"] {
        let path = stand_in(&house, answers);
        let said = say(service(&house, &["install", "--user"]).env("PATH", &path));
        assert!(said.code == 1 && said.err.contains("does not run systemd"), "{}", said.all());
        assert!(said.err.contains("daemon run"), "the mend: {}", said.all());
    }
    assert!(!house.path("h").exists());
}

#[test]
fn a_manager_that_fails_is_heard() {
    let house = House::new();
    let path = stand_in(
        &house,
        "case \"$*\" in *running*) echo running;; *enable*) echo 'no such bus' >&2; exit 4;; esac",
    );
    let said = say(service(&house, &["install", "--user"]).env("PATH", &path));
    assert!(said.code == 1 && said.err.contains("no such bus"), "{}", said.all());
}

#[test]
fn somebody_elses_unit_is_not_replaced_unless_it_is_meant() {
    let house = House::new();
    let path = stand_in(&house, WILLING);
    let unit = house.path("h/.config/systemd/user/agent-receipts-daemon.service");
    fs::create_dir_all(unit.parent().unwrap()).unwrap();
    fs::write(&unit, "[Service]\nExecStart=/opt/other-daemon\n").unwrap();
    let install = |more: &[&str]| {
        let line: Vec<&str> = ["install", "--user"].iter().chain(more).copied().collect();
        say(service(&house, &line).env("PATH", &path))
    };
    let said = install(&[]);
    assert!(said.code == 1 && said.err.contains("--force"), "{}", said.all());
    // Neither of the two was touched.
    assert_eq!(fs::read_dir(unit.parent().unwrap()).unwrap().count(), 1);
    assert!(fs::read_to_string(&unit).unwrap().contains("other-daemon"));
    assert_eq!(install(&["--force"]).code, 0);
    assert!(fs::read_to_string(&unit).unwrap().contains("agent-receipts-daemon --socket"));
}

#[test]
fn the_systems_service_runs_no_users_program() {
    let house = House::new();
    let path = stand_in(&house, WILLING);
    fs::copy(crate::house::daemon_binary(), house.path("daemon")).unwrap();
    let daemon = house.path("daemon");
    let line = ["install", "--system", "--root", "/nowhere", "--daemon-bin", daemon.to_str().unwrap()];
    let said = say(service(&house, &line).env("PATH", &path));
    assert!(said.code == 1 && said.err.contains("/usr/local/bin"), "{}", said.all());
}

#[test]
fn flags_that_contradict_each_other_are_wrong_usage() {
    let house = House::new();
    for line in [
        &["install", "--user", "--system"][..],
        &["install", "--root", "/x"],
        &["status", "--manager", "init"],
        &["install", "--user", "--with-anchor"],
        &["install", "--system", "--manager", "launchd", "--with-anchor", "--dry-run"],
        &["install", "--system", "--anchor-bin", "/bin/true"],
        &["uninstall", "--root", "/x"],
        &["start", "--system", "--root", "/x"],
    ] {
        assert_eq!(say(&mut service(&house, line)).code, 2, "{line:?}");
    }
}
