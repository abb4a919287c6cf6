//! Two tool calls of a program that logs with `tracing`, recorded; run it below `agent-receipts run -- …`.

use agent_receipts_ipc::Emitter;
use tracing_subscriber::prelude::*;

#[tracing::instrument(fields(tool.name = "read_file", action_type = "filesystem.file.read"), err)]
fn read_file(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let session = std::env::var("AGENTRECEIPTS_SESSION_ID").unwrap_or_default();
    let emitter = Emitter::builder().session_id(session).build()?;
    let (layer, recording) = agent_receipts_tracing::layer(emitter);
    tracing_subscriber::registry().with(layer).init();
    let _ = read_file("/etc/hostname");
    tracing::info!(tool.name = "delete_file", input.path = "/etc/hostname", decision = "denied");
    println!("lost: {}, refused: {}", recording.dropped(), recording.refused());
    Ok(())
}
