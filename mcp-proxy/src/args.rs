//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agent_receipts_ipc::Identity;

use crate::approvals::{ApprovalsArgs, Endpoint};
use crate::check::CheckArgs;
use crate::http;
use crate::session::Scope;

/// Stands in front of an MCP server, judges every call by a policy, and leaves receipts of it.
#[derive(Debug, clap::Parser)]
#[command(
    name = "agent-receipts-mcp",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The server's name in receipts and rules [default: its command's file name].
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The rules, in YAML [default: those that are built in; see `docs/policy.md`].
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Where approvers connect to: `socket`, a port of 127.0.0.1 besides (0: any that is free), or `off`.
    #[arg(long, value_name = "WHERE", default_value = "socket")]
    pub(crate) approvals: Endpoint,
    /// How long a call waits for an approval, in seconds; then it is denied.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(..=MOST_SECONDS))]
    pub(crate) approval_timeout: u64,
    /// A program that is run for each call that waits, to ask somebody; its words are split at white space.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) approval_command: Option<OsString>,
    /// What leaves receipts besides calls of tools: resources and prompts that are read, and what the server asks the client.
    #[arg(long, value_enum, value_name = "WHAT", default_value = "all")]
    pub(crate) record: Scope,
    /// Let nothing that the client asks for go on before its receipt is on disk: a call, an approval of one, and, unless `--record tools`
    /// is given, what reads resources, prompts and tasks. Other receipts are sent and not waited for: what the server asks the client
    /// (sampling, elicitation), all answers, and refusals.
    #[arg(long)]
    pub(crate) strict: bool,
    /// The longest message in bytes, either way.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    pub(crate) max_message: usize,
    /// The most requests that are not answered, either way.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub(crate) max_in_flight: usize,
    /// How long the server has to end when the client has left, and again after it was told to, in milliseconds. Clients that use the
    /// official SDKs end the proxy after two seconds.
    #[arg(long, value_name = "MS", default_value_t = 800)]
    pub(crate) grace: u64,
    /// The daemon's socket [env: AGENTRECEIPTS_SOCKET] [default: the daemon's].
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// How long an event may wait for the daemon to be reached, and again to take it, in milliseconds [default: 25 and 100].
    #[arg(long, value_name = "MS")]
    pub(crate) patience: Option<u64>,
    /// Who acts: the agent's name.
    #[arg(long, value_name = "NAME", env = "AGENTRECEIPTS_ISSUER_NAME", default_value = "")]
    pub(crate) issuer_name: String,
    /// Who acts: the agent's model.
    #[arg(long, value_name = "MODEL", env = "AGENTRECEIPTS_ISSUER_MODEL", default_value = "")]
    pub(crate) issuer_model: String,
    /// For whom: the operator's identifier.
    #[arg(long, value_name = "ID", env = "AGENTRECEIPTS_OPERATOR_ID", default_value = "")]
    pub(crate) operator_id: String,
    /// For whom: the operator's name; only with an identifier.
    #[arg(long, value_name = "NAME", env = "AGENTRECEIPTS_OPERATOR_NAME", default_value = "")]
    pub(crate) operator_name: String,
    /// A server elsewhere that speaks Streamable HTTP: `https`, or `http` on this machine.
    #[arg(long, value_name = "URL", conflicts_with = "server")]
    pub(crate) remote: Option<String>,
    /// Listen here, on this machine alone, for clients that speak Streamable HTTP to the remote server; port 0 is any that is free.
    #[arg(long, value_name = "127.0.0.1:PORT", requires = "remote")]
    pub(crate) listen: Option<SocketAddr>,
    /// A header for the remote server, whose value is in an environment variable; may be given several times.
    #[arg(long, value_name = "NAME=VARIABLE", requires = "remote")]
    pub(crate) header_env: Vec<String>,
    /// The server's program and its arguments.
    #[arg(last = true, required_unless_present = "remote", value_name = "SERVER")]
    pub(crate) server: Vec<OsString>,
}

/// What there is to do besides standing in front of a server.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Check(CheckArgs),
    Approvals(ApprovalsArgs),
}

/// A year, in seconds: beyond what any clock can count to, there would be no end to wait for.
const MOST_SECONDS: u64 = 366 * 24 * 3_600;

impl Args {
    /// The server's name: as it was given, or as its program or its machine is called.
    pub(crate) fn name(&self) -> String {
        let program = || self.server.first().and_then(|program| Path::new(program).file_name());
        let host = || Some(http::Endpoint::parse(self.remote.as_ref()?).ok()?.host().to_owned());
        let name = self
            .name
            .clone()
            .or_else(|| program().map(|name| name.to_string_lossy().into_owned()))
            .or_else(host);
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| "server".to_owned())
    }

    /// The words of the approval command.
    pub(crate) fn approval_command(&self) -> Vec<OsString> {
        let words = |command: &OsString| match command.to_str() {
            Some(text) => text.split_whitespace().map(OsString::from).collect(),
            None => vec![command.clone()],
        };
        self.approval_command.as_ref().map(words).unwrap_or_default()
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            issuer_name: self.issuer_name.clone(),
            issuer_model: self.issuer_model.clone(),
            operator_id: self.operator_id.clone(),
            operator_name: self.operator_name.clone(),
        }
    }

    pub(crate) fn patience(&self) -> Option<Duration> {
        self.patience.map(Duration::from_millis)
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace)
    }
}
