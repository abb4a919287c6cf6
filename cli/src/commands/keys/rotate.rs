//! `keys rotate`: another signing key, by the daemon that runs, or by one that is started for nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use agent_receipts_core::json::{Object, Rules, Value, canonical, parse};
use agent_receipts_ipc::{AskError, ControlReply, ControlRequest, Peer, ask};
use serde::Deserialize;

use super::super::Context;
use crate::args::{DatabaseArgs, SocketArgs, TrustArgs};
use crate::exit;
use crate::failure::Failure;
use crate::find_daemon::find_daemon;
use crate::output::{Screen, Tone, complain, printable};

/// Flags of `keys rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The private key [env: AGENTRECEIPTS_KEY] [default: <data>/signing.key].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    /// The root chain, where no daemon runs [env: AGENTRECEIPTS_CHAIN_ID].
    #[arg(long, value_name = "ID")]
    chain_id: Option<String>,
    /// The issuer that the receipts name, where no daemon runs [env: AGENTRECEIPTS_ISSUER_ID].
    #[arg(long, value_name = "DID")]
    issuer_id: Option<String>,
    /// The key identifier in proofs, where no daemon runs [env: AGENTRECEIPTS_VERIFICATION_METHOD].
    #[arg(long, value_name = "URL")]
    verification_method: Option<String>,
    #[command(flatten)]
    socket: SocketArgs,
    /// The socket on which the daemon is asked [env: AGENTRECEIPTS_CONTROL_SOCKET] [default: control.sock beside the other].
    #[arg(long, value_name = "PATH")]
    control_socket: Option<PathBuf>,
    /// A file that gets a line for each hand-over [env: AGENTRECEIPTS_ANCHOR_LOG].
    #[arg(long, value_name = "FILE")]
    anchor_log: Option<PathBuf>,
    /// The daemon's binary, where no daemon runs [env: AGENTRECEIPTS_DAEMON_BIN] [default: beside this program, then the PATH].
    #[arg(long, value_name = "FILE")]
    daemon_bin: Option<PathBuf>,
}

/// What a rotation did, as the daemon tells it.
#[derive(Deserialize)]
struct Rotation {
    receipts: Vec<HandOver>,
    outgoing: String,
    incoming: String,
    archived: String,
    anchored: Option<String>,
    unfinished: Option<String>,
}

#[derive(Deserialize)]
struct HandOver {
    chain_id: String,
    sequence: u64,
    receipt_id: String,
}

/// Asks the running daemon; where none answers, has the daemon's binary do it.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let socket = context.settings.socket(args.socket.socket.as_deref())?.path;
    let control = context.settings.control_socket(args.control_socket.as_deref(), &socket);
    let (told, online) = match of_daemon(&control, &ControlRequest::new("status"), STATUS) {
        Err(error) if error.is_absent() => (offline(args, context)?, false),
        Err(error) => return Err(error.into()),
        Ok(status) => {
            let status = done(status)?;
            check(&status, args, context)?;
            (online_rotation(&control, args)?, true)
        }
    };
    report(told, online, context)
}

fn online_rotation(control: &Path, args: &Args) -> Result<Object, Failure> {
    let mut request = ControlRequest::new("rotate");
    if let Some(path) = &args.anchor_log {
        let path = std::path::absolute(path).map_err(Failure::usage)?;
        let text = path.to_str().ok_or_else(|| Failure::usage("--anchor-log is not utf-8"))?;
        request.arguments.insert("anchor_log", text);
    }
    let reply = of_daemon(control, &request, ROTATION).map_err(|error| match error {
        AskError::NoReply { .. } => Failure::new(&error)
            .with_hint("nobody knows whether the key was replaced: look with `agent-receipts keys list`"),
        error => error.into(),
    })?;
    done(reply)
}

/// The daemon that answers must be the one that was meant: another's key is not ours to replace by mistake.
fn check(status: &Object, args: &Args, context: &Context) -> Result<(), Failure> {
    let own = [("--chain-id", &args.chain_id), ("--issuer-id", &args.issuer_id)];
    let own = own.into_iter().chain([("--verification-method", &args.verification_method)]);
    if let Some((flag, _)) = own.into_iter().find(|(_, value)| value.is_some()) {
        return Err(Failure::usage(format_args!("a daemon is running, and {flag} is its own: leave it out")));
    }
    let settings = &context.settings;
    let database = settings.database(args.database.db.as_deref());
    let is_default = match (&database, settings.data_directory()) {
        (Ok(database), Ok(directory)) => *database == directory.join("receipts.db"),
        _ => true,
    };
    let meant = [
        ("db", database.ok().filter(|_| !is_default)),
        ("key", args.key.clone()),
        ("public_key", args.trust.public_key.clone()),
    ];
    for (name, path) in meant {
        let daemons = status.get(name).and_then(Value::as_str).map(Path::new);
        if let (Some(path), Some(daemons)) = (path, daemons)
            && real(&path) != real(daemons)
        {
            let (path, daemons) = (path.display(), daemons.display());
            return Err(Failure::usage(format_args!(
                "the daemon that answers works with `{daemons}`, not with `{path}`"
            ))
            .with_hint("name the other daemon's socket with --control-socket or --socket"));
        }
    }
    Ok(())
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// Root may be answered by anybody's daemon; anybody else is obeyed by a daemon of their own only, or is not who they think.
fn of_daemon(control: &Path, request: &ControlRequest, patience: Duration) -> Result<ControlReply, AskError> {
    let own = rustix::process::geteuid().as_raw();
    ask(control, request, patience, |peer: &Peer| own == 0 || peer.uid == own || peer.uid == 0)
}

fn done(reply: ControlReply) -> Result<Object, Failure> {
    match reply {
        ControlReply::Done(object) => Ok(object),
        ControlReply::Refused { message, .. } => {
            Err(Failure::new(format_args!("the daemon refused: {message}")))
        }
    }
}

/// Has the daemon's binary rotate and end. It takes the lock on the database, so no daemon can be at work on it.
fn offline(args: &Args, context: &Context) -> Result<Object, Failure> {
    let binary = find_daemon(args.daemon_bin.as_deref(), context.settings.environment())?;
    let mut command = Command::new(&binary);
    command.args(["--rotate", "--json"]).stdin(Stdio::null());
    let paths = [
        ("--config", &context.config),
        ("--key", &args.key),
        ("--public-key", &args.trust.public_key),
        ("--db", &args.database.db),
        ("--socket", &args.socket.socket),
        ("--anchor-log", &args.anchor_log),
    ];
    for (flag, path) in paths {
        command.args(path.iter().flat_map(|path| [std::ffi::OsStr::new(flag), path.as_os_str()]));
    }
    let words = [
        ("--chain-id", &args.chain_id),
        ("--issuer-id", &args.issuer_id),
        ("--verification-method", &args.verification_method),
    ];
    for (flag, word) in words {
        command.args(word.iter().flat_map(|word| [flag, word.as_str()]));
    }
    let output = command
        .output()
        .map_err(|error| Failure::new(format_args!("could not execute `{}`: {error}", binary.display())))?;
    let told = parse(&output.stdout, Rules::Receipt).ok().and_then(|told| told.into_object().ok());
    match (told, output.status.code()) {
        // Rotated, be it with something left to do, which the answer says.
        (Some(told), Some(_)) => Ok(told),
        (_, code) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().last().unwrap_or("the daemon's binary said nothing");
            let failure = Failure::new(said.trim_start_matches("agent-receipts-daemon: "));
            Err(failure.with_code(if code == Some(2) { exit::USAGE } else { exit::FAILED }))
        }
    }
}

fn report(told: Object, online: bool, context: &Context) -> Result<u8, Failure> {
    let text = canonical(&told.into());
    let unreadable = |error| Failure::new(format_args!("what the daemon told cannot be read: {error}"));
    let mut answer: serde_json::Value = serde_json::from_slice(&text).map_err(unreadable)?;
    let rotation: Rotation = serde_json::from_slice(&text).map_err(unreadable)?;
    let mut screen = context.stdout();
    if context.json {
        answer["online"] = online.into();
        screen.json(&answer)?;
    } else {
        write(&rotation, online, &mut screen)?;
    }
    screen.flush()?;
    match rotation.unfinished {
        None => Ok(exit::OK),
        Some(unfinished) => {
            complain(&format!(
                "error: the next start of the daemon finishes the rotation: {}",
                printable(&unfinished)
            ));
            Ok(exit::FAILED)
        }
    }
}

/// The reference's lines, and who has done it.
fn write(rotation: &Rotation, online: bool, screen: &mut Screen) -> Result<(), Failure> {
    for HandOver { chain_id, sequence, receipt_id } in &rotation.receipts {
        let line = format!("rotated signing key on chain {} (seq {sequence})", printable(chain_id));
        screen.line(&screen.tone(Tone::Good, &line))?;
        screen.line(&format!("  key_rotated receipt: {}", printable(receipt_id)))?;
    }
    screen.line(&format!("outgoing key: {}", printable(&rotation.outgoing)))?;
    screen.line(&format!("incoming key: {}", printable(&rotation.incoming)))?;
    screen.line(&format!("archived public key: {}", printable(&rotation.archived)))?;
    if let Some(anchored) = &rotation.anchored {
        screen.line(&format!("anchored to: {}", printable(anchored)))?;
    }
    screen.line(if online {
        "the running daemon signs with it"
    } else {
        "no daemon is running: the next start signs with it"
    })?;
    screen.line("keep the archived key: verifiers need it for everything signed until now")?;
    Ok(())
}

/// How long a daemon may take to say who it is.
const STATUS: Duration = Duration::from_secs(10);
/// How long it may take to hand every chain over, behind all that waits.
const ROTATION: Duration = Duration::from_secs(300);
