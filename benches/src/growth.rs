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

/// Measures each size in a database of its own, and in turns, so that what is compared met the same moments of the machine.
///
/// # Errors
///
/// [`Failure`] if a program fails.
pub fn measure_growth(sizes: &[u64], binaries: &Binaries, place: &Path) -> Result<Vec<Grown>, Failure> {
    let made: Result<Vec<_>, _> =
        sizes.iter().map(|receipts| History::new(*receipts, binaries, place)).collect();
    let mut histories = made?;
    for _ in 0..TIMES {
        histories.iter_mut().try_for_each(|history| history.measure_once(binaries))?;
    }
    Ok(histories.into_iter().map(History::finish).collect())
}

/// A database, and the times measured with it, in nanoseconds.
struct History {
    receipts: u64,
    home: Home,
    starts: Vec<u64>,
    stops: Vec<u64>,
    tails: Vec<u64>,
    lists: Vec<u64>,
    appends: Vec<u64>,
}

impl History {
    fn new(receipts: u64, binaries: &Binaries, place: &Path) -> Result<Self, Failure> {
        let home = Home::new(&binaries.daemon, place)?;
        fill(&home.db(), &home.key(), receipts, Chain::new("growth", until_now(receipts)))?;
        // The first start makes the checkpoint that a daemon which wrote all this would have made.
        home.start()?.stop()?;
        let none = Vec::new;
        Ok(Self {
            receipts,
            home,
            starts: none(),
            stops: none(),
            tails: none(),
            lists: none(),
            appends: none(),
        })
    }

    fn measure_once(&mut self, binaries: &Binaries) -> Result<(), Failure> {
        let read = |args: &[&str]| {
            let mut command = Command::new(&binaries.cli);
            command.env_clear().args(args).arg("--db").arg(self.home.db());
            watch(&mut command, PATIENCE).map(|watched| (watched.seconds * 1e9) as u64)
        };
        self.tails.push(read(&["tail", "--no-follow"])?);
        self.lists.push(read(&["list"])?);
        let daemon = self.home.start()?;
        self.starts.push(daemon.answered_after.as_nanos() as u64);
        append(&self.home, &mut self.appends)?;
        self.stops.push(daemon.stop()?.as_nanos() as u64);
        Ok(())
    }

    fn finish(self) -> Grown {
        Grown {
            receipts: self.receipts,
            start_up: median(self.starts),
            stop: median(self.stops),
            tail: median(self.tails),
            list: median(self.lists),
            append: median(self.appends),
        }
    }
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

/// In milliseconds.
fn median(nanoseconds: Vec<u64>) -> f64 {
    Latencies::of(nanoseconds).map_or(0.0, |times| times.p50 / 1e3)
}

/// When a chain of so many receipts must begin to end now: the daemon's next receipt is not to be earlier.
fn until_now(receipts: u64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let begun = i64::try_from(now.saturating_sub(receipts / PACE)).unwrap_or_default();
    Timestamp::from_unix(begun, 0).unwrap_or(Timestamp::UNIX_EPOCH)
}

const TIMES: usize = 15;
const APPENDS: usize = 40;
const PATIENCE: Duration = Duration::from_secs(300);
