//! A verifier in another program: reads receipts, one a line, from standard input and judges the chain.
//!
//! ```sh
//! agent-receipts export --chain-id "$CHAIN" | cargo run -p agent-receipts-examples --bin embed_verifier -- signing.key.pub
//! ```

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use agent_receipts_chain::{ChainVerifier, Options, Outcome};
use agent_receipts_core::PublicKey;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: embed_verifier PUBLIC_KEY < receipts.jsonl")?;
    let key = PublicKey::from_pem(&std::fs::read_to_string(path)?)?;

    // Memory stays the same however long the chain is.
    let mut verifier = ChainVerifier::new(key, Options::default());
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        if !line.trim_ascii().is_empty() {
            verifier.push_json(&line);
        }
    }
    let verdict = verifier.finish();

    let mut out = io::stdout().lock();
    writeln!(out, "{:?}: {} receipts, chain {:?}", verdict.outcome, verdict.length, verdict.chain_id)?;
    if let Some(index) = verdict.broken_at {
        writeln!(out, "first wrong at receipt {index}: {:?}", verdict.reason)?;
    }
    for finding in verdict.findings.iter().take(10) {
        writeln!(
            out,
            "{:?} {} at receipt {}: {}",
            finding.level, finding.code, finding.index, finding.message
        )?;
    }
    // `Empty` is not `Valid`: nothing is never proof of anything.
    Ok(if verdict.outcome == Outcome::Valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
