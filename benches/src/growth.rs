//! What a long history costs those who do not read it whole.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;
use agent_receipts_ipc::{Decision, Emitter, EventToSend};
use serde::Serialize;

use crate::placing::PACE;
use crate::watched::watch;
use crate::{Binaries, Chain, Failure, Home, Latencies, fill};

/// Times in milliseconds, medians of a few, on a database of some size.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Grown {
    /// How many receipts the database had.
    pub receipts: u64,
    /// From the daemon's start to its socket's first answer.
    pub start_up: f64,
    /// From SIGTERM to the daemon's end, its terminators written.
    pub stop: f64,
    /// `tail` of the ten newest.
    pub tail: f64,
    /// `list` of the fifty newest.
    pub list: f64,
    /// One event, from its emitter's call to its acknowledgement.
    pub append: f64,
}

/// Measures each size in a database of its own.
///
/// # Errors
///
/// [`Failure`] if a program fails.
pub fn measure_growth(sizes: &[u64], binaries: &Binaries, place: &Path) -> Result<Vec<Grown>, Failure> {
    sizes.iter().map(|receipts| grow(*receipts, binaries, place)).collect()
}

fn grow(receipts: u64, binaries: &Binaries, place: &Path) -> Result<Grown, Failure> {
    let home = Home::new(&binaries.daemon, place)?;
    fill(&home.db(), &home.key(), receipts, Chain::new("growth", until_now(receipts)))?;
    let read = |args: &[&str]| {
        let mut command = Command::new(&binaries.cli);
        command.env_clear().args(args).arg("--db").arg(home.db());
        watch(&mut command, PATIENCE).map(|watched| (watched.seconds * 1e9) as u64)
    };
    let tail = median(|| read(&["tail", "--no-follow"]))?;
    let list = median(|| read(&["list"]))?;
    let (mut starts, mut stops, mut appends) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let daemon = home.start()?;
        starts.push(daemon.answered_after.as_nanos() as u64);
        append(&home, &mut appends)?;
        stops.push(daemon.stop()?.as_nanos() as u64);
    }
    Ok(Grown {
        receipts,
        start_up: milliseconds(starts),
        stop: milliseconds(stops),
        tail,
        list,
        append: milliseconds(appends),
    })
}

fn append(home: &Home, times: &mut Vec<u64>) -> Result<(), Failure> {
    let emitter = Emitter::builder()
        .socket_path(home.socket())
        .build()
        .map_err(|error| Failure::unclear("the emitter", error))?;
    let event = EventToSend::new("bench", "append", Decision::Allowed);
    for _ in 0..APPENDS {
        let began = std::time::Instant::now();
        let ack = emitter
            .emit_acknowledged(&event, Duration::from_secs(10))
            .map_err(|error| Failure::unclear("the emitter", error))?;
        times.push(began.elapsed().as_nanos() as u64);
        if let agent_receipts_ipc::Ack::Refused { message, .. } = ack {
            return Err(Failure::unclear("the daemon", message));
        }
    }
    Ok(())
}

fn median(mut measure: impl FnMut() -> Result<u64, Failure>) -> Result<f64, Failure> {
    Ok(milliseconds((0..TIMES).map(|_| measure()).collect::<Result<_, _>>()?))
}

fn milliseconds(nanoseconds: Vec<u64>) -> f64 {
    Latencies::of(nanoseconds).map_or(0.0, |times| times.p50 / 1e3)
}

/// When a chain of so many receipts must begin to end now: the daemon's next receipt is not to be earlier.
fn until_now(receipts: u64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let begun = i64::try_from(now.saturating_sub(receipts / PACE)).unwrap_or_default();
    Timestamp::from_unix(begun, 0).unwrap_or(Timestamp::UNIX_EPOCH)
}

const TIMES: usize = 9;
const APPENDS: usize = 40;
const PATIENCE: Duration = Duration::from_secs(300);
