//! The methods that are judged or recorded, and what their parameters are called.

/// The one that is judged.
pub(crate) const TOOL_CALL: &str = "tools/call";

/// What takes a request back.
pub(crate) const CANCELLED: &str = "notifications/cancelled";

/// What a client may ask of a server, and leaves receipts besides calls.
const OF_CLIENTS: [&str; 4] = ["resources/read", "prompts/get", "tasks/result", "tasks/cancel"];

/// What a server may ask of a client, and leaves receipts.
const OF_SERVERS: [&str; 2] = ["sampling/createMessage", "elicitation/create"];

/// The members of a message itself.
pub(super) const ENVELOPE: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// The members of parameters that decide what a judged or recorded method does.
pub(super) const PARAMETERS: [&str; 8] =
    ["name", "arguments", "_meta", "uri", "task", "taskId", "inputResponses", "requestState"];

/// Whether a client's request leaves receipts; a call does always.
pub(crate) fn is_recorded_by_client(method: &str) -> bool {
    OF_CLIENTS.contains(&method)
}

/// Whether a server's request leaves receipts.
pub(crate) fn is_recorded_by_server(method: &str) -> bool {
    OF_SERVERS.contains(&method)
}

/// The methods that no other may be taken for.
pub(super) fn watched() -> impl Iterator<Item = &'static str> {
    [TOOL_CALL, CANCELLED].into_iter().chain(OF_CLIENTS)
}
