//! A program that records what it does: three events, the last one acknowledged.
//!
//! ```sh
//! agent-receipts run -- cargo run -p agent-receipts-examples --bin emit_event
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use agent_receipts_ipc::{Ack, Decision, Emitter, EventToSend};

fn main() -> Result<(), Box<dyn Error>> {
    // `run` gives the socket and the session in the environment; the builder finds the socket by itself.
    let session = std::env::var("AGENTRECEIPTS_SESSION_ID").unwrap_or_default();
    let emitter = Emitter::builder().session_id(session).best_effort(true).build()?;

    // Returns within a fraction of a second, daemon or no daemon; what is lost is counted and told later.
    let mut read = EventToSend::new("example", "read_file", Decision::Allowed);
    read.action_type = "filesystem.file.read";
    read.target_system = "filesystem";
    read.target_resource = "/srv/notes.txt";
    read.input = Some(r#"{"path":"/srv/notes.txt"}"#);
    read.output = Some(r#"{"bytes":120}"#);
    emitter.emit(&read)?;

    let mut denied = EventToSend::new("example", "delete_file", Decision::Denied);
    denied.action_type = "filesystem.file.delete";
    denied.input = Some(r#"{"path":"/srv/notes.txt"}"#);
    emitter.emit(&denied)?;

    // With an acknowledgement the receipt is on disk when this returns.
    let mut payment = EventToSend::new("example", "pay", Decision::Allowed);
    payment.action_type = "financial.payment.initiate";
    payment.input = Some(r#"{"amount":"12.00","currency":"EUR"}"#);
    payment.error = "card declined";
    let mut out = io::stdout().lock();
    match emitter.emit_acknowledged(&payment, Duration::from_secs(5))? {
        Ack::Accepted { receipt_id, chain_id, sequence, .. } => {
            writeln!(out, "recorded as {receipt_id}: chain {chain_id}, sequence {sequence}")?;
        }
        Ack::Refused { code, message } => writeln!(out, "refused ({code}): {message}")?,
    }
    Ok(())
}
