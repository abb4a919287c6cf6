//! The command line.

/// Stands in front of an MCP server, judges every call by a policy, and leaves receipts of it.
#[derive(Debug, clap::Parser)]
#[command(name = "agent-receipts-mcp", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The server's name in receipts and rules [default: its command's file name].
    #[arg(long)]
    pub(crate) name: Option<String>,
}
