//! `cargo xtask fuzz`: every fuzz target for a while, on the toolchain that everything else is built with.
//!
//! `cargo fuzz` asks for a nightly toolchain, for a sanitizer that finds misuse of memory. The targets are safe Rust, and what they
//! are to find are panics, overflows and assertions: the coverage that guides libFuzzer is in any toolchain.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::workspace::{Workspace, WorkspaceError};

/// What is run, and for how long.
#[derive(Debug, Args)]
pub(crate) struct FuzzOptions {
    /// Only these targets.
    #[arg(value_name = "TARGET", value_parser = clap::builder::PossibleValuesParser::new(TARGETS.iter().map(|target| target.0)))]
    targets: Vec<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

/// Why the targets could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FuzzError {
    /// The compiler does not say for which machine it compiles.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A program could not be run, or a folder not be made.
    #[error("cannot {what}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The targets do not compile.
    #[error("the fuzz targets do not compile")]
    Build,
}

/// Builds the targets and runs each; gives what was found, a line each.
///
/// # Errors
/// When the targets cannot be built or started.
pub(crate) fn run_fuzz(workspace: &Workspace, options: &FuzzOptions) -> Result<Vec<String>, FuzzError> {
    let programs = build(workspace)?;
    let mut found = Vec::new();
    let is_asked = |name: &str| options.targets.is_empty() || options.targets.iter().any(|it| it == name);
    for (name, seeds) in TARGETS.iter().filter(|(name, _)| is_asked(name)) {
        let own = workspace.root().join("fuzz/corpus").join(name);
        let artifacts = workspace.root().join("fuzz/artifacts");
        for folder in [&own, &artifacts] {
            fs::create_dir_all(folder).map_err(failed(&format!("make `{}`", folder.display())))?;
        }
        let mut command = Command::new(programs.join(name));
        command.arg(own).args(seeds.iter().map(|seed| workspace.root().join(seed)));
        command.arg(format!("-max_total_time={}", options.seconds));
        command.arg(format!("-artifact_prefix={}/{name}-", artifacts.display()));
        command.args(["-max_len=65536", "-rss_limit_mb=1024", "-timeout=20", "-verbosity=0"]);
        let status = command.status().map_err(failed(&format!("run the fuzz target `{name}`")))?;
        match status.success() {
            true => println!("fuzz: {name}: {} seconds, nothing found", options.seconds),
            false => found.push(format!(
                "`{name}` failed ({status}): the input is in fuzz/artifacts, and becomes a test before it is mended"
            )),
        }
    }
    Ok(found)
}

/// The folder of the programs.
fn build(workspace: &Workspace) -> Result<PathBuf, FuzzError> {
    let about = workspace.output("rustc", &["--version", "--verbose"])?;
    let machine = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let target = workspace.target_dir().join("fuzz");
    let status = Command::new("cargo")
        .args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--bins"])
        // With a target, so that build scripts and macros are compiled without the counters.
        .args(["--target", machine])
        .env("RUSTFLAGS", COUNTERS.join(" "))
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(workspace.root())
        .status()
        .map_err(failed("run cargo"))?;
    if !status.success() {
        return Err(FuzzError::Build);
    }
    Ok(target.join(machine).join("release"))
}

fn failed(what: &str) -> impl FnOnce(io::Error) -> FuzzError {
    let what = what.to_owned();
    move |source| FuzzError::Io { what, source }
}

/// What `cargo fuzz` compiles with, but for the sanitizer.
const COUNTERS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
];

/// Each target, and the folders of the checkout that it begins with.
const TARGETS: &[(&str, &[&str])] = &[
    ("canonical_differential", &["core/corpus/reject/json", "core/corpus/accept/receipts"]),
    ("decode_event", &["ipc/tests/corpus/frames/accepted", "ipc/tests/corpus/frames/malformed_json"]),
    ("mcp_message", &["fuzz/seeds/mcp_message"]),
    (
        "parse_checkpoint",
        &[
            "chain/tests/vectors/checkpoints/accept",
            "chain/tests/vectors/checkpoints/reject",
            "fuzz/seeds/parse_checkpoint",
        ],
    ),
    ("parse_payload", &["core/corpus/reject/json"]),
    (
        "parse_receipt",
        &["core/corpus/accept/receipts", "core/corpus/reject/json", "core/corpus/reject/shape"],
    ),
    ("policy_rules", &["fuzz/seeds/policy_rules"]),
    ("proof_value", &["core/corpus/reject/proof"]),
    ("read_frame", &["ipc/tests/corpus/frames/accepted"]),
    ("timestamp_token", &["fuzz/seeds/timestamp_token"]),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A target that is added and not listed would be run by nobody.
    #[test]
    fn every_target_is_listed_with_seeds_that_are_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut targets: Vec<_> = fs::read_dir(root.join("fuzz/fuzz_targets"))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        targets.sort();
        assert_eq!(TARGETS.iter().map(|target| target.0).collect::<Vec<_>>(), targets);
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        for (name, seeds) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            for seed in *seeds {
                assert!(
                    fs::read_dir(root.join(seed)).is_ok_and(|mut seeds| seeds.next().is_some()),
                    "{seed}"
                );
            }
        }
    }
}
