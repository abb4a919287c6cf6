//! The two managers behind one set of questions.

use super::files::PlannedFile;
use super::step::Step;
use super::target::{Scope, Target};
use super::text::Programs;
use super::{Manager, launchd, systemd};
use crate::failure::Failure;

impl Target {
    /// The service's files, in the order in which they are written.
    pub(super) fn files(&self, programs: &Programs) -> Result<Vec<PlannedFile>, Failure> {
        match self.manager {
            Manager::Systemd => systemd::files(self, programs),
            Manager::Launchd => launchd::files(self, programs),
        }
    }

    /// What is run once they are there.
    pub(super) fn install_steps(&self, programs: &Programs) -> Vec<Step> {
        match self.manager {
            Manager::Systemd => systemd::install_steps(self),
            Manager::Launchd => launchd::install_steps(self, programs),
        }
    }

    /// What is run before they go, and after.
    pub(super) fn uninstall_steps(&self) -> (Vec<Step>, Vec<Step>) {
        match self.manager {
            Manager::Systemd => systemd::uninstall_steps(self),
            Manager::Launchd => launchd::uninstall_steps(self),
        }
    }

    /// What starts it.
    pub(super) fn start_steps(&self) -> Vec<Step> {
        match self.manager {
            Manager::Systemd => systemd::start_steps(self),
            Manager::Launchd => launchd::start_steps(self),
        }
    }

    /// What stops it.
    pub(super) fn stop_steps(&self) -> Vec<Step> {
        match self.manager {
            Manager::Systemd => systemd::stop_steps(self),
            Manager::Launchd => launchd::stop_steps(self),
        }
    }

    /// Whether there is a manager to talk to.
    pub(super) fn check_manager(&self) -> Result<(), Failure> {
        let none = |what: &str| {
            Failure::new(format_args!("this machine does not run {what}"))
                .with_hint("put `agent-receipts daemon run` under the supervisor that it has")
        };
        match self.manager {
            // With a root, nothing is started and nobody is talked to.
            Manager::Systemd if self.root.is_some() => Ok(()),
            Manager::Systemd => match systemd::control(self, &["is-system-running"]).answer().as_deref() {
                None | Some("offline" | "unknown") => Err(none("systemd, or no manager for this user")),
                Some(_) => Ok(()),
            },
            Manager::Launchd if Step::new("/bin/launchctl", ["version"]).succeeds() => self.check_mac_user(),
            Manager::Launchd => Err(none("launchd")),
        }
    }

    /// The system's service has a user of its own, whose number only the machine's operator can choose.
    fn check_mac_user(&self) -> Result<(), Failure> {
        let exists = || Step::new("/usr/bin/id", ["_agentreceipts"]).succeeds();
        if self.scope == Scope::User || exists() {
            return Ok(());
        }
        Err(Failure::new("there is no user `_agentreceipts` on this machine").with_hint(
            "make the groups `_agentreceipts` and `_agentreceipts-read` with `dseditgroup -o create`, and the user with \
             `sysadminctl -addUser _agentreceipts -roleAccount`",
        ))
    }
}
