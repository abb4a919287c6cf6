//! Cursor: servers in `mcp.json`, of the user or of a project.

use super::{HostFile, Place, PlaceError, Scope};

pub(super) fn files(scope: &Scope<'_>) -> Result<Vec<HostFile>, PlaceError> {
    let folder = match scope.project {
        Some(project) => project.to_owned(),
        None => scope.home()?,
    };
    Ok(vec![HostFile::of_servers(folder.join(".cursor/mcp.json"), &[Place::Member("mcpServers")])])
}
