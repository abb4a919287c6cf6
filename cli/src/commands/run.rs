//! `run`: a command under a daemon, and afterwards what was recorded of it.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Context;
use crate::args::{DatabaseArgs, SocketArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::find_daemon::find_daemon;
use crate::output::{complain, printable};
use crate::session::{
    DaemonError, DaemonProcess, Ending, Launch, SessionReport, SocketSpot, answers, heed_signals, settle,
    spot_for, wait,
};
use crate::set_up::{Origin, ensure_key_pair};

/// Flags of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The chain to record in; by default the daemon chooses.
    #[arg(long, value_name = "ID")]
    chain_id: Option<String>,
    /// The session's id; by default a new one.
    #[arg(long, value_name = "ID")]
    session_id: Option<String>,
    /// The daemon's binary [env: AGENTRECEIPTS_DAEMON_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    daemon_bin: Option<PathBuf>,
    /// The private key of a daemon that has to be started [env: AGENTRECEIPTS_KEY] [default: <data>/signing.key].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Where the session's things stand; absolute, as the command may change its directory.
struct Places {
    database: PathBuf,
    key: PathBuf,
    public_key: PathBuf,
    socket: SocketSpot,
}

/// Runs the command; its exit code is ours, whatever the verdict.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let session = args.session_id.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let places = Places::of(args, context)?;
    let daemon = if answers(&places.socket.path) {
        if args.chain_id.is_some() {
            note("a daemon is already running; it records in the chain of its own choice, not in --chain-id");
        }
        None
    } else {
        start(args, context, &places)?
    };
    if is_own(&places.socket.path) {
        note("the daemon runs under the agent's own user: a convenience, not a boundary");
    }
    let ending = execute(&args.command, &session, &places, context);
    match daemon {
        Some(daemon) => {
            if let Err(error) = daemon.stop() {
                note(&format!("warning: {error}"));
            }
        }
        // Events that nobody waited for may still be on their way to the disk.
        None => settle(&places.database),
    }
    if let Err(error) = heed_signals() {
        note(&format!("warning: an interrupt will not end the verification: {error}"));
    }
    tell(&session, &places, context);
    Ok(ending)
}

impl Places {
    fn of(args: &Args, context: &Context) -> Result<Self, Failure> {
        let settings = &context.settings;
        let absolute = |path: PathBuf| {
            std::path::absolute(&path)
                .map_err(|error| Failure::usage(format_args!("`{}` is no path: {error}", path.display())))
        };
        let database = absolute(settings.database(args.database.db.as_deref())?)?;
        let mut choice = settings.socket(args.socket.socket.as_deref())?;
        choice.path = absolute(choice.path)?;
        let data_directory = database.parent().unwrap_or(Path::new("/"));
        Ok(Self {
            key: absolute(settings.private_key(args.key.as_deref())?)?,
            public_key: absolute(
                settings.public_key(args.trust.public_key.as_deref(), args.key.as_deref())?,
            )?,
            socket: spot_for(&choice, data_directory)?,
            database,
        })
    }
}

/// Starts a daemon, or nothing where another one was faster.
fn start(args: &Args, context: &Context, places: &Places) -> Result<Option<DaemonProcess>, Failure> {
    let binary = find_daemon(args.daemon_bin.as_deref(), context.settings.environment())?;
    let pair = ensure_key_pair(&places.key, &places.public_key, &places.database)?;
    if pair.origin == Origin::Made {
        note(&format!("made a signing key at {}", places.key.display()));
    }
    let started = DaemonProcess::start(&Launch {
        binary: &binary,
        socket: &places.socket,
        database: &places.database,
        key: &places.key,
        public_key: &places.public_key,
        chain_id: args.chain_id.as_deref(),
        config: context.config.as_deref(),
        log: &places.database.with_file_name("daemon.log"),
    });
    match started {
        Ok(daemon) => Ok(Some(daemon)),
        // Two of us at once: the other one's daemon holds the socket, and serves both.
        Err(DaemonError::EndedAtOnce { .. }) if answers(&places.socket.path) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn execute(command_line: &[OsString], session: &str, places: &Places, context: &Context) -> u8 {
    let mut command = Command::new(&command_line[0]);
    command.args(&command_line[1..]);
    command.env("AGENTRECEIPTS_SOCKET", &places.socket.path).env("AGENTRECEIPTS_SESSION_ID", session);
    // Where to read, so that the command can list and verify its own session. The private key's place is not told.
    command.env("AGENTRECEIPTS_DB", &places.database).env("AGENTRECEIPTS_PUBLIC_KEY", &places.public_key);
    if let Ok(program) = std::env::current_exe() {
        command.env("AGENTRECEIPTS_BIN", program);
    }
    if let Some(config) = context.config.as_deref().and_then(|config| std::path::absolute(config).ok()) {
        command.env("AGENTRECEIPTS_CONFIG", config);
    }
    match wait(|| Ok((command.spawn()?, ()))) {
        Ok((ending, ())) => {
            if let Ending::Killed(signal) = ending {
                note(&format!("the command was killed by signal {signal}"));
            }
            ending.code()
        }
        Err(error) => {
            note(&format!("could not run `{}`: {error}", printable(&command_line[0].to_string_lossy())));
            if error.kind() == io::ErrorKind::NotFound { exit::NOT_FOUND } else { exit::NOT_EXECUTABLE }
        }
    }
}

/// What was recorded: for people on standard error, as standard output is the command's; with `--json` as one last line
/// of standard output.
fn tell(session: &str, places: &Places, context: &Context) {
    let told = SessionReport::read(session, &places.database, &places.public_key).and_then(|report| {
        let mut screen = if context.json { context.stdout() } else { context.stderr() };
        if context.json {
            screen.json(&report)?
        } else {
            report.write(&mut screen)?
        }
        Ok(screen.flush()?)
    });
    // The command has run, and its exit code must get through.
    if let Err(failure) = told
        && !failure.is_closed_pipe()
    {
        complain(&failure.report());
    }
}

fn is_own(socket: &Path) -> bool {
    std::fs::metadata(socket).is_ok_and(|metadata| metadata.uid() == rustix::process::geteuid().as_raw())
}

fn note(text: &str) {
    complain(&format!("agent-receipts: {text}"));
}
