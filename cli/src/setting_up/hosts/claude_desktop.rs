//! Claude Desktop: servers in one file of the user.

use super::{HostFile, Place, PlaceError, Scope};

pub(super) fn files(scope: &Scope<'_>) -> Result<Vec<HostFile>, PlaceError> {
    if scope.project.is_some() {
        return Err(PlaceError::NoProjects);
    }
    let path = scope.applications()?.join("Claude/claude_desktop_config.json");
    Ok(vec![HostFile::of_servers(path, &[Place::Member("mcpServers")])])
}
