//! What a release is handed out as: a Debian package of what was built, with the manual and the completions that the
//! programs themselves write, and a Homebrew formula of the sources.

mod control;
mod error;
mod formula;
mod stage;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::workspace::Workspace;
use control::Control;
pub(crate) use error::PackageError;
pub(crate) use formula::{FormulaOptions, make_formula};
use stage::Stage;

/// What the package is made of.
#[derive(Args)]
pub(crate) struct DebOptions {
    /// Package the programs of this profile's folder, which must have been built.
    #[arg(long, value_name = "PROFILE", default_value = "release")]
    profile: String,
}

impl DebOptions {
    /// The programs that the tests run with, which are there already.
    pub(crate) fn of_the_tests() -> Self {
        Self { profile: "debug".to_owned() }
    }
}

/// Makes `target/xtask/deb/agent-receipts_<version>_<architecture>.deb` and gives its path.
///
/// A release is built first; another profile's programs have to be there. The result depends on the sources alone:
/// owners are root's, and times are that of the last commit.
pub(crate) fn make_deb(workspace: &Workspace, options: &DebOptions) -> Result<PathBuf, PackageError> {
    if options.profile == "release" {
        let programs = [
            "agent-receipts-daemon",
            "agent-receipts-anchor",
            "agent-receipts-hook",
            "agent-receipts-mcp",
            "agent-receipts-cli",
        ];
        let packages = programs.iter().flat_map(|package| ["--package", package]);
        run(
            Command::new("cargo").args(["build", "--release", "--locked", "--bins"]).args(packages),
            workspace.root(),
        )?;
    }
    let folder = workspace.target_dir().join("xtask").join("deb");
    let programs = workspace.target_dir().join(&options.profile);
    let stage = Stage::fresh(folder.join("root"), workspace)?;
    stage.programs(&programs)?;
    stage.packaging()?;
    stage.documentation(&programs)?;
    let control = Control::of(workspace, stage.size()?)?;
    stage.control(&control.text()?)?;
    let package = folder.join(format!("agent-receipts_{}_{}.deb", control.version, control.architecture));
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--build"]).arg(stage.root()).arg(&package);
    build.env("SOURCE_DATE_EPOCH", last_commit(workspace));
    run(&mut build, workspace.root())?;
    Ok(package)
}

/// The time of the last commit in seconds, or 1970 outside of a checkout.
fn last_commit(workspace: &Workspace) -> String {
    let asked = workspace.output("git", &["log", "-1", "--format=%ct"]);
    asked.map_or("0".to_owned(), |seconds| seconds.trim().to_owned())
}

/// Runs a program to its good end, its words passed on.
fn run(command: &mut Command, folder: &Path) -> Result<(), PackageError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |reason: String| PackageError::Program { program: program.clone(), reason };
    let status = command.current_dir(folder).status().map_err(|error| failed(error.to_string()))?;
    if status.success() { Ok(()) } else { Err(failed(status.to_string())) }
}
