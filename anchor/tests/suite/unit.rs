//! The packaged unit passes systemd's own checker.

use std::path::Path;
use std::process::{Command, Output};

const UNIT: &str = "../cli/packaging/systemd/system/agent-receipts-anchor.service";

/// The unit with the program that was built, in a folder of its own.
fn unit(folder: &Path, change: impl Fn(String) -> String) -> std::path::PathBuf {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(UNIT)).unwrap();
    let text = text.replace("/usr/bin/agent-receipts-anchor", env!("CARGO_BIN_EXE_agent-receipts-anchor"));
    let path = folder.join("agent-receipts-anchor.service");
    std::fs::write(&path, change(text)).unwrap();
    path
}

/// `None` on a machine without systemd, which is said.
fn analyze(words: &[&str], unit: &Path) -> Option<Output> {
    match Command::new("systemd-analyze").args(words).arg(unit).output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("not checked: `systemd-analyze`: {error}");
            None
        }
    }
}

#[test]
fn the_checker_finds_nothing_and_does_look() {
    let folder = tempfile::tempdir().unwrap();
    let Some(said) = analyze(&["verify", "--man=no"], &unit(folder.path(), |text| text)) else { return };
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!((said.status.code(), text.as_str()), (Some(0), ""));
    let broken = unit(folder.path(), |text| text.replace("AF_INET6", "AF_MOON"));
    let said = analyze(&["verify", "--man=no"], &broken).unwrap();
    assert!(!said.status.success() || String::from_utf8_lossy(&said.stderr).contains("AF_MOON"));
}

/// By systemd's own count, from 0.0, which is closed on all sides, to 10.0. What it has and the daemon has not is the network.
#[test]
fn the_service_is_well_confined() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["security", "--offline=true", "--threshold=25", "--no-pager"];
    let Some(said) = analyze(&words, &unit(folder.path(), |text| text)) else { return };
    assert!(said.status.success(), "more than 2.5: {}", String::from_utf8_lossy(&said.stdout));
}
