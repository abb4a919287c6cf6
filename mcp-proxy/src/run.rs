//! One run of the proxy.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use agent_receipts_core::json::{Object, Value};
use agent_receipts_ipc::BuildError;
use clap::Parser;
use ring::rand::SystemRandom;

use crate::approvals::{self, Desk, DeskOptions};
use crate::args::{Args, Command};
use crate::check;
use crate::http::{self, HttpError, HttpOptions};
use crate::notice::notice;
use crate::policy::{ActivePolicy, LoadError};
use crate::record::{Recorder, RecorderOptions};
use crate::session::{Proxy, Terms};
use crate::stdio::{self, StdioError, StdioOptions};

/// Why the proxy did not begin.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Record(#[from] BuildError),
    #[error(transparent)]
    Rules(#[from] LoadError),
    #[error("cannot begin: {0}")]
    System(#[from] io::Error),
    #[error(transparent)]
    Stdio(#[from] StdioError),
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Runs what the command line says, and gives the process's exit code: that of the server, 2 for a wrong command line, 127 where the
/// server could not be started.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Nowhere is left to say that it could not be said.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match &args.command {
        Some(Command::Check(args)) => return check::run(args),
        Some(Command::Approvals(args)) => return approvals::at_terminal(args),
        None => {}
    }
    match proxy(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            notice(&error);
            ExitCode::from(match error {
                RunError::Record(_) | RunError::Rules(_) => 2,
                RunError::Http(ref error) if error.is_usage() => 2,
                RunError::Stdio(StdioError::Start(_)) => 127,
                RunError::Stdio(_) | RunError::Http(_) | RunError::System(_) => 1,
            })
        }
    }
}

fn proxy(args: &Args) -> Result<u8, RunError> {
    let server = args.name();
    let remote = args
        .remote
        .as_ref()
        .map(|remote| HttpOptions::new(remote, &args.header_env, args.listen, args.max_message));
    let remote = remote.transpose()?;
    let recorder = Recorder::new(RecorderOptions {
        socket: args.socket.clone(),
        server: server.clone(),
        identity: args.identity(),
        patience: args.patience(),
    })?;
    let terms = Terms {
        server,
        scope: args.record,
        strict: args.strict,
        most_in_flight: args.max_in_flight,
        approval_ms: args.approval_timeout.saturating_mul(1000),
        started: Some(started(args)),
    };
    let rules = ActivePolicy::open(args.rules.as_deref())?;
    let desk = desk(args, &terms.server)?;
    let proxy = Proxy::new(terms, rules, recorder, Some(desk));
    proxy.warn();
    if let Some(remote) = remote {
        return Ok(http::run(&proxy, remote)?);
    }
    let options = StdioOptions { command: args.server.clone(), most: args.max_message, grace: args.grace() };
    Ok(stdio::run(&Arc::clone(&proxy), &options)?)
}

/// Where approvals are asked for. That nobody can connect is said, and those calls are denied.
fn desk(args: &Args, server: &str) -> io::Result<Desk> {
    let options = DeskOptions {
        server: server.to_owned(),
        endpoint: args.approvals,
        command: args.approval_command(),
        patience: Duration::from_secs(args.approval_timeout),
        ..DeskOptions::default()
    };
    let desk = Desk::open(&options, &SystemRandom::new(), &|name| std::env::var(name).ok())?;
    for fault in desk.faults() {
        notice(format_args!("approvals: {fault}"));
    }
    if let Some(address) = desk.address() {
        notice(format_args!("approvals: http://{address}"));
    }
    Ok(desk)
}

/// The server's command or address, which may hold secrets, for a place where it is only hashed.
fn started(args: &Args) -> String {
    let words: Vec<Value> = args.server.iter().map(|word| Value::from(word.to_string_lossy())).collect();
    let member: (&str, Value) = match &args.remote {
        Some(remote) => ("remote", remote.as_str().into()),
        None => ("command", words.into()),
    };
    Value::Object([member].into_iter().collect::<Object>()).to_string()
}
