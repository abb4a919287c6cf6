//! Codex: hooks in `hooks.json`, servers in `config.toml`, both in `CODEX_HOME` or a trusted project's `.codex`.

use super::{HostFile, Place, PlaceError, Scope, of_sessions, of_tools};
use crate::setting_up::document::Syntax;
use crate::setting_up::hooks::Event;

pub(super) fn files(scope: &Scope<'_>) -> Result<Vec<HostFile>, PlaceError> {
    let folder = match (scope.project, scope.environment.absolute_path("CODEX_HOME")) {
        (Some(project), _) => project.join(".codex"),
        (None, Some(folder)) => folder,
        (None, None) => scope.home()?.join(".codex"),
    };
    let servers = &[Place::Member("mcp_servers")];
    let config =
        HostFile { syntax: Syntax::Toml, ..HostFile::of_servers(folder.join("config.toml"), servers) };
    Ok(vec![HostFile::of_hooks(folder.join("hooks.json"), &EVENTS), config])
}

/// Those of docs/hooks.md; a test holds the two against each other.
const EVENTS: [Event; 6] = [
    of_tools("PreToolUse"),
    of_tools("PostToolUse"),
    of_tools("PermissionRequest"),
    of_sessions("SessionStart"),
    of_sessions("UserPromptSubmit"),
    of_sessions("Stop"),
];
