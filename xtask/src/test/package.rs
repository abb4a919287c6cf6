use std::process::Command;

use super::run::Report;
use super::step::Step;
use crate::package::{DebOptions, make_deb};
use crate::workspace::Workspace;

const WHAT: &str = "the test of the Debian package";

/// Makes a Debian package of the programs that the other tests ran with, installs it on this machine, has its daemon record
/// and verify, and removes it without a trace.
pub(super) fn run(workspace: &Workspace, skip_missing: bool, report: &mut Report) {
    if let Some(why) = missing() {
        return if skip_missing { report.skipped(WHAT, &why) } else { report.failed(WHAT, &why) };
    }
    match make_deb(workspace, &DebOptions::of_the_tests()) {
        Ok(package) => {
            let step = Step::new("bash", &["packaging/debian/test.sh"]).argument(&package);
            report.tests("packaging/debian/test.sh", &step.run(workspace.root()));
        }
        Err(error) => report.failed("making the Debian package", &error.to_string()),
    }
}

/// Why this machine cannot install a package, if it cannot.
fn missing() -> Option<String> {
    let tools = ["dpkg-deb", "setpriv", "systemd-socket-activate", "systemd-analyze", "strip", "gzip"];
    let absent = |tool: &&&str| Command::new(tool).arg("--version").output().is_err();
    if let Some(tool) = tools.iter().find(absent) {
        return Some(format!(
            "`{tool}` is missing (on Debian: `apt-get install dpkg util-linux systemd binutils gzip`)"
        ));
    }
    let id = Command::new("id").arg("-u").output().ok()?;
    let is_root = String::from_utf8_lossy(&id.stdout).trim() == "0";
    (!is_root).then(|| "only root can install a package".to_owned())
}
