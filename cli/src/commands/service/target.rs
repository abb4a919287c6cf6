//! Which service is meant: whose, and of which manager.

use std::path::{Path, PathBuf};

use super::{Manager, PlaceArgs, RootedArgs, systemd};
use crate::commands::Context;
use crate::environment::Environment;
use crate::failure::Failure;

/// Whose service it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// One user's.
    User,
    /// The machine's.
    System,
}

/// The service that a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) manager: Manager,
    pub(super) scope: Scope,
    /// The asking user's own folder, where it matters.
    pub(super) home: PathBuf,
    /// Where a user's units stand.
    pub(super) user_units: PathBuf,
    /// The asking user.
    pub(super) uid: u32,
    /// The system that is installed into, where it is not the running one.
    pub(super) root: Option<PathBuf>,
    /// Whether the anchor belongs to it.
    pub(super) with_anchor: bool,
}

impl Target {
    /// Asks flags and environment; what they cannot tell is wrong usage.
    pub(super) fn of(args: &PlaceArgs, context: &Context) -> Result<Self, Failure> {
        let uid = rustix::process::geteuid();
        let is_system = args.system || (!args.user && uid.is_root());
        let environment = context.settings.environment();
        let scope = if is_system { Scope::System } else { Scope::User };
        let home = match (scope, environment.absolute_path("HOME")) {
            (_, Some(home)) => home,
            (Scope::System, None) => PathBuf::from("/"),
            (Scope::User, None) => {
                return Err(Failure::usage("no home: HOME is not set to an absolute path"));
            }
        };
        Ok(Self {
            manager: args.manager.unwrap_or(HERE),
            scope,
            user_units: user_units(environment, &home),
            home,
            uid: uid.as_raw(),
            root: None,
            with_anchor: false,
        })
    }

    /// The same, of a system below a folder.
    pub(super) fn of_rooted(args: &RootedArgs, context: &Context) -> Result<Self, Failure> {
        Ok(Self { root: args.root.clone(), ..Self::of(&args.place, context)? })
    }

    /// With the anchor. It is the system's, and systemd's: with a user's own rights it would stand where that user's agents can
    /// change what it keeps, and launchd makes no user for it.
    pub(super) fn with_anchor(self) -> Result<Self, Failure> {
        if self.scope == Scope::System && self.manager == Manager::Systemd {
            return Ok(Self { with_anchor: true, ..self });
        }
        Err(Failure::usage("--with-anchor is for the system's service under systemd")
            .with_hint("elsewhere put `agent-receipts anchor` under a user and a supervisor of its own"))
    }

    /// With the anchor where its unit was installed.
    pub(super) fn with_what_is_there(self) -> Self {
        let is_there = self.scope == Scope::System
            && self.manager == Manager::Systemd
            && systemd::anchor_place(&self).symlink_metadata().is_ok();
        Self { with_anchor: is_there, ..self }
    }

    /// A path of the system, below the root that is installed into.
    pub(super) fn system_path(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }

    /// Whether this user may change it.
    pub(super) fn check_right(&self) -> Result<(), Failure> {
        if self.scope == Scope::System && self.root.is_none() && self.uid != 0 {
            return Err(Failure::usage("the system's service is root's to change")
                .with_hint("ask again with sudo, or with --user for a service of your own"));
        }
        Ok(())
    }

    /// Whose service, in a few words.
    pub(super) fn named(&self) -> &'static str {
        match self.scope {
            Scope::User => "this user's service",
            Scope::System => "the system's service",
        }
    }
}

fn user_units(environment: &Environment, home: &Path) -> PathBuf {
    let config = environment.absolute_path("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    config.join("systemd/user")
}

#[cfg(target_os = "macos")]
const HERE: Manager = Manager::Launchd;
#[cfg(not(target_os = "macos"))]
const HERE: Manager = Manager::Systemd;
