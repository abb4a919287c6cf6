//! The hosts of agents that can be set up, one file each: where their configuration stands, and what in it is ours to change.

mod claude_code;
mod claude_desktop;
mod codex;
mod cursor;
mod vscode;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::document::Syntax;
use super::hooks::Event;
use crate::environment::Environment;

/// A program that runs agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Host {
    /// Hooks in ~/.claude/settings.json, servers in ~/.claude.json; of a project .claude/settings.json and .mcp.json.
    ClaudeCode,
    /// Hooks in ~/.codex/hooks.json, servers in ~/.codex/config.toml; of a project in its .codex.
    Codex,
    /// Servers in ~/.cursor/mcp.json; of a project in its .cursor/mcp.json.
    Cursor,
    /// Servers in claude_desktop_config.json.
    ClaudeDesktop,
    /// Servers in the user's mcp.json; of a project in its .vscode/mcp.json.
    #[value(name = "vscode")]
    #[serde(rename = "vscode")]
    VsCode,
}

/// Why it cannot be told where a host's configuration stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PlaceError {
    /// No home.
    #[error("no home directory: HOME is not set to an absolute path")]
    NoHome,
    /// The host knows no projects.
    #[error("Claude Desktop has no configuration of projects")]
    NoProjects,
}

/// Whose configuration is meant.
pub(crate) struct Scope<'a> {
    /// Where things stand.
    pub(crate) environment: &'a Environment,
    /// The project's folder; `None` for the user's own configuration.
    pub(crate) project: Option<&'a Path>,
}

/// One file of a host's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostFile {
    pub(super) path: PathBuf,
    pub(super) syntax: Syntax,
    /// The events that a hook is wanted for. Where there are some, the file is made if there is none.
    pub(super) events: &'static [Event],
    /// Where servers stand.
    pub(super) servers: &'static [Place],
}

/// Where the servers of a configuration stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The member of this name.
    Member(&'static str),
    /// The member `mcpServers` of each member of `projects`.
    Projects,
}

impl Host {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Cursor => "cursor",
            Self::ClaudeDesktop => "claude-desktop",
            Self::VsCode => "vscode",
        }
    }

    /// What has to happen before a change is heard of.
    pub(crate) fn last_word(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code hears of it in its next session.",
            Self::Codex => {
                "Codex hears of it in its next session, and asks there (`/hooks`) whether to trust new hooks."
            }
            Self::Cursor => "Cursor hears of it when its servers are started anew.",
            Self::ClaudeDesktop => "Claude Desktop hears of it once it is quit and started again.",
            Self::VsCode => "VS Code hears of it when the servers are started anew.",
        }
    }

    pub(super) fn files(self, scope: &Scope<'_>) -> Result<Vec<HostFile>, PlaceError> {
        match self {
            Self::ClaudeCode => claude_code::files(scope),
            Self::Codex => codex::files(scope),
            Self::Cursor => cursor::files(scope),
            Self::ClaudeDesktop => claude_desktop::files(scope),
            Self::VsCode => vscode::files(scope),
        }
    }
}

impl Scope<'_> {
    fn home(&self) -> Result<PathBuf, PlaceError> {
        self.environment.absolute_path("HOME").ok_or(PlaceError::NoHome)
    }

    /// Where programs with windows keep their configuration.
    fn applications(&self) -> Result<PathBuf, PlaceError> {
        if cfg!(target_os = "macos") {
            return Ok(self.home()?.join("Library/Application Support"));
        }
        match self.environment.absolute_path("XDG_CONFIG_HOME") {
            Some(folder) => Ok(folder),
            None => Ok(self.home()?.join(".config")),
        }
    }
}

impl HostFile {
    /// A file in JSON with servers alone.
    fn of_servers(path: PathBuf, servers: &'static [Place]) -> Self {
        Self { path, syntax: Syntax::Json, events: &[], servers }
    }

    /// A file in JSON with hooks alone.
    fn of_hooks(path: PathBuf, events: &'static [Event]) -> Self {
        Self { path, syntax: Syntax::Json, events, servers: &[] }
    }
}

const fn of_tools(name: &'static str) -> Event {
    Event { name, of_tools: true }
}

const fn of_sessions(name: &'static str) -> Event {
    Event { name, of_tools: false }
}
