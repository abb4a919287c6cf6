//! The command line.

use std::path::PathBuf;

/// Records one event of an agent's host; reads it from standard input.
#[derive(Debug, clap::Parser)]
#[command(name = "agent-receipts-hook", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Who speaks; `auto` sees it from what is said.
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    pub(crate) format: Format,
    /// Fail (exit 2, which blocks the tool in Claude Code and Codex) when an event could not be recorded.
    #[arg(long)]
    pub(crate) strict: bool,
    /// How long dialling the daemon, and then sending the event, may take at most [default: 25 and 100].
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u32).range(1..=600_000))]
    pub(crate) patience: Option<u32>,
    /// The daemon's socket [env: AGENTRECEIPTS_SOCKET] [default: the daemon's].
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// The event, where the host gives it as an argument, as Codex's `notify` does; otherwise it is read from standard input.
    #[arg(value_name = "JSON")]
    pub(crate) event: Option<String>,
}

/// A form of what is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Any of the others.
    Auto,
    /// Claude Code's hooks.
    ClaudeCode,
    /// Codex's hooks, and what it gives to `notify`.
    Codex,
    /// The form of `docs/hooks.md`.
    Generic,
}
