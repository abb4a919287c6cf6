//! launchd: one property list. launchd passes sockets by a call of its own, so the daemon binds its socket itself.

use std::path::PathBuf;

use super::files::{Kind, PlannedFile};
use super::step::Step;
use super::target::{Scope, Target};
use super::text::{self, Programs};
use crate::failure::Failure;

/// The files, in the order in which they are written.
pub(super) fn files(target: &Target, programs: &Programs) -> Result<Vec<PlannedFile>, Failure> {
    let list = |template: &str| {
        let text = text::property_list(template, programs, &target.home)?;
        Ok::<_, Failure>(PlannedFile { path: place(target), text, kind: Kind::Unit })
    };
    Ok(vec![match target.scope {
        Scope::User => list(USER)?,
        Scope::System => list(SYSTEM)?,
    }])
}

/// What is run once the files are there. The list that is loaded is replaced, as launchd reads it only once.
pub(super) fn install_steps(target: &Target, programs: &Programs) -> Vec<Step> {
    let mut steps = match target.scope {
        Scope::User => {
            vec![Step::new("/bin/mkdir", ["-p"]).with(target.home.join("Library/Logs/agent-receipts"))]
        }
        Scope::System => own_folders(),
    };
    // systemd's units make the key by themselves.
    steps.push(match target.scope {
        Scope::User => Step::new(&programs.operator, ["init"]),
        Scope::System => {
            let data = format!("XDG_DATA_HOME={SYSTEM_DATA}");
            let operator = programs.operator.clone().into_os_string();
            Step::new("/usr/bin/sudo", ["-u", "_agentreceipts", &data]).with(operator).with("init")
        }
    });
    steps.push(Step::new("/bin/launchctl", ["bootout".to_owned(), service(target)]).lenient());
    steps.push(Step::new("/bin/launchctl", ["bootstrap".to_owned(), domain(target)]).with(place(target)));
    steps
}

/// What is run before the file goes, and after.
pub(super) fn uninstall_steps(target: &Target) -> (Vec<Step>, Vec<Step>) {
    (vec![Step::new("/bin/launchctl", ["bootout".to_owned(), service(target)]).lenient()], vec![])
}

/// Loads it where it is not, and starts it where it does not run.
pub(super) fn start_steps(target: &Target) -> Vec<Step> {
    vec![
        Step::new("/bin/launchctl", ["bootstrap".to_owned(), domain(target)]).with(place(target)).lenient(),
        Step::new("/bin/launchctl", ["kickstart".to_owned(), service(target)]),
    ]
}

/// An end that the daemon calls good is not followed by a start.
pub(super) fn stop_steps(target: &Target) -> Vec<Step> {
    vec![Step::new("/bin/launchctl", ["kill".to_owned(), "SIGTERM".to_owned(), service(target)])]
}

/// Asks for the state of the service.
pub(super) fn print_step(target: &Target) -> Step {
    Step::new("/bin/launchctl", ["print".to_owned(), service(target)])
}

/// The folders of the system's service, for its user, which has to exist.
fn own_folders() -> Vec<Step> {
    let folder = |mode: &str, group: &str, path: String| {
        Step::new("/usr/bin/install", ["-d", "-m", mode, "-o", "_agentreceipts", "-g", group]).with(path)
    };
    let (record, read) = ("_agentreceipts", "_agentreceipts-read");
    vec![
        folder("0755", read, SYSTEM_DATA.to_owned()),
        // Files here take the group of their folder: who may read the database, and who may use the socket.
        folder("0755", read, format!("{SYSTEM_DATA}/agent-receipts")),
        folder("0750", record, format!("{SYSTEM_DATA}/agent-receipts/run")),
        folder("0750", read, "/Library/Logs/agentreceipts".to_owned()),
    ]
}

fn place(target: &Target) -> PathBuf {
    let name = format!("{LABEL}.plist");
    match target.scope {
        Scope::User => target.home.join("Library/LaunchAgents").join(name),
        Scope::System => target.system_path("/Library/LaunchDaemons").join(name),
    }
}

fn domain(target: &Target) -> String {
    match target.scope {
        Scope::User => format!("gui/{}", target.uid),
        Scope::System => "system".to_owned(),
    }
}

fn service(target: &Target) -> String {
    format!("{}/{LABEL}", domain(target))
}

const LABEL: &str = "ai.agentreceipts.daemon";
const USER: &str = include_str!("../../../packaging/launchd/user/ai.agentreceipts.daemon.plist");
const SYSTEM: &str = include_str!("../../../packaging/launchd/system/ai.agentreceipts.daemon.plist");
/// Where the system's daemon finds what it would find in a home; the property list says the same.
const SYSTEM_DATA: &str = "/Library/Application Support/agentreceipts";
