use std::path::PathBuf;

use super::run::Report;
use crate::behaviours::{RUN, breaches_of_readme};
use crate::workspace::Workspace;

/// Forgets the results of an earlier run; gives the place for those of the next.
pub(super) fn forget(workspace: &Workspace) -> PathBuf {
    let path = workspace.target_dir().join(RUN);
    // One that cannot be removed is written over, or fails the check.
    let _ = std::fs::remove_file(&path);
    path
}

/// Holds the README's table against the run that just was.
pub(super) fn check(workspace: &Workspace, excused: &[String], report: &mut Report) {
    const WHAT: &str = "the README's table of behaviours";
    match breaches_of_readme(workspace, excused) {
        Ok(breaches) if breaches.is_empty() => report.held(WHAT),
        Ok(breaches) => {
            let why: Vec<String> = breaches.iter().map(ToString::to_string).collect();
            report.failed(
                WHAT,
                &format!("{} (`cargo xtask behaviours --write` writes it anew)", why.join("; ")),
            );
        }
        Err(error) => report.failed(WHAT, &error.to_string()),
    }
}
