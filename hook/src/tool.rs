//! What a host's tool does, in the words of the taxonomy, so that the risk is right.

use agent_receipts_core::open_address;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What is known of a tool call from its name and its input.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The server of an MCP tool.
    pub(crate) server: String,
    /// The tool's own name.
    pub(crate) name: String,
    /// The action type (specification §6), or none where the daemon's own classification is all there is.
    pub(crate) action_type: &'static str,
    /// System and resource.
    pub(crate) target: Option<(String, String)>,
}

/// The members of a tool's input that name what it acts upon.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Targets {
    file_path: Option<String>,
    notebook_path: Option<String>,
    path: Option<String>,
    url: Option<String>,
}

/// Reads a tool's name and input as Claude Code and Codex give them.
pub(crate) fn meaning(tool: &str, input: Option<&RawValue>) -> Meaning {
    if let Some((server, name)) = mcp(tool) {
        return Meaning { server: server.to_owned(), name: name.to_owned(), ..Meaning::default() };
    }
    let targets = input.and_then(|input| serde_json::from_str(input.get()).ok()).unwrap_or_default();
    let Targets { file_path, notebook_path, path, url } = targets;
    let (action_type, target) = match tool {
        "Bash" | "shell" | "local_shell" | "exec_command" | "unified_exec" => {
            ("system.command.execute", None)
        }
        // What a running command says, is told, and its end.
        "BashOutput" | "KillShell" | "write_stdin" => ("system.application.control", None),
        "Read" | "NotebookRead" | "view_image" => {
            ("filesystem.file.read", file_path.or(notebook_path).or(path))
        }
        "Grep" => ("filesystem.file.read", path),
        "Glob" | "LS" => ("filesystem.directory.list", path),
        "Write" => {
            let there = file_path.as_deref().is_some_and(|path| std::path::Path::new(path).exists());
            (if there { "filesystem.file.modify" } else { "filesystem.file.create" }, file_path)
        }
        "Edit" | "MultiEdit" | "apply_patch" => ("filesystem.file.modify", file_path),
        "NotebookEdit" => ("filesystem.file.modify", notebook_path),
        "WebFetch" | "WebSearch" | "web_search" => {
            let target = url.map(|url| ("web".to_owned(), open_address(&url).into_owned()));
            return Meaning {
                name: tool.to_owned(),
                action_type: "data.api.read",
                target,
                ..Meaning::default()
            };
        }
        _ => ("", None),
    };
    let target = target.map(|path| ("filesystem".to_owned(), path));
    Meaning { server: String::new(), name: tool.to_owned(), action_type, target }
}

/// `mcp__<server>__<tool>`: a server's name may hold single underscores, a tool's any.
fn mcp(tool: &str) -> Option<(&str, &str)> {
    let (server, name) = tool.strip_prefix("mcp__")?.split_once("__")?;
    (!server.is_empty() && !name.is_empty()).then_some((server, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tool: &str, input: &str) -> Meaning {
        let raw = RawValue::from_string(input.to_owned()).unwrap();
        meaning(tool, Some(&raw))
    }

    #[test]
    fn commands_files_and_the_web_are_told_apart() {
        assert_eq!(of("Bash", r#"{"command":"rm -rf /"}"#).action_type, "system.command.execute");
        let read = of("Read", r#"{"file_path":"/a"}"#);
        assert_eq!(
            (read.action_type, read.target),
            ("filesystem.file.read", Some(("filesystem".into(), "/a".into())))
        );
        let secret = of("WebFetch", r#"{"url":"https://me:s3cret@h.example/x?key=s3cret"}"#);
        assert_eq!(secret.target, Some(("web".into(), "https://h.example/x?…".into())));
        let web = of("WebFetch", r#"{"url":"u:1"}"#);
        assert_eq!((web.action_type, web.target), ("data.api.read", Some(("web".into(), "u:1".into()))));
        assert_eq!(of("SomethingNew", "{}").action_type, "");
    }

    #[test]
    fn writing_over_a_file_is_another_risk_than_making_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let input = format!(r#"{{"file_path":{:?}}}"#, path.display().to_string());
        assert_eq!(of("Write", &input).action_type, "filesystem.file.create");
        std::fs::write(&path, "").unwrap();
        assert_eq!(of("Write", &input).action_type, "filesystem.file.modify");
    }

    #[test]
    fn mcp_names_are_split_only_where_both_halves_are_there() {
        let split = of("mcp__my_server__get__it", "{}");
        assert_eq!((split.server.as_str(), split.name.as_str()), ("my_server", "get__it"));
        for whole in ["mcp__x", "mcp____y", "mcp__x__", "mcp_x_y"] {
            let kept = of(whole, "{}");
            assert_eq!((kept.server.as_str(), kept.name.as_str()), ("", whole));
        }
    }

    #[test]
    fn an_input_of_another_shape_names_no_target() {
        for odd in ["[]", "7", r#"{"file_path":{"a":1}}"#, r#"{"file_path":null}"#] {
            let read = of("Read", odd);
            assert_eq!((read.action_type, read.target), ("filesystem.file.read", None), "{odd}");
        }
        assert_eq!(meaning("Read", None).target, None);
    }
}
