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
    /// Of the system's service under systemd: how its anchor stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<Anchor>,
}

#[derive(Debug, Serialize)]
struct Anchor {
    /// Whether its unit is there, ours or a package's.
    installed: bool,
    /// Whether the operator has written what it is to do.
    configured: bool,
    enabled: String,
    active: String,
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
    if let (Some(anchor), false) = (&state.anchor, context.json) {
        screen.line(&anchor.to_line())?;
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
            let [service, _] = systemd::UNITS;
            let (enabled, active) = ask(target, service);
            (systemd::packaged(target, service).is_some(), enabled, active)
        }
        Manager::Launchd => {
            let loaded = launchd::print_step(target).succeeds();
            let word = |yes, no| if loaded { yes } else { no };
            (false, word("enabled", "disabled").to_owned(), word("active", "inactive").to_owned())
        }
    };
    let running = active == "active";
    let installed = own || packaged;
    let (manager, scope) = (target.manager, target.scope);
    let anchor = (manager == Manager::Systemd && scope == Scope::System).then(|| Anchor::look(target));
    Ok(State { manager, scope, installed, enabled, active, running, files, anchor })
}

/// Whether a unit starts with the machine, and whether it runs, in the manager's words.
fn ask(target: &Target, unit: &str) -> (String, String) {
    let answer = |verb| {
        let answer = systemd::control(target, &[verb, unit]).answer();
        answer.unwrap_or_else(|| "unknown".to_owned())
    };
    // Below a root nothing runs.
    let active = if target.root.is_some() { "inactive".to_owned() } else { answer("is-active") };
    (answer("is-enabled"), active)
}

impl Anchor {
    fn look(target: &Target) -> Self {
        let installed = target.with_anchor || systemd::packaged(target, systemd::ANCHOR).is_some();
        let (enabled, active) = match installed {
            true => ask(target, systemd::ANCHOR),
            false => ("disabled".to_owned(), "inactive".to_owned()),
        };
        let configured = target.system_path(systemd::ANCHOR_SETTINGS).exists();
        Self { installed, configured, enabled, active }
    }

    fn to_line(&self) -> String {
        if !self.installed {
            return "  anchor: not installed (`agent-receipts service install --with-anchor`)".to_owned();
        }
        let waits = match self.configured {
            true => String::new(),
            false => format!("; waits for `{}`", systemd::ANCHOR_SETTINGS),
        };
        printable(&format!("  anchor: installed, {}, {}{waits}", self.enabled, self.active)).into_owned()
    }
}
