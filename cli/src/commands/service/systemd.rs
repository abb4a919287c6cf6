//! systemd: two units, and for the system's service the users, the folders and the settings that it lives by.

use std::path::PathBuf;

use super::files::{Kind, PlannedFile};
use super::step::Step;
use super::target::{Scope, Target};
use super::text::{self, Programs};
use crate::failure::Failure;

/// The service and its socket, in the order in which they stop.
pub(super) const UNITS: [&str; 2] = ["agent-receipts-daemon.service", "agent-receipts-daemon.socket"];

/// The files, in the order in which they are written.
pub(super) fn files(target: &Target, programs: &Programs) -> Result<Vec<PlannedFile>, Failure> {
    let unit = |folder: PathBuf, name: &str, template: &str| {
        let text = text::unit(template, programs)?;
        Ok::<_, Failure>(PlannedFile { path: folder.join(name), text, kind: Kind::Unit })
    };
    let [service, socket] = UNITS;
    Ok(match target.scope {
        Scope::User => vec![
            unit(target.user_units.clone(), socket, USER_SOCKET)?,
            unit(target.user_units.clone(), service, USER_SERVICE)?,
        ],
        Scope::System => {
            let units = target.system_path("/etc/systemd/system");
            let other =
                |path: &str, text: String, kind| PlannedFile { path: target.system_path(path), text, kind };
            vec![
                other(SYSUSERS_PLACE, text::marked(SYSUSERS), Kind::Unit),
                other(TMPFILES_PLACE, text::marked(TMPFILES), Kind::Unit),
                other(SETTINGS_PLACE, SETTINGS.to_owned(), Kind::Settings),
                unit(units.clone(), socket, SYSTEM_SOCKET)?,
                unit(units, service, SYSTEM_SERVICE)?,
            ]
        }
    })
}

/// What is run once the files are there.
pub(super) fn install_steps(target: &Target) -> Vec<Step> {
    let [service, socket] = UNITS;
    let mut steps = Vec::new();
    if let Some(root) = &target.root {
        let mut below = std::ffi::OsString::from("--root=");
        below.push(root);
        steps.push(Step::new("systemd-sysusers", [below.clone()]));
        steps.push(
            Step::new("systemd-tmpfiles", [below.clone(), "--create".into()])
                .with(target.system_path(TMPFILES_PLACE)),
        );
        steps.push(Step::new("systemctl", [below, "enable".into(), socket.into(), service.into()]));
        return steps;
    }
    if target.scope == Scope::System {
        steps.push(Step::new("systemd-sysusers", [SYSUSERS_PLACE]));
        steps.push(Step::new("systemd-tmpfiles", ["--create", TMPFILES_PLACE]));
    }
    steps.push(control(target, &["daemon-reload"]));
    steps.push(control(target, &["enable", "--now", socket, service]));
    steps
}

/// What is run before the files go, and after.
pub(super) fn uninstall_steps(target: &Target) -> (Vec<Step>, Vec<Step>) {
    let [service, socket] = UNITS;
    let before = control(target, &["disable", "--now", service, socket]).lenient();
    (vec![before], vec![control(target, &["daemon-reload"]).lenient()])
}

/// Both, since a socket that is left open would start the service again.
pub(super) fn start_steps(target: &Target) -> Vec<Step> {
    let [service, socket] = UNITS;
    vec![control(target, &["start", socket, service])]
}

/// See [`start_steps`].
pub(super) fn stop_steps(target: &Target) -> Vec<Step> {
    let [service, socket] = UNITS;
    vec![control(target, &["stop", socket, service])]
}

/// The units of a package, which would be hidden by ours.
pub(super) fn packaged(target: &Target) -> Option<PathBuf> {
    let folders = match target.scope {
        Scope::User => ["/usr/lib/systemd/user", "/lib/systemd/user"],
        Scope::System => ["/usr/lib/systemd/system", "/lib/systemd/system"],
    };
    let place = |folder: &str| target.system_path(folder).join(UNITS[0]);
    folders.into_iter().map(place).find(|path| path.exists())
}

/// `systemctl` for the right manager.
pub(super) fn control(target: &Target, arguments: &[&str]) -> Step {
    let whose = (target.scope == Scope::User).then_some("--user");
    Step::new("systemctl", whose.into_iter().chain(arguments.iter().copied()))
}

const SYSUSERS_PLACE: &str = "/etc/sysusers.d/agent-receipts.conf";
const TMPFILES_PLACE: &str = "/etc/tmpfiles.d/agent-receipts.conf";
const SETTINGS_PLACE: &str = "/etc/agentreceipts/daemon.toml";

const SYSTEM_SERVICE: &str = include_str!("../../../packaging/systemd/system/agent-receipts-daemon.service");
const SYSTEM_SOCKET: &str = include_str!("../../../packaging/systemd/system/agent-receipts-daemon.socket");
const USER_SERVICE: &str = include_str!("../../../packaging/systemd/user/agent-receipts-daemon.service");
const USER_SOCKET: &str = include_str!("../../../packaging/systemd/user/agent-receipts-daemon.socket");
const SYSUSERS: &str = include_str!("../../../packaging/systemd/agent-receipts.sysusers.conf");
const TMPFILES: &str = include_str!("../../../packaging/systemd/agent-receipts.tmpfiles.conf");
const SETTINGS: &str = include_str!("../../../packaging/etc/daemon.toml");
