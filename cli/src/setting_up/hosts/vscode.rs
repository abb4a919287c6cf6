//! Visual Studio Code: servers in `mcp.json`, of the user's default profile or of a project.

use super::{HostFile, Place, PlaceError, Scope};

pub(super) fn files(scope: &Scope<'_>) -> Result<Vec<HostFile>, PlaceError> {
    let path = match scope.project {
        Some(project) => project.join(".vscode/mcp.json"),
        None => scope.applications()?.join("Code/User/mcp.json"),
    };
    Ok(vec![HostFile::of_servers(path, &[Place::Member("servers")])])
}
