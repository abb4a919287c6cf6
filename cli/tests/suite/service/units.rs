//! Every unit file passes systemd's own checker, as `service install` would write it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{has_tools, planned};
use crate::house::{House, Said};

/// The units that `service install` would write, in a folder: their paths.
fn units(house: &House, scope: &str) -> Vec<PathBuf> {
    let written = planned(house, &["--manager", "systemd", scope]).into_iter().filter_map(|(path, text)| {
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
    let service = units.iter().find(|path| path.extension().is_some_and(|kind| kind == "service")).unwrap();
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
    let service = units.iter().find(|path| path.extension().is_some_and(|kind| kind == "service")).unwrap();
    let mut command = house.of("systemd-analyze");
    command.args(["security", "--offline=true", "--threshold=10", "--no-pager"]).arg(service);
    let said = Said::of(&command.output().unwrap());
    assert_eq!(said.code, 0, "more than 1.0: {}", said.all());
}
