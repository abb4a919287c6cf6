//! `service`: what it writes and runs, and what it refuses. Nothing here reaches this machine's own service manager: a stand-in
//! that notes what it is asked for stands before it on the path, or a folder takes the place of the system.

mod image;
mod lists;
mod managing;
mod refusing;
mod units;

use std::process::Command;

use serde_json::Value;

use crate::house::{House, Said, daemon_binary};

/// `service` with flags, in a house whose service manager is the stand-in.
fn service(house: &House, arguments: &[&str]) -> Command {
    let mut command = house.command(["service"].iter().chain(arguments));
    command.env("AGENTRECEIPTS_DAEMON_BIN", daemon_binary());
    // Any program: nothing here starts it.
    command.env("AGENTRECEIPTS_ANCHOR_BIN", "/bin/true");
    command
}

fn say(command: &mut Command) -> Said {
    Said::of(&command.output().unwrap())
}

/// A `systemctl` that answers as told and notes what it was asked.
fn stand_in(house: &House, answers: &str) -> String {
    let folder = house.path("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let script = format!("echo \"$*\" >> \"{}\"\n{answers}", house.path("asked").display());
    house.script("bin/systemctl", &script);
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// Whatever it is asked for is done, and everything runs.
const WILLING: &str = "case \"$*\" in *is-system-running*) echo running;; *is-active*) echo active;; *is-enabled*) echo enabled;; esac";

/// What the stand-in was asked, one line each.
fn asked(house: &House) -> Vec<String> {
    let text = std::fs::read_to_string(house.path("asked")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The files that a dry run would write: path and text.
fn planned(house: &House, arguments: &[&str]) -> Vec<(String, String)> {
    let mut line = vec!["install", "--dry-run", "--json"];
    line.extend(arguments);
    let said = say(&mut service(house, &line));
    assert_eq!(said.code, 0, "{}", said.all());
    let answer = said.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let deeds = answer["done"].as_array().unwrap().iter();
    deeds
        .filter(|deed| deed["deed"] == "write")
        .map(|deed| (text(&deed["what"]), text(&deed["text"])))
        .collect()
}

/// systemd's tools are not everywhere; where they are, they are the judges. Without them a test fails, unless
/// `AGENT_RECEIPTS_SKIP_MISSING` says that this is known, which `cargo xtask test --skip-missing` counts and says loudly.
fn has_tools(tools: &[&str]) -> bool {
    let missing = tools.iter().find(|tool| Command::new(tool).arg("--version").output().is_err());
    if let Some(tool) = missing {
        assert!(
            std::env::var_os("AGENT_RECEIPTS_SKIP_MISSING").is_some(),
            "`{tool}` is missing: install systemd"
        );
        eprintln!("NOT RUN: `{tool}` is missing");
    }
    missing.is_none()
}
