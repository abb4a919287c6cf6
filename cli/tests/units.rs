//! Every unit file passes systemd's own checker, as `service install` would write it.
//!
//! The checker is not on every machine, so this program counts and reports its tests itself: where it is missing they fail,
//! or are ignored, not passed, if `AGENT_RECEIPTS_SKIP_MISSING` says that this is known.
#![allow(clippy::unwrap_used)]

#[path = "suite/house.rs"]
#[allow(dead_code)]
mod house;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use house::{House, Said, daemon_binary};

fn main() {
    let tests: [(&str, fn()); 4] = [
        ("every_packaged_unit_is_checked", every_packaged_unit_is_checked),
        ("the_users_units_pass_the_checker", the_users_units_pass_the_checker),
        ("the_systems_units_pass_the_checker", the_systems_units_pass_the_checker),
        ("the_systems_service_is_well_confined", the_systems_service_is_well_confined),
    ];
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let chosen =
        tests.iter().filter(|(name, _)| filter.as_ref().is_none_or(|word| name.contains(word.as_str())));
    let there = Command::new("systemd-analyze").arg("--version").output().is_ok();
    assert!(
        there || std::env::var_os("AGENT_RECEIPTS_SKIP_MISSING").is_some(),
        "`systemd-analyze` is missing: install systemd"
    );
    let (mut passed, mut ignored) = (0, 0);
    for (name, test) in chosen {
        if there {
            test();
            println!("test {name} ... ok");
            passed += 1;
        } else {
            println!("test {name} ... ignored, NOT RUN: `systemd-analyze` is missing");
            ignored += 1;
        }
    }
    // A failure has panicked by now. The line is cargo's, so that whoever counts tests counts these.
    println!("\ntest result: ok. {passed} passed; 0 failed; {ignored} ignored; 0 measured; 0 filtered out");
}

/// The units that `service install` would write, in a folder: their paths.
fn units(house: &House, scope: &str) -> Vec<PathBuf> {
    let mut command =
        house.command(["service", "install", "--dry-run", "--json", "--manager", "systemd", scope]);
    let said = Said::of(&command.env("AGENTRECEIPTS_DAEMON_BIN", daemon_binary()).output().unwrap());
    assert_eq!(said.code, 0, "{}", said.all());
    let answer = said.json();
    let deeds = answer["done"].as_array().unwrap().iter().filter(|deed| deed["deed"] != "run");
    let units = deeds.filter_map(|deed| {
        let name = Path::new(deed["what"].as_str()?).file_name()?.to_owned();
        let is_unit = matches!(Path::new(&name).extension()?.to_str()?, "service" | "socket");
        let path = house.path(name.to_str()?);
        is_unit.then(|| fs::write(&path, deed["text"].as_str().unwrap()).unwrap())?;
        Some(path)
    });
    units.collect()
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

/// A unit that is added to `packaging/` and installed by nobody would be checked by nobody.
fn every_packaged_unit_is_checked() {
    for (scope, folder) in [("--user", "user"), ("--system", "system")] {
        let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd").join(folder);
        let packaged = fs::read_dir(packaged).unwrap().map(|entry| entry.unwrap().path());
        assert_eq!(names(packaged), names(units(&House::new(), scope)), "{scope}");
    }
}

fn the_users_units_pass_the_checker() {
    let house = House::new();
    let said = check(&house, &["--user"], &units(&house, "--user"));
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.all());
}

fn the_systems_units_pass_the_checker() {
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
fn the_systems_service_is_well_confined() {
    let house = House::new();
    let units = units(&house, "--system");
    let service = units.iter().find(|path| path.extension().is_some_and(|kind| kind == "service")).unwrap();
    let mut command = house.of("systemd-analyze");
    command.args(["security", "--offline=true", "--threshold=10", "--no-pager"]).arg(service);
    let said = Said::of(&command.output().unwrap());
    assert_eq!(said.code, 0, "more than 1.0: {}", said.all());
}
