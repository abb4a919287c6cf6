//! What the operator is told.

use std::fmt::Display;
use std::io::Write;

use agent_receipts_core::printable;

/// Says something on standard error, in which nothing steers a terminal: rules' names and servers' words may be in it. Whoever started us may have closed that: it is no reason to end, and `eprintln!` would panic.
pub(crate) fn notice(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "agent-receipts-mcp: {}", printable(&what.to_string()));
}
