//! Where our programs are, as configurations are to name them.

use std::path::{Path, PathBuf};

use super::Args;
use crate::environment::Environment;
use crate::find_daemon::{find_hook, find_proxy};
use crate::setting_up::{HOOK, PROXY, PlanError, Programs, Proxy, as_command};

/// Our programs, looked for when they are needed.
pub(super) struct Found<'a> {
    args: &'a Args,
    environment: &'a Environment,
}

impl<'a> Found<'a> {
    pub(super) fn new(args: &'a Args, environment: &'a Environment) -> Self {
        Self { args, environment }
    }
}

impl Programs for Found<'_> {
    fn hook(&self) -> Result<String, PlanError> {
        let path = find_hook(self.args.hook_bin.as_deref(), self.environment)?;
        Ok(as_command(&lasting(path, HOOK, self.environment)?))
    }

    fn proxy(&self) -> Result<Proxy, PlanError> {
        let path = find_proxy(self.args.mcp_bin.as_deref(), self.environment)?;
        let program = lasting(path, PROXY, self.environment)?;
        Ok(Proxy { program, rules: self.args.rules.as_deref().map(rules).transpose()? })
    }
}

/// An absolute path by which a host can still find the program after an upgrade: the name on the PATH, where that is the same
/// file. Some package managers link there into folders that are named after versions.
fn lasting(path: PathBuf, name: &'static str, environment: &Environment) -> Result<String, PlanError> {
    let path = absolute(&path)?;
    if path.file_name() != Some(name.as_ref()) {
        return Err(PlanError::Misnamed { path, name });
    }
    let folders = environment.os("PATH").unwrap_or_default();
    let real = path.canonicalize().ok();
    let on_path = std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|candidate| real.is_some() && candidate.canonicalize().ok() == real);
    text(on_path.unwrap_or(path))
}

/// A host runs the proxy in whatever folder it likes.
fn rules(path: &Path) -> Result<String, PlanError> {
    let missing = || PlanError::NoRules { path: path.to_owned() };
    if !std::fs::File::open(path).and_then(|file| file.metadata()).is_ok_and(|about| about.is_file()) {
        return Err(missing());
    }
    text(absolute(path)?)
}

fn absolute(path: &Path) -> Result<PathBuf, PlanError> {
    std::path::absolute(path).map_err(|_| PlanError::Unnameable { path: path.to_owned() })
}

fn text(path: PathBuf) -> Result<String, PlanError> {
    path.into_os_string().into_string().map_err(|path| PlanError::Unnameable { path: path.into() })
}
