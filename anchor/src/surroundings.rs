//! What the anchor takes from the world around it, so that tests can be that world.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::disk::Disk;

/// The clock, randomness, the disk and the log.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time of records and of cursors. Deadlines and waits do not depend on it.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Gives 64 random bits: nonces of time-stamp requests, and the jitter of retries. `None` where there are none.
    pub random: Arc<dyn Fn() -> Option<u64> + Send + Sync>,
    /// Everything that is written goes through it.
    pub disk: Disk,
    /// Takes one line for the operator. No line holds a secret.
    pub log: Log,
}

/// A place for lines that an operator reads.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

impl Surroundings {
    /// The system's clock, randomness, disk and standard error.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(system_time),
            random: Arc::new(system_random),
            disk: Disk::system(),
            log: Arc::new(write_to_standard_error),
        }
    }
}

/// Sinks answer what they like: nothing in a line may start one of its own or steer a terminal.
pub(crate) fn on_one_line(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A log that nobody reads any more must not stop the anchoring: `eprintln` would panic.
fn write_to_standard_error(line: &str) {
    let _ = writeln!(io::stderr(), "agent-receipts-anchor: {}", on_one_line(line));
}

fn system_random() -> Option<u64> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(u64::from_be_bytes(bytes))
}

/// A clock before 1970 or after 9999 is read as 1970; who reads the evidence sees that at once.
fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_unix(seconds, since.subsec_nanos()))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
