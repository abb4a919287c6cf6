//! How fast `agent-receipts verify` is, and in how much memory.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use agent_receipts_core::{PublicKey, Received, Timestamp};
use agent_receipts_store::{Query, ReceiptReader, SqliteReader};
use serde::Serialize;

use crate::pipeline::cores;
use crate::watched::watch;
use crate::{Binaries, Chain, Failure, Home, fill};

/// The verification of one database.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// How many receipts it has, all in one chain.
    pub receipts: u64,
    /// From the start of the program to its end.
    pub seconds: f64,
    /// Receipts a second.
    pub receipts_per_second: f64,
    /// What one core parses, canonicalises, hashes and verifies in memory, in receipts a second, in the same run.
    pub one_core_per_second: f64,
    /// Receipts a second against all cores' worth of that.
    pub of_all_cores: f64,
    /// The most memory that was resident in the program, in bytes.
    pub peak_rss: u64,
}

/// Makes databases of so many receipts, one after the other, and verifies each with the real program.
///
/// # Errors
///
/// [`Failure`]; a verdict other than valid is one.
pub fn measure_verification(
    sizes: &[u64],
    binaries: &Binaries,
    place: &Path,
) -> Result<Vec<Verified>, Failure> {
    sizes.iter().map(|receipts| verify(*receipts, binaries, place)).collect()
}

fn verify(receipts: u64, binaries: &Binaries, place: &Path) -> Result<Verified, Failure> {
    let home = Home::new(&binaries.daemon, place)?;
    fill(&home.db(), &home.key(), receipts, Chain::new("verification", long_ago()))?;
    let before = one_core(&home)?;
    let mut command = Command::new(&binaries.cli);
    command.env_clear().arg("verify").arg("--db").arg(home.db()).arg("--public-key").arg(home.public_key());
    let watched = watch(&mut command, PATIENCE)?;
    // Before and after, because the machine's pace changes.
    let one_core_per_second = f64::midpoint(before, one_core(&home)?);
    let receipts_per_second = receipts as f64 / watched.seconds;
    Ok(Verified {
        receipts,
        seconds: watched.seconds,
        receipts_per_second,
        one_core_per_second,
        of_all_cores: receipts_per_second / (one_core_per_second * cores() as f64),
        peak_rss: watched.peak_rss,
    })
}

fn one_core(home: &Home) -> Result<f64, Failure> {
    let pem = std::fs::read_to_string(home.public_key()).map_err(Failure::system("read the public key"))?;
    let key = PublicKey::from_pem(&pem).map_err(|error| Failure::unclear("the public key", error))?;
    let mut texts = Vec::new();
    let query = Query { limit: Some(SAMPLE), ..Query::after(0) };
    SqliteReader::open(home.db())?.stream(&query, &mut |stored| {
        texts.push(stored.row.receipt_json);
        ControlFlow::Continue(())
    })?;
    let began = Instant::now();
    for text in &texts {
        let received =
            Received::parse(text.as_bytes()).map_err(|error| Failure::unclear("a receipt of ours", error))?;
        black_box(received.verify(&key)).map_err(|error| Failure::unclear("a signature of ours", error))?;
    }
    Ok(texts.len() as f64 / began.elapsed().as_secs_f64())
}

/// Receipts of the future are reported.
fn long_ago() -> Timestamp {
    Timestamp::from_unix(1_767_225_600, 0).unwrap_or(Timestamp::UNIX_EPOCH)
}

const SAMPLE: u64 = 20_000;
const PATIENCE: Duration = Duration::from_secs(1800);
