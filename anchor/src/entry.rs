//! From the command line to an exit code.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use clap::Parser as _;
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::anchor::{Anchor, StartError, Until};
use crate::args::Args;
use crate::build::build;
use crate::config::Config;
use crate::review::SinkReview;
use crate::state::Folder;
use crate::status::Status;
use crate::stop::Stop;
use crate::surroundings::Surroundings;

/// Does what the command line says: 0 done, 1 failed, 2 asked or configured wrongly.
///
/// `args` starts with the program's name; `env` looks one environment variable up.
pub fn main_with(
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(refusal) => {
            // Clap knows whether its text is help or an error.
            let _ = refusal.print();
            return ExitCode::from(if refusal.use_stderr() { USAGE } else { 0 });
        }
    };
    let config = match configuration(&args, &env) {
        Ok(config) => config,
        Err(error) => return complain(&*error, USAGE),
    };
    match carry_out(&args, &config, &env) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&*error, 1),
    }
}

type AnyError = Box<dyn std::error::Error>;

fn configuration(args: &Args, env: &impl Fn(&str) -> Option<OsString>) -> Result<Config, AnyError> {
    let named = args.config.clone();
    let named = named
        .or_else(|| env("AGENTRECEIPTS_ANCHOR_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from));
    let path = match named {
        Some(path) => path,
        None => Config::default_path(env)?,
    };
    Ok(Config::load(&path, env)?)
}

fn carry_out(args: &Args, config: &Config, env: &dyn Fn(&str) -> Option<OsString>) -> Result<bool, AnyError> {
    if args.status {
        return status(config, args.json);
    }
    if args.check {
        return check(config, env);
    }
    if args.verify {
        return verify(config);
    }
    run(config, env, if args.once { Until::Once } else { Until::Stopped })
}

fn run(config: &Config, env: &dyn Fn(&str) -> Option<OsString>, until: Until) -> Result<bool, AnyError> {
    // Before anything is opened: a signal during the start must not kill the process between two steps.
    let stop = Stop::default();
    watch(&stop).map_err(|error| StartError::System { what: "watch for signals", error })?;
    // Evidence tells what agents did when: it is for the anchor's own user.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let world = Surroundings::system();
    let log = Arc::clone(&world.log);
    let anchor = Anchor::start(config, env, world)?;
    if until == Until::Stopped {
        log(&format!("delivering from `{}` to {} sinks", config.db.display(), config.sinks.len()));
    }
    let good = anchor.run(until, &stop)?;
    if until == Until::Stopped {
        log("stopped");
        // A failure that waited for its next attempt is told by the log and by --status, and is no failure to stop.
        return Ok(true);
    }
    Ok(good)
}

fn watch(stop: &Stop) -> io::Result<()> {
    // A limit on the size of files is a full disk like any other: the write fails and is reported.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let stop = stop.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if signals.forever().next().is_some() {
            stop.stop();
        }
    })?;
    Ok(())
}

fn status(config: &Config, json: bool) -> Result<bool, AnyError> {
    let status = Status::of(config);
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&status)?)?;
    } else {
        write!(out, "{}", status.to_text())?;
    }
    Ok(status.ok)
}

/// What a start would find, without starting: nothing is created.
fn check(config: &Config, env: &dyn Fn(&str) -> Option<OsString>) -> Result<bool, AnyError> {
    let world = Surroundings::system();
    let folder = Arc::new(Folder::at(config.state.clone()));
    let mut wrong: Vec<String> = Vec::new();
    if folder.path().exists() {
        wrong.extend(folder.check_mode().err().map(|error| error.to_string()));
        let cursors = config.sinks.iter().filter_map(|sink| folder.cursor(&sink.name).err());
        wrong.extend(cursors.map(|error| error.to_string()));
    }
    for sink in &config.sinks {
        wrong.extend(build(sink, &folder, env, &world).err().map(|error| error.to_string()));
    }
    let database = Status::of(config).database_error;
    wrong.extend(database);
    let mut out = io::stdout().lock();
    for line in &wrong {
        writeln!(out, "{line}")?;
    }
    if wrong.is_empty() {
        writeln!(out, "{} sinks, nothing wrong", config.sinks.len())?;
    }
    Ok(wrong.is_empty())
}

fn verify(config: &Config) -> Result<bool, AnyError> {
    let reviews = SinkReview::of(config);
    let mut out = io::stdout().lock();
    for review in &reviews {
        write!(out, "{}", review.to_text())?;
    }
    Ok(reviews.iter().all(SinkReview::holds))
}

fn complain(error: &dyn std::error::Error, code: u8) -> ExitCode {
    // Nothing can be done where even the standard error stream is gone.
    let _ = writeln!(io::stderr(), "agent-receipts-anchor: {error}");
    ExitCode::from(code)
}

const USAGE: u8 = 2;
