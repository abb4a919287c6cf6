//! What a tool does, by its name.

use super::Operation;

impl Operation {
    /// What a tool does whose name, folded and without `mcp__…__`, is this one: by the first beginning that fits, else by the
    /// first end.
    pub(super) fn of(name: &str) -> Self {
        let begins = BEGINNINGS.iter().find(|(words, _)| words.iter().any(|word| name.starts_with(word)));
        let ends = || ENDS.iter().find(|(words, _)| words.iter().any(|word| name.ends_with(word)));
        begins.or_else(ends).map_or(Operation::Unknown, |(_, operation)| *operation)
    }
}

/// The tool's own name, without the `mcp__<server>__` that some hosts put before it.
pub(super) fn own_name(tool: &str) -> &str {
    tool.strip_prefix("mcp__")
        .and_then(|rest| rest.split_once("__"))
        .map(|(_, own)| own)
        .filter(|own| !own.is_empty())
        .unwrap_or(tool)
}

type Words = (&'static [&'static str], Operation);

/// As in the reference, in its order.
pub(super) const BEGINNINGS: [Words; 4] = [
    (&["delete_", "remove_", "drop_", "destroy_", "purge_"], Operation::Delete),
    (&["run_", "exec_", "invoke_", "call_", "trigger_"], Operation::Execute),
    (
        &["create_", "update_", "set_", "add_", "put_", "edit_", "modify_", "write_", "request_", "assign_"],
        Operation::Write,
    ),
    (&["get_", "read_", "list_", "search_", "describe_", "show_"], Operation::Read),
];

/// As in the reference, in its order; for names such as `pull_request_read`.
pub(super) const ENDS: [Words; 4] = [
    (&["_delete", "_remove"], Operation::Delete),
    (&["_run", "_exec"], Operation::Execute),
    (&["_create", "_update", "_write"], Operation::Write),
    (&["_read"], Operation::Read),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_the_tool_does() {
        for (name, operation) in [
            ("read_file", Operation::Read),
            ("list_directory", Operation::Read),
            ("create_issue", Operation::Write),
            ("request_review", Operation::Write),
            ("assign_task", Operation::Write),
            ("remove_user", Operation::Delete),
            ("run_query", Operation::Execute),
            ("pull_request_read", Operation::Read),
            ("repository_delete", Operation::Delete),
            ("workflow_run", Operation::Execute),
            ("file_write", Operation::Write),
            // The beginning counts before the end, and of the beginnings the strictest stands first.
            ("get_and_delete", Operation::Read),
            ("delete_read", Operation::Delete),
            ("repository_read_only_mode", Operation::Unknown),
            ("deleteall", Operation::Unknown),
            ("undelete_file", Operation::Unknown),
            ("delete", Operation::Unknown),
            ("_delete", Operation::Delete),
            ("", Operation::Unknown),
        ] {
            assert_eq!(Operation::of(name), operation, "{name}");
        }
    }

    #[test]
    fn the_server_before_a_name_is_not_part_of_it() {
        for (name, own) in [
            ("mcp__github__delete_repo", "delete_repo"),
            ("mcp__my_server__x__y", "x__y"),
            ("mcp__github__", "mcp__github__"),
            ("mcp__github", "mcp__github"),
            ("mcp____read_x", "read_x"),
            ("xmcp__a__b", "xmcp__a__b"),
            ("read_file", "read_file"),
        ] {
            assert_eq!(own_name(name), own);
        }
    }
}
