//! What the daemon is told to do, by file, environment and flags. No test touches the process's own environment.
#![allow(clippy::unwrap_used)]

mod command_line;
mod file;
mod paths;
mod precedence;
mod process;
mod refusals;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use agent_receipts_daemon::{Command, Config, ConfigError, UsageError};
use tempfile::TempDir;

/// An environment that holds exactly these variables.
fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
    |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
}

const HOME: (&str, &str) = ("HOME", "/home/nobody-here");

fn parse(args: &[&str], pairs: &[(&str, &str)]) -> Result<Command, UsageError> {
    Command::parse(["daemon"].iter().chain(args).map(OsString::from), &env(pairs))
}

/// The configuration that would be run with.
fn config(args: &[&str], pairs: &[(&str, &str)]) -> Config {
    match parse(args, &[pairs, &[HOME]].concat()) {
        Ok(Command::Run(config)) => config,
        other => panic!("{args:?} {pairs:?}: {other:?}"),
    }
}

fn refusal(args: &[&str], pairs: &[(&str, &str)]) -> ConfigError {
    match parse(args, &[pairs, &[HOME]].concat()) {
        Err(UsageError::Config(error)) => error,
        other => panic!("{args:?} {pairs:?}: {other:?}"),
    }
}

/// A configuration file of its own, gone with the returned directory.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daemon.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The configuration that a file alone makes.
fn from_file(content: &str) -> Config {
    let (_folder, path) = file(content);
    config(&["--config", text(&path)], &[])
}

fn file_refusal(content: &str) -> ConfigError {
    let (_folder, path) = file(content);
    refusal(&["--config", text(&path)], &[])
}
