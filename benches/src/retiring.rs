//! What moving a chain to an archive takes, and what it leaves.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;
use agent_receipts_store::{CheckpointReader as _, SqliteReader};
use serde::Serialize;

use crate::placing::PACE;
use crate::watched::watch;
use crate::{Binaries, Chain, Failure, Home, fill};

/// One chain of some size, moved and compacted: bytes of files, and seconds.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Moved {
    /// How many receipts it had, besides its terminator.
    pub receipts: u64,
    /// The database before.
    pub before: u64,
    /// The database after it was compacted.
    pub compacted: u64,
    /// The archive's database.
    pub archive: u64,
    /// `retire`, in seconds.
    pub retire: f64,
    /// `compact`, in seconds.
    pub compact: f64,
    /// `verify` of both afterwards, in seconds.
    pub verify: f64,
}

/// Measures each size in a database of its own.
///
/// # Errors
///
/// [`Failure`] if a program fails.
pub fn measure_retiring(sizes: &[u64], binaries: &Binaries, place: &Path) -> Result<Vec<Moved>, Failure> {
    sizes.iter().map(|receipts| retire(*receipts, binaries, place)).collect()
}

fn retire(receipts: u64, binaries: &Binaries, place: &Path) -> Result<Moved, Failure> {
    let home = Home::new(&binaries.daemon, place)?;
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let begun = i64::try_from(begun.saturating_sub(receipts / PACE)).unwrap_or_default();
    let begun = Timestamp::from_unix(begun, 0).unwrap_or(Timestamp::UNIX_EPOCH);
    fill(&home.db(), &home.key(), receipts, Chain::new(CHAIN, begun))?;
    // A daemon takes the chain up, closes it when it stops, and signs a checkpoint over all of it.
    let daemon = home.start()?;
    wait_for_checkpoint(&home)?;
    daemon.stop()?;
    let run = |words: &[&str]| {
        let mut command = Command::new(&binaries.cli);
        command.env_clear().env("HOME", home.path("")).args(words).arg("--db").arg(home.db());
        if words[0] != "compact" {
            command.arg("--public-key").arg(home.public_key());
        }
        if words[0] != "verify" {
            command.arg("--daemon-bin").arg(&binaries.daemon);
        }
        watch(&mut command, PATIENCE).map(|watched| watched.seconds)
    };
    let length = |name: &str| {
        let path = home.path(name);
        path.metadata().map(|about| about.len()).map_err(Failure::system(format!("look at `{name}`")))
    };
    let before = length("receipts.db")?;
    let retire = run(&["retire", "--chain", CHAIN, "--name", "x"])?;
    let compact = run(&["compact"])?;
    Ok(Moved {
        receipts,
        before,
        compacted: length("receipts.db")?,
        archive: length("receipts.db.archives/x/receipts.db")?,
        retire,
        compact,
        verify: run(&["verify"])?,
    })
}

/// At its start the daemon signs for what it finds; a stop waits for that only so long.
fn wait_for_checkpoint(home: &Home) -> Result<(), Failure> {
    let began = Instant::now();
    while SqliteReader::open(home.db())?.checkpoints_up_to(u64::MAX, 1)?.is_empty() {
        if began.elapsed() > PATIENCE {
            return Err(Failure::TooLate { what: "a checkpoint".to_owned(), seconds: PATIENCE.as_secs() });
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

const CHAIN: &str = "retired";
const PATIENCE: Duration = Duration::from_secs(900);
