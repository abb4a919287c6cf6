//! `service status`: what is installed, and what the manager says of it.

use std::path::PathBuf;

use serde::Serialize;

use super::files::FileState;
use super::target::{Scope, Target};
use super::{Manager, act, launchd, systemd};
use crate::commands::Context;
use crate::exit;
use crate::failure::Failure;
use crate::output::{Tone, printable};

/// What is known of a service.
#[derive(Debug, Serialize)]
struct State {
    manager: Manager,
    scope: Scope,
    /// Whether all of its files are there, or a package's.
    installed: bool,
    /// Whether it starts with the machine or the session; in the manager's word.
    enabled: String,
    /// Whether it runs; in the manager's word.
    active: String,
    running: bool,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct File {
    path: PathBuf,
    state: FileState,
}

/// Says how it stands: exit 0 if the service runs, else 1.
pub(super) fn report(target: &Target, context: &Context) -> Result<u8, Failure> {
    let state = look(target, context)?;
    let mut screen = context.stdout();
    if context.json {
        screen.json(&state)?;
    } else {
        let tone = if state.running { Tone::Good } else { Tone::Warning };
        let installed = if state.installed { "installed" } else { "not installed" };
        let headline = format!("{}: {installed}, {}, {}", target.named(), state.enabled, state.active);
        screen.line(&screen.tone(tone, &printable(&headline)))?;
        for File { path, state } in &state.files {
            let word = match state {
                FileState::Current => "current",
                FileState::Differs => "differs",
                FileState::Foreign => "foreign",
                FileState::Absent => "absent",
            };
            screen.line(&format!("  {word:<8} {}", printable(&path.display().to_string())))?;
        }
    }
    screen.flush()?;
    Ok(if state.running { exit::OK } else { exit::FAILED })
}

fn look(target: &Target, context: &Context) -> Result<State, Failure> {
    let programs = act::programs(None, context)?;
    let mut files = Vec::new();
    for file in target.files(&programs)? {
        files.push(File { state: file.state()?, path: file.path });
    }
    let own = files.iter().all(|file| file.state != FileState::Absent);
    let (packaged, enabled, active) = match target.manager {
        Manager::Systemd => {
            let ask = |verb| {
                let answer = systemd::control(target, &[verb, systemd::UNITS[0]]).answer();
                answer.unwrap_or_else(|| "unknown".to_owned())
            };
            (systemd::packaged(target).is_some(), ask("is-enabled"), ask("is-active"))
        }
        Manager::Launchd => {
            let loaded = launchd::print_step(target).succeeds();
            let word = |yes, no| if loaded { yes } else { no };
            (false, word("enabled", "disabled").to_owned(), word("active", "inactive").to_owned())
        }
    };
    let running = active == "active";
    let installed = own || packaged;
    Ok(State { manager: target.manager, scope: target.scope, installed, enabled, active, running, files })
}
