//! The operator's words: set up, run, record, list, show, follow, export, verify.
//!
//! The library is the whole program; `main.rs` only calls [`run`]. It knows the terminal, the environment and exit codes, so
//! that no other crate has to.
//!
//! It refuses to link the daemon: that is a process of its own, found and executed. It refuses to open the database for
//! writing. It refuses to call anything valid that it could not check: an empty or unknown chain is not valid.
//!
//! ```no_run
//! let code = agent_receipts_cli::run(["agent-receipts", "verify", "--json"].map(Into::into));
//! ```
//!
//! # Exit codes
//!
//! 0 valid or done, 1 broken or failed, 2 wrong usage, 3 valid without provenance (`verify-event`) or not opened (`disclose`), 69 no daemon where one was
//! insisted on; `run` and `exec` end with the code of their command.

mod args;
mod commands;
mod digest;
mod environment;
mod exit;
mod failure;
mod find_daemon;
mod hints;
mod importing;
mod output;
mod proving;
mod reading;
mod recorder;
mod retiring;
mod session;
mod set_up;
mod setting_up;
mod settings;
mod sources;
mod tee;
mod verification;
mod when;
mod which;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::Cli;
use environment::Environment;
use failure::Failure;

// The public interface is:

/// Runs one command line, the program's name first, and gives the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(commands::shielded(arguments)) {
        Ok(cli) => cli,
        Err(refusal) => {
            // Help on request is an answer; anything else is wrong usage. A closed pipe is nobody's fault.
            let _ = refusal.print();
            return ExitCode::from(if refusal.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    match commands::run(cli, Environment::of_process()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => report(&failure),
    }
}

fn report(failure: &Failure) -> ExitCode {
    if failure.is_closed_pipe() {
        return ExitCode::from(exit::OK);
    }
    output::complain(&failure.report());
    ExitCode::from(failure.code())
}
