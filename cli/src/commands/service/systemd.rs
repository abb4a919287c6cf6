//! systemd: two units, a third for the anchor where it is wanted, and for the system's service the users, the folders and the settings that it lives by.

use std::ffi::OsString;
use std::path::PathBuf;

use super::files::{Kind, PlannedFile};
use super::step::Step;
use super::target::{Scope, Target};
use super::text::{self, Programs};
use crate::failure::Failure;

/// The service and its socket, in the order in which they stop.
pub(super) const UNITS: [&str; 2] = ["agent-receipts-daemon.service", "agent-receipts-daemon.socket"];

/// The anchor's unit.
pub(super) const ANCHOR: &str = "agent-receipts-anchor.service";

/// Without this file of the operator's the anchor does not start; its unit says the same.
pub(super) const ANCHOR_SETTINGS: &str = "/etc/agentreceipts/anchor.toml";

/// Where the anchor's unit stands.
pub(super) fn anchor_place(target: &Target) -> PathBuf {
    target.system_path(UNIT_FOLDER).join(ANCHOR)
}

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
            let units = target.system_path(UNIT_FOLDER);
            let other =
                |path: &str, text: String, kind| PlannedFile { path: target.system_path(path), text, kind };
            let mut files = vec![
                other(SYSUSERS_PLACE, text::marked(SYSUSERS), Kind::Unit),
                other(TMPFILES_PLACE, text::marked(TMPFILES), Kind::Unit),
                other(SETTINGS_PLACE, SETTINGS.to_owned(), Kind::Settings),
                unit(units.clone(), socket, SYSTEM_SOCKET)?,
                unit(units.clone(), service, SYSTEM_SERVICE)?,
            ];
            if target.with_anchor {
                files.push(unit(units, ANCHOR, SYSTEM_ANCHOR)?);
            }
            files
        }
    })
}

/// What is run once the files are there.
pub(super) fn install_steps(target: &Target) -> Vec<Step> {
    let units = units(target);
    let mut steps = Vec::new();
    if let Some(below) = below(target) {
        steps.push(Step::new("systemd-sysusers", [below.clone()]));
        steps.push(
            Step::new("systemd-tmpfiles", [below.clone(), "--create".into()])
                .with(target.system_path(TMPFILES_PLACE)),
        );
        steps.push(control(target, &["enable"]).with_all(units));
        return steps;
    }
    if target.scope == Scope::System {
        steps.push(Step::new("systemd-sysusers", [SYSUSERS_PLACE]));
        steps.push(Step::new("systemd-tmpfiles", ["--create", TMPFILES_PLACE]));
    }
    steps.push(control(target, &["daemon-reload"]));
    steps.push(control(target, &["enable", "--now"]).with_all(units));
    steps
}

/// What is run before the files go, and after.
pub(super) fn uninstall_steps(target: &Target) -> (Vec<Step>, Vec<Step>) {
    let [service, socket] = UNITS;
    // Nothing runs below a root, and nobody there is told.
    let (now, reload) = match target.root {
        Some(_) => (None, None),
        None => (Some("--now"), Some(control(target, &["daemon-reload"]).lenient())),
    };
    let disable = |units: Vec<&str>| control(target, &["disable"]).with_all(now).with_all(units).lenient();
    let mut before = vec![disable(vec![service, socket])];
    // After the daemon, whose last checkpoint it still takes; by itself, since one unit that is not there fails the others.
    before.extend(target.with_anchor.then(|| disable(vec![ANCHOR])));
    (before, reload.into_iter().collect())
}

/// Both, since a socket that is left open would start the service again.
pub(super) fn start_steps(target: &Target) -> Vec<Step> {
    vec![control(target, &["start"]).with_all(units(target))]
}

/// See [`start_steps`].
pub(super) fn stop_steps(target: &Target) -> Vec<Step> {
    let [service, socket] = UNITS;
    let mut steps = vec![control(target, &["stop", socket, service])];
    steps.extend(target.with_anchor.then(|| control(target, &["stop", ANCHOR])));
    steps
}

/// The units of a package, which would be hidden by ours.
pub(super) fn packaged(target: &Target, unit: &str) -> Option<PathBuf> {
    let folders = match target.scope {
        Scope::User => ["/usr/lib/systemd/user", "/lib/systemd/user"],
        Scope::System => ["/usr/lib/systemd/system", "/lib/systemd/system"],
    };
    let place = |folder: &str| target.system_path(folder).join(unit);
    folders.into_iter().map(place).find(|path| path.exists())
}

/// `systemctl` for the right manager.
pub(super) fn control(target: &Target, arguments: &[&str]) -> Step {
    let whose = (target.scope == Scope::User).then(|| "--user".into());
    let words = arguments.iter().map(Into::into);
    Step::new("systemctl", whose.into_iter().chain(below(target)).chain(words))
}

/// The units in the order in which they start.
fn units(target: &Target) -> Vec<&'static str> {
    let [service, socket] = UNITS;
    [socket, service].into_iter().chain(target.with_anchor.then_some(ANCHOR)).collect()
}

/// The flag of systemd's tools for a system below a folder.
fn below(target: &Target) -> Option<OsString> {
    let root = target.root.as_ref()?;
    let mut below = OsString::from("--root=");
    below.push(root);
    Some(below)
}

const UNIT_FOLDER: &str = "/etc/systemd/system";

const SYSUSERS_PLACE: &str = "/etc/sysusers.d/agent-receipts.conf";
const TMPFILES_PLACE: &str = "/etc/tmpfiles.d/agent-receipts.conf";
const SETTINGS_PLACE: &str = "/etc/agentreceipts/daemon.toml";

const SYSTEM_SERVICE: &str = include_str!("../../../packaging/systemd/system/agent-receipts-daemon.service");
const SYSTEM_ANCHOR: &str = include_str!("../../../packaging/systemd/system/agent-receipts-anchor.service");
const SYSTEM_SOCKET: &str = include_str!("../../../packaging/systemd/system/agent-receipts-daemon.socket");
const USER_SERVICE: &str = include_str!("../../../packaging/systemd/user/agent-receipts-daemon.service");
const USER_SOCKET: &str = include_str!("../../../packaging/systemd/user/agent-receipts-daemon.socket");
const SYSUSERS: &str = include_str!("../../../packaging/systemd/agent-receipts.sysusers.conf");
const TMPFILES: &str = include_str!("../../../packaging/systemd/agent-receipts.tmpfiles.conf");
const SETTINGS: &str = include_str!("../../../packaging/etc/daemon.toml");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::service::Manager;

    fn target(with_anchor: bool, root: Option<&str>) -> Target {
        Target {
            manager: Manager::Systemd,
            scope: Scope::System,
            home: "/".into(),
            user_units: "/".into(),
            uid: 0,
            root: root.map(Into::into),
            with_anchor,
        }
    }

    fn lines(steps: Vec<Step>) -> Vec<String> {
        steps.iter().map(ToString::to_string).collect()
    }

    /// The daemon's last checkpoint still goes out.
    #[test]
    fn the_anchor_starts_with_the_daemon_and_stops_behind_it() {
        let with = target(true, None);
        assert_eq!(
            lines(start_steps(&with)),
            [
                "systemctl start agent-receipts-daemon.socket agent-receipts-daemon.service agent-receipts-anchor.service"
            ]
        );
        let daemon = "agent-receipts-daemon.socket agent-receipts-daemon.service";
        let stop =
            [format!("systemctl stop {daemon}"), "systemctl stop agent-receipts-anchor.service".to_owned()];
        assert_eq!(lines(stop_steps(&with)), stop);
        assert_eq!(lines(stop_steps(&target(false, None))), stop[..1]);
        let (before, after) = uninstall_steps(&with);
        assert_eq!(lines(before)[1], "systemctl disable --now agent-receipts-anchor.service");
        assert_eq!(lines(after), ["systemctl daemon-reload"]);
    }

    #[test]
    fn below_a_root_nothing_of_this_machine_is_touched() {
        let (before, after) = uninstall_steps(&target(true, Some("/image")));
        for line in lines(before) {
            assert!(line.starts_with("systemctl --root=/image disable agent-"), "{line}");
        }
        assert!(after.is_empty());
        assert!(anchor_place(&target(true, Some("/image"))).starts_with("/image/etc"));
    }
}
