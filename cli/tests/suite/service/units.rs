//! Every unit file passes systemd's own checker, as `service install` would write it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{has_tools, planned};
use crate::house::{House, Said};

/// The units that `service install` would write, in a folder: their paths.
fn units(house: &House, scope: &str) -> Vec<PathBuf> {
    let mut flags = vec!["--manager", "systemd", scope];
    flags.extend((scope == "--system").then_some("--with-anchor"));
    let written = planned(house, &flags).into_iter().filter_map(|(path, text)| {
        let name = Path::new(&path).file_name()?.to_owned();
        let is_unit = matches!(Path::new(&name).extension()?.to_str()?, "service" | "socket");
        is_unit.then(|| {
            fs::write(house.path(name.to_str().unwrap()), text).unwrap();
            house.path(name.to_str().unwrap())
        })
    });
    written.collect()
}

/// What the checker says; nothing is what it should say.
fn check(house: &House, whose: &[&str], units: &[PathBuf]) -> Said {
    let mut command = house.of("systemd-analyze");
    command.args(whose).args(["verify", "--man=no"]).args(units);
    Said::of(&command.output().unwrap())
}

fn daemon(units: &[PathBuf]) -> &Path {
    units.iter().find(|path| path.ends_with("agent-receipts-daemon.service")).unwrap()
}

const ANCHOR: &str = "agent-receipts-anchor.service";

/// The daemon speaks to no network, and whoever installs it gets no other service unasked.
#[test]
fn the_anchor_is_installed_only_where_it_is_asked_for() {
    let house = House::new();
    let without = planned(&house, &["--manager", "systemd", "--system"]);
    assert!(without.iter().all(|(path, _)| !path.contains("anchor")), "{without:?}");
    let with = planned(&house, &["--manager", "systemd", "--system", "--with-anchor"]);
    assert_eq!(with.len(), without.len() + 1);
    let (path, unit) = with.last().unwrap();
    assert_eq!(path, "/etc/systemd/system/agent-receipts-anchor.service");
    let program = Path::new("/bin/true").canonicalize().unwrap();
    assert!(unit.contains(&format!("\nExecStart={} --config", program.display())), "{unit}");
    for line in ["DynamicUser=yes", "ConditionPathExists=/etc/agentreceipts/anchor.toml", "AF_INET "] {
        assert!(unit.contains(line), "{line}: {unit}");
    }
}

fn names(paths: impl IntoIterator<Item = PathBuf>) -> BTreeSet<String> {
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.into_iter().map(name).collect()
}

/// A unit that is added to `cli/packaging/` and installed by nobody would be checked by nobody.
#[test]
fn every_packaged_unit_is_checked() {
    for (scope, folder) in [("--user", "user"), ("--system", "system")] {
        let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd").join(folder);
        let packaged = fs::read_dir(packaged).unwrap().map(|entry| entry.unwrap().path());
        assert_eq!(names(packaged), names(units(&House::new(), scope)), "{scope}");
    }
}

#[test]
fn the_users_units_pass_the_checker() {
    if !has_tools(&["systemd-analyze"]) {
        return;
    }
    let house = House::new();
    let said = check(&house, &["--user"], &units(&house, "--user"));
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.all());
}

#[test]
fn the_systems_units_pass_the_checker() {
    if !has_tools(&["systemd-analyze"]) {
        return;
    }
    let house = House::new();
    let units = units(&house, "--system");
    let said = check(&house, &["--system"], &units);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.all());
    // And the checker does look: a word that it does not know is told.
    let service = daemon(&units);
    let broken = fs::read_to_string(service)
        .unwrap()
        .replace("RestrictAddressFamilies=AF_UNIX", "RestrictAddressFamilies=AF_MOON");
    fs::write(service, broken).unwrap();
    let said = check(&house, &["--system"], &units);
    assert!(said.code != 0 || said.err.contains("AF_MOON"), "{}", said.all());
}

/// By systemd's own count, from 0.0, which is closed on all sides, to 10.0.
#[test]
fn the_systems_service_is_well_confined() {
    if !has_tools(&["systemd-analyze"]) {
        return;
    }
    let house = House::new();
    let units = units(&house, "--system");
    let is_within = |unit: &Path, threshold: &str| {
        let mut command = house.of("systemd-analyze");
        command.args(["security", "--offline=true", threshold, "--no-pager"]).arg(unit);
        Said::of(&command.output().unwrap())
    };
    let said = is_within(daemon(&units), "--threshold=10");
    assert_eq!(said.code, 0, "more than 1.0: {}", said.all());
    // The anchor's network costs it more, and is all that does.
    let anchor = units.iter().find(|path| path.ends_with(ANCHOR)).unwrap();
    let said = is_within(anchor, "--threshold=25");
    assert_eq!(said.code, 0, "more than 2.5: {}", said.all());
    assert_ne!(is_within(anchor, "--threshold=10").code, 0, "the count does see the network");
}
