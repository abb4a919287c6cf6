//! The generator, pinned and installed below the target folder.
//!
//! It is a program and not a dependency: nothing of it is linked, and its licence (MPL-2.0) is none that `deny.toml` allows for
//! what is.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::HeaderError;
use crate::workspace::Workspace;

/// The version that the committed header comes from; `--locked` pins all that it is built of.
const VERSION: &str = "0.29.4";

/// The header that the sources make.
pub(super) fn generate(workspace: &Workspace) -> Result<String, HeaderError> {
    let program = installed(workspace)?;
    let folder = workspace.root().join("ffi");
    let output = Command::new(program)
        .args(["--quiet", "--config", "cbindgen.toml", "--crate", "agent-receipts-ffi"])
        .current_dir(folder)
        .output()
        .map_err(|error| HeaderError::Generate(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
    match String::from_utf8(output.stdout) {
        Ok(header) if output.status.success() && !header.is_empty() => Ok(header),
        _ => Err(HeaderError::Generate(said)),
    }
}

fn installed(workspace: &Workspace) -> Result<PathBuf, HeaderError> {
    let root = workspace.target_dir().join("xtask").join(format!("cbindgen-{VERSION}"));
    let program = root.join("bin").join("cbindgen");
    if !answers(&program) {
        let pinned = format!("={VERSION}");
        let building = root.join("build");
        let status = Command::new("cargo")
            .args(["install", "--locked", "--debug", "--quiet", "cbindgen", "--version", &pinned, "--root"])
            .arg(&root)
            .arg("--target-dir")
            .arg(&building)
            .status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(HeaderError::Install(status.to_string())),
            Err(error) => return Err(HeaderError::Install(error.to_string())),
        }
        // Only room on the disk depends on it.
        let _ = std::fs::remove_dir_all(building);
    }
    Ok(program)
}

fn answers(program: &Path) -> bool {
    let answer = Command::new(program).arg("--version").output();
    answer.is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).trim().ends_with(VERSION))
}
