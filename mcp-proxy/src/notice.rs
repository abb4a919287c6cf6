//! What the operator is told.

use std::fmt::Display;
use std::io::Write;

/// Says something on standard error. Whoever started us may have closed that: it is no reason to end, and `eprintln!` would panic.
pub(crate) fn notice(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "agent-receipts-mcp: {what}");
}
