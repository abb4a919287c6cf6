//! `show`: one receipt.

use agent_receipts_core::{Receipt, Received};
use agent_receipts_store::Row;

use super::Context;
use crate::args::DatabaseArgs;
use crate::exit;
use crate::failure::Failure;
use crate::output::{Screen, Tone, as_json_of, printable};
use crate::sources::{ArchivesArgs, open};
use crate::verification::contradiction;
use crate::which::find;

/// Flags of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A sequence number, or a receipt's id (`urn:receipt:…`).
    #[arg(value_name = "SEQ|ID")]
    which: String,
    /// The chain that the sequence number is of [env: AGENTRECEIPTS_CHAIN_ID] [default: the only one].
    #[arg(long, value_name = "ID")]
    chain_id: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    archives: ArchivesArgs,
}

/// Writes the receipt as labelled lines, or with `--json` as it is stored.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let path = context.settings.database(args.database.db.as_deref())?;
    let mut sources = open(&path, &args.archives)?;
    let chain_id = context.settings.chain_id(args.chain_id.as_deref());
    let (row, at) = find(&args.which, chain_id, &mut sources)?;
    let archive = sources[at].name().map(str::to_owned);
    let mut screen = context.stdout();
    if context.json {
        screen.line(&as_json_of(&row, archive.as_deref()))?;
    } else {
        let received = Received::parse(row.receipt_json.as_bytes()).map_err(|error| {
            Failure::new(format_args!("receipt `{}` cannot be read: {error}", printable(&row.id)))
                .with_hint("--json shows it as it is stored")
        })?;
        write(&row, archive, &received, &mut screen)?;
    }
    screen.flush()?;
    Ok(exit::OK)
}

fn write(
    row: &Row,
    archive: Option<String>,
    received: &Received,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let mut lines = lines(received.receipt());
    lines.push(("Hash", received.hash().to_string()));
    lines.extend(archive.map(|name| ("Archive", name)));
    let width = lines.iter().map(|(label, _)| label.len()).max().unwrap_or_default() + 1;
    for (label, value) in &lines {
        let label = screen.tone(Tone::Strong, &format!("{:<width$}", format!("{label}:")));
        screen.line(&format!("{label}  {}", printable(value)))?;
    }
    for warning in disagreements(row, received) {
        screen.line(&screen.tone(Tone::Bad, &format!("warning: {}", printable(&warning))))?;
    }
    Ok(())
}

fn lines(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let subject = &receipt.subject;
    let (action, outcome, chain) = (&subject.action, &subject.outcome, &subject.chain);
    let mut lines = Vec::new();
    let mut put = |label, value: Option<String>| {
        lines.extend(value.filter(|value| !value.is_empty()).map(|value| (label, value)));
    };
    put("Receipt", Some(receipt.id.clone()));
    put("Version", Some(receipt.version.clone()));
    put("Chain", Some(chain.chain_id.clone()));
    put("Sequence", Some(chain.sequence.to_string()));
    put("Time", Some(action.timestamp.clone()));
    put("Action", Some(action.kind.clone()));
    put("Tool", action.tool_name.clone());
    put("Risk", Some(action.risk_level.clone()));
    put("Status", Some(outcome.status.clone()));
    put("Error", outcome.error.clone());
    put(
        "Target",
        action.target.as_ref().map(|target| match &target.resource {
            Some(resource) => format!("{}: {resource}", target.system),
            None => target.system.clone(),
        }),
    );
    put("Principal", Some(subject.principal.id.clone()));
    put("Session", receipt.issuer.session_id.clone());
    put("Agent", receipt.issuer.runtime.as_ref().and_then(|runtime| runtime.agent_id.clone()));
    put("Model", receipt.issuer.runtime.as_ref().and_then(|runtime| runtime.model.clone()));
    put("Issuer", Some(receipt.issuer.id.clone()));
    put("Issuer name", receipt.issuer.name.clone());
    put(
        "Peer",
        action.peer_credential.as_ref().map(|peer| {
            let number =
                |name, value: Option<u64>| value.map_or(String::new(), |value| format!(", {name} {value}"));
            let program = peer.exe_path.as_ref().map_or(String::new(), |path| format!(", {path}"));
            format!(
                "{}, pid {}{}{}{program}",
                peer.platform,
                peer.pid,
                number("uid", peer.uid),
                number("gid", peer.gid)
            )
        }),
    );
    put("Dropped", action.emitter_metadata.as_ref().and_then(|data| data.drop_count).map(|n| n.to_string()));
    put("Correlation", subject.correlation_id.clone());
    put("Idempotency key", action.idempotency_key.clone());
    put("Parameters hash", action.parameters_hash.clone());
    put("Response hash", outcome.response_hash.clone());
    put("Sealed", sealed(action.parameters_disclosure.is_some(), outcome.response_disclosure.is_some()));
    put(
        "Delegated by",
        subject.delegation.as_ref().map(|by| {
            format!("{} (chain {}, {})", by.delegator.id, by.parent_chain_id, by.parent_receipt_id)
        }),
    );
    put("New key", subject.key_rotation.as_ref().map(|rotation| rotation.new_key_fingerprint.clone()));
    put("Old key", subject.key_rotation.as_ref().map(|rotation| rotation.old_key_fingerprint.clone()));
    put(
        "Terminal",
        chain
            .terminal
            .filter(|terminal| *terminal)
            .map(|_| chain.status.clone().unwrap_or_else(|| "yes".to_owned())),
    );
    put("Signed by", receipt.proof.as_ref().map(|proof| proof.verification_method.clone()));
    put(
        "Previous",
        Some(chain.previous_receipt_hash.clone().unwrap_or_else(|| "none: the first".to_owned())),
    );
    lines
}

/// What stands there for whoever has the forensic key.
fn sealed(parameters: bool, response: bool) -> Option<String> {
    let what = match (parameters, response) {
        (false, false) => return None,
        (true, false) => "parameters",
        (false, true) => "response",
        (true, true) => "parameters and response",
    };
    Some(format!("{what} (see `agent-receipts disclose`)"))
}

/// Columns are nobody's signature: where one says something else than the receipt, somebody changed it.
fn disagreements(row: &Row, received: &Received) -> Vec<String> {
    let receipt = received.receipt();
    let subject = &receipt.subject;
    let sequence = subject.chain.sequence.to_string();
    let stored_sequence = row.sequence.to_string();
    let pairs = [
        ("id", row.id.as_str(), receipt.id.as_str()),
        ("chain_id", &row.chain_id, &subject.chain.chain_id),
        ("sequence", &stored_sequence, &sequence),
        ("action_type", &row.action_type, &subject.action.kind),
        ("risk_level", &row.risk_level, &subject.action.risk_level),
        ("status", &row.status, &subject.outcome.status),
        ("tool_name", &row.tool_name, subject.action.tool_name.as_deref().unwrap_or_default()),
        ("timestamp", &row.timestamp, &subject.action.timestamp),
        ("issuer_id", &row.issuer_id, &receipt.issuer.id),
    ];
    let differing = pairs.into_iter().filter(|(_, column, signed)| column != signed);
    let mut told: Vec<_> = differing
        .map(|(name, column, signed)| {
            format!("the database's column `{name}` says `{column}`, the receipt itself `{signed}`")
        })
        .collect();
    if told.is_empty() {
        told.extend(
            contradiction(row, received).map(|other| format!("the database says: {}", other.message)),
        );
    }
    told
}
