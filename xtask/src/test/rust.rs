use std::process::Command;

use super::run::Report;
use super::step::Step;
use crate::workspace::Workspace;

/// Builds the programs, then runs the Rust tests: the workspace with every feature, and the parts as somebody
/// embeds them.
pub(super) fn run(workspace: &Workspace, skip_missing: bool, report: &mut Report) {
    if skip_missing && Command::new("systemd-analyze").arg("--version").output().is_err() {
        report.skipped(
            "the check of the unit files",
            "`systemd-analyze` is missing (on Debian: `apt-get install systemd`)",
        );
    }
    for arguments in SUITES {
        let step = Step::new("cargo", arguments).env("AGENT_RECEIPTS_BIN_DIR", binaries(workspace));
        // Tests that need a program of the system fail without it, unless its absence is known.
        let step = if skip_missing { step.env("AGENT_RECEIPTS_SKIP_MISSING", "1") } else { step };
        report.tests(&arguments.join(" "), &step.run(workspace.root()));
    }
}

/// Builds every program of the workspace, which tests of both languages start; `false` when that fails.
pub(super) fn build(workspace: &Workspace, report: &mut Report) -> bool {
    let step = Step::new("cargo", &["build", "--workspace", "--bins", "--all-features"]);
    report.needed("building the programs", &step.run(workspace.root()))
}

/// Where cargo puts the programs that [`build`] makes.
pub(super) fn binaries(workspace: &Workspace) -> std::path::PathBuf {
    workspace.target_dir().join("debug")
}

const SUITES: &[&[&str]] = &[
    &["test", "--workspace", "--all-features", "--no-fail-fast"],
    // The emitter client alone, as every agent links it.
    &[
        "test",
        "--package",
        "agent-receipts-ipc",
        "--no-default-features",
        "--features",
        "client",
        "--no-fail-fast",
    ],
    // The core without cryptography, as the client links it.
    &["test", "--package", "agent-receipts-core", "--no-default-features", "--no-fail-fast"],
    // Keys with ring, which the features above replace by AWS-LC.
    &["test", "--package", "agent-receipts-keysource", "--no-fail-fast"],
];
