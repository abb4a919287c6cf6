//! What the daemon takes from the world around it, so that tests can be that world.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;
use agent_receipts_keysource::random_seed;
use zeroize::Zeroizing;

use crate::disk::Disk;

/// The clock, the sources of identifiers and of randomness, the log, the disk where it holds keys, and how often the operator is
/// told the same again.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time of receipts.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Gives lower-case UUIDs that ascend: random ones cost two thirds of the rate at which SQLite inserts.
    pub uuid: Arc<dyn Fn() -> String + Send + Sync>,
    /// Gives the randomness of one disclosure envelope, or of one signing key. Whoever knows a seed can read its envelope, or
    /// sign with its key.
    pub seeds: Seeds,
    /// Takes one line for the operator. No line holds a payload, a key or an error text of an emitter.
    pub log: Log,
    /// How often the daemon's process says again what is unsafe about its set-up.
    pub warning_interval: Duration,
    /// Looks one environment variable up: what a service manager tells its processes. The configuration is not read from here.
    pub variable: Variable,
    /// Where the files of a key rotation stand.
    pub disk: Disk,
}

/// Looks up what stands behind a name; nothing, where nothing does.
pub type Variable = Arc<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// A place for lines that an operator reads.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// Gives 32 fresh random bytes each time, or nothing where there are none to be had.
pub type Seeds = Arc<dyn Fn() -> Option<Zeroizing<[u8; 32]>> + Send + Sync>;

impl Surroundings {
    /// The system's clock, UUIDv7, the system's randomness, standard error and environment, and a warning a minute (wire
    /// protocol §1.3).
    pub fn system() -> Self {
        Self {
            clock: Arc::new(system_time),
            uuid: Arc::new(|| uuid::Uuid::now_v7().to_string()),
            seeds: Arc::new(|| random_seed().ok()),
            log: Arc::new(write_to_standard_error),
            warning_interval: Duration::from_secs(60),
            variable: Arc::new(|name| std::env::var_os(name)),
            disk: Disk::system(),
        }
    }
}

/// A log that nobody reads any more (a pipe that broke, a full disk) must not stop the recording: `eprintln` would panic.
fn write_to_standard_error(line: &str) {
    let _ = writeln!(io::stderr(), "agent-receipts-daemon: {}", on_one_line(line));
}

/// Log lines quote what emitters sent: nothing in them may start a line of its own or steer a terminal.
fn on_one_line(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A clock before 1970 or after 9999 is read as 1970: the verifier reports it, and no event is lost over it.
fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_unix(seconds, since.subsec_nanos()))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
