//! `emit`: one event, from flags.

use std::fs::File;
use std::io::{self, Read};

use agent_receipts_ipc::{Decision, EventToSend, Identity, MAX_FRAME};

use super::Context;
use crate::args::SocketArgs;
use crate::exit;
use crate::failure::Failure;
use crate::output::{Tone, printable};
use crate::recorder::Recorder;

/// Flags of `emit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tool that acted.
    #[arg(long)]
    tool: String,
    /// The kind of emitter.
    #[arg(long, default_value = "cli")]
    channel: String,
    /// The server that owns the tool.
    #[arg(long, default_value = "", hide_default_value = true)]
    server: String,
    /// What was decided: allowed, denied or pending.
    #[arg(long, default_value = "allowed", value_parser = decision)]
    decision: Decision,
    /// The tool's parameters: JSON, `@FILE`, or `-` for standard input. Only their hash is recorded.
    #[arg(long, value_name = "JSON")]
    input: Option<String>,
    /// The tool's response: JSON, `@FILE`, or `-` for standard input. Only its hash is recorded.
    #[arg(long, value_name = "JSON")]
    output: Option<String>,
    /// What went wrong.
    #[arg(long, default_value = "", hide_default_value = true)]
    error: String,
    /// The action's type, such as `filesystem.file.read`.
    #[arg(long, value_name = "TYPE", default_value = "", hide_default_value = true)]
    action_type: String,
    /// The system acted upon; together with --target-resource.
    #[arg(long, value_name = "SYSTEM", default_value = "", hide_default_value = true)]
    target_system: String,
    /// The resource acted upon.
    #[arg(long, value_name = "RESOURCE", default_value = "", hide_default_value = true)]
    target_resource: String,
    /// The session [env: AGENTRECEIPTS_SESSION_ID] [default: a new one].
    #[arg(long, value_name = "ID")]
    session_id: Option<String>,
    /// The agent whose own chain this belongs to.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    agent_id: String,
    /// The agent's type.
    #[arg(long, value_name = "TYPE", default_value = "", hide_default_value = true)]
    agent_type: String,
    /// The model that acted.
    #[arg(long, default_value = "", hide_default_value = true)]
    model: String,
    /// What the model used up: JSON, `@FILE` or `-`.
    #[arg(long, value_name = "JSON")]
    usage: Option<String>,
    /// How the event was captured.
    #[arg(long, value_name = "METHOD", default_value = "", hide_default_value = true)]
    capture_method: String,
    /// The key by which a repetition is known.
    #[arg(long, value_name = "KEY", default_value = "", hide_default_value = true)]
    idempotency_key: String,
    /// What ties this event to others.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    correlation_id: String,
    /// The issuer's name.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    issuer_name: String,
    /// The issuer's model.
    #[arg(long, value_name = "MODEL", default_value = "", hide_default_value = true)]
    issuer_model: String,
    /// The operator's identifier.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    operator_id: String,
    /// The operator's name; only with --operator-id.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    operator_name: String,
    /// Wait until the receipt is on disk (the default).
    #[arg(long, overrides_with = "no_ack")]
    ack: bool,
    /// Do not wait: the event is handed over, and nobody tells what became of it.
    #[arg(long, overrides_with = "ack")]
    no_ack: bool,
    #[command(flatten)]
    socket: SocketArgs,
}

/// Records the event; without an acknowledgement there is nothing to print.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let payloads = [&args.input, &args.output, &args.usage];
    if payloads.iter().filter(|payload| payload.as_deref() == Some("-")).count() > 1 {
        return Err(Failure::usage("standard input can be only one of --input, --output and --usage"));
    }
    let [input, output, usage] = [payload(payloads[0])?, payload(payloads[1])?, payload(payloads[2])?];
    let identity = Identity {
        issuer_name: args.issuer_name.clone(),
        issuer_model: args.issuer_model.clone(),
        operator_id: args.operator_id.clone(),
        operator_name: args.operator_name.clone(),
    };
    let event = EventToSend {
        tool_server: &args.server,
        action_type: &args.action_type,
        input: input.as_deref(),
        output: output.as_deref(),
        error: &args.error,
        identity: Some(&identity),
        idempotency_key: &args.idempotency_key,
        correlation_id: &args.correlation_id,
        agent_id: &args.agent_id,
        agent_type: &args.agent_type,
        model: &args.model,
        usage: usage.as_deref(),
        capture_method: &args.capture_method,
        target_system: &args.target_system,
        target_resource: &args.target_resource,
        ..EventToSend::new(&args.channel, &args.tool, args.decision)
    };
    let recorder =
        Recorder::new(&context.settings, args.socket.socket.as_deref(), args.session_id.as_deref())?;
    let mut screen = context.stdout();
    if args.no_ack {
        recorder.hand_over(&event)?;
        return Ok(exit::OK);
    }
    let recorded = recorder.record(&event)?;
    if context.json {
        screen.json(&recorded)?;
    } else {
        screen.line(&format!(
            "{} #{} {}",
            screen.tone(Tone::Strong, &printable(&recorded.chain_id)),
            recorded.sequence,
            recorded.receipt_id
        ))?;
        screen.line(&screen.tone(Tone::Quiet, &recorded.receipt_hash))?;
    }
    screen.flush()?;
    Ok(exit::OK)
}

fn decision(word: &str) -> Result<Decision, String> {
    Decision::from_word(word).ok_or_else(|| "neither allowed, denied nor pending".to_owned())
}

/// A payload as the flag gives it: the text itself, a file's, or standard input's.
fn payload(flag: &Option<String>) -> Result<Option<String>, Failure> {
    let Some(flag) = flag else { return Ok(None) };
    let read = match flag.strip_prefix('@') {
        _ if flag == "-" => bounded(io::stdin().lock()),
        Some(path) => File::open(path).and_then(bounded),
        None => return Ok(Some(flag.clone())),
    };
    read.map(Some)
        .map_err(|error| Failure::usage(format_args!("could not read the payload `{flag}`: {error}")))
}

/// No payload longer than a frame can ever be sent, so none is read.
fn bounded(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(MAX_FRAME as u64 + 1).read_to_string(&mut text)?;
    if text.len() > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {MAX_FRAME} bytes")));
    }
    Ok(text)
}
