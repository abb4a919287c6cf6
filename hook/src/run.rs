//! One call of the hook.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use agent_receipts_core::payload::withheld;
use agent_receipts_ipc::Decision;
use clap::Parser;

use crate::args::{Args, Format};
use crate::host::{self, Unreadable};
use crate::input::{self, InputError};
use crate::noted::Noted;
use crate::send::{SendError, send};

/// Why an event was not recorded as what it is.
#[derive(Debug, thiserror::Error)]
enum HookError {
    #[error("{0}; that there was one is recorded")]
    Input(InputError),
    #[error("{0}; that there was one is recorded")]
    Unreadable(Unreadable),
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Records what the host hands over, and gives the process's exit code: 0, or 2 under `--strict` if anything failed.
///
/// A wrong command line is 0 too, for the host would hold it against the agent; it is said on standard error.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let strict = args.iter().any(|arg| arg == "--strict");
    let args = match Args::try_parse_from(&args) {
        Ok(args) => args,
        Err(error) => {
            // Nowhere is left to say that it could not be said.
            let _ = error.print();
            return code(strict && error.use_stderr());
        }
    };
    match record(&args) {
        Ok(()) => code(false),
        Err(error) => {
            // Nor here: a host that closed standard error is no reason to fail, and no reason not to when asked to.
            let _ = writeln!(io::stderr(), "agent-receipts-hook: {error}");
            code(args.strict)
        }
    }
}

fn record(args: &Args) -> Result<(), HookError> {
    let bytes = match &args.event {
        Some(event) => Ok(event.as_bytes().to_vec()),
        None => input::read(io::stdin().lock()),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(fault) => {
            record_unreadable(args, None, &fault)?;
            return Err(HookError::Input(fault));
        }
    };
    match host::read(args.format, &bytes) {
        Ok(noted) => Ok(send(&noted, args)?),
        Err(fault) => {
            record_unreadable(args, Some(&withheld(&bytes)), &fault)?;
            Err(HookError::Unreadable(fault))
        }
    }
}

/// That something happened must be in the record, even if nobody can say what.
fn record_unreadable(args: &Args, stand_in: Option<&str>, fault: &dyn Display) -> Result<(), SendError> {
    let noted = Noted {
        input: stand_in,
        error: fault.to_string(),
        ..Noted::new(channel(args.format), "unreadable", Decision::Allowed)
    };
    send(&noted, args)
}

fn channel(format: Format) -> &'static str {
    match format {
        Format::ClaudeCode => "claude-code",
        Format::Codex => "codex",
        Format::Auto | Format::Generic => "hook",
    }
}

fn code(failed: bool) -> ExitCode {
    ExitCode::from(if failed { 2 } else { 0 })
}
