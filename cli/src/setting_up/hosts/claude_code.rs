//! Claude Code: hooks in its settings, servers of the user and of each project in `~/.claude.json`, shared ones in `.mcp.json`.

use super::{HostFile, Place, PlaceError, Scope, of_sessions, of_tools};
use crate::setting_up::hooks::Event;

pub(super) fn files(scope: &Scope<'_>) -> Result<Vec<HostFile>, PlaceError> {
    let (settings, servers) = match (scope.project, scope.environment.absolute_path("CLAUDE_CONFIG_DIR")) {
        (Some(project), _) => (project.join(".claude/settings.json"), project.join(".mcp.json")),
        (None, Some(folder)) => (folder.join("settings.json"), folder.join(".claude.json")),
        (None, None) => (scope.home()?.join(".claude/settings.json"), scope.home()?.join(".claude.json")),
    };
    let places: &[Place] = match scope.project {
        Some(_) => &[Place::Member("mcpServers")],
        None => &[Place::Member("mcpServers"), Place::Projects],
    };
    Ok(vec![HostFile::of_hooks(settings, &EVENTS), HostFile::of_servers(servers, places)])
}

/// Those of docs/hooks.md; a test holds the two against each other.
const EVENTS: [Event; 8] = [
    of_tools("PreToolUse"),
    of_tools("PostToolUse"),
    of_tools("PostToolUseFailure"),
    of_tools("PermissionDenied"),
    of_sessions("SubagentStart"),
    of_sessions("SubagentStop"),
    of_sessions("SessionStart"),
    of_sessions("SessionEnd"),
];
