//! From the command line to an exit code.

use std::ffi::OsString;
use std::io::{self, Write};
use std::mem;
use std::process::ExitCode;

use agent_receipts_keysource::random_seed;
use agent_receipts_store::{Compacted, Retired, SqliteStore};

use crate::args::{Command, UsageError};
use crate::init;
use crate::protocol::FRAME_VERSIONS;
use crate::retire::retire;
use crate::rotate::rotate;
use crate::surroundings::Surroundings;

/// Does what the command line says, and tells how it went: 0 done, 1 failed, 2 asked for wrongly.
///
/// `args` starts with the program's name; `env` looks one environment variable up.
pub fn main_with(
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> ExitCode {
    let command = match Command::parse(args, &env) {
        Ok(command) => command,
        Err(error) => return refuse(&error),
    };
    match carry_out(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout().lock();
    match command {
        Command::Run(config) => {
            drop(out);
            crate::run::run(&config, Surroundings::system())?;
        }
        Command::Init(paths) => write!(out, "{}", init::signing_key(&paths)?)?,
        Command::InitForensicKey(paths) => write!(out, "{}", init::forensic_key(&paths)?)?,
        Command::Rotate { config, json } => {
            let seed = random_seed()?;
            let rotation = rotate(&config, &seed, config.anchor_log.as_deref(), Surroundings::system())?;
            match json {
                true => writeln!(out, "{}", rotation.to_value())?,
                false => write!(out, "{rotation}")?,
            }
            if let Some(unfinished) = rotation.unfinished {
                return Err(
                    format!("the key was rotated, and the next start finishes it: {unfinished}").into()
                );
            }
        }
        Command::Compact(config) => {
            let Compacted { before, after } = SqliteStore::open(&config.db)?.compact()?;
            writeln!(out, "compacted `{}`: {before} bytes before, {after} after", config.db.display())?;
        }
        Command::Retire(config) => {
            let mut told = Ok(());
            retire(&config.db, |archive, Retired { receipts, chains }| {
                let (receipts, chains) = (count(receipts, "receipt"), count(chains, "chain"));
                let line = format!("moved {receipts} of {chains} to archive `{archive}`");
                told = mem::replace(&mut told, Ok(())).and_then(|()| writeln!(out, "{line}"));
            })?;
            told?;
        }
        Command::PrintConfig(config) => write!(out, "{}", config.to_toml())?,
        Command::ProtocolVersion => writeln!(out, "{}", FRAME_VERSIONS.to_json())?,
        Command::Version => writeln!(out, "agent-receipts-daemon {}", env!("CARGO_PKG_VERSION"))?,
    }
    Ok(())
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn refuse(error: &UsageError) -> ExitCode {
    match error {
        // Clap knows whether its text is help or an error, and whether a terminal reads it.
        UsageError::Arguments(error) => drop(error.print()),
        UsageError::Config(error) => complain(error),
    }
    ExitCode::from(error.exit_code())
}

fn complain(error: &dyn std::error::Error) {
    // Nothing can be done where even the standard error stream is gone.
    let _ = writeln!(io::stderr(), "agent-receipts-daemon: {error}");
}
