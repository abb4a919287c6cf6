//! What one event costs the program that emits it.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use agent_receipts_ipc::{Decision, Emitter, EventToSend};
use serde::Serialize;

use crate::{Binaries, Failure, Home, Latencies};

/// Durations of `Emitter::emit` on a warm connection, in microseconds.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct EmitCost {
    /// A millisecond apart, the caller at work in between.
    pub busy: Latencies,
    /// A millisecond apart, the caller asleep in between: it and the daemon find cold caches and idle cores.
    pub asleep: Latencies,
    /// In bursts that the daemon can take in, one after the other.
    pub at_once: Latencies,
    /// Not an event: as many bytes, written as in `busy` to a thread that sleeps in a read. What of `busy` is the system's,
    /// nearly all of it for waking a sleeper on another core.
    pub bare_write: Latencies,
}

/// Measures it against our own daemon.
///
/// # Errors
///
/// [`Failure`] if an event is not taken.
pub fn measure_emit_cost(binaries: &Binaries, place: &Path) -> Result<EmitCost, Failure> {
    let home = Home::new(&binaries.daemon, place)?;
    let daemon = home.start()?;
    let unclear = |error: &dyn std::error::Error| Failure::unclear("the emitter", error);
    let emitter = Emitter::builder().socket_path(home.socket()).build().map_err(|error| unclear(&error))?;
    let mut event = EventToSend::new("mcp", "list_repos", Decision::Allowed);
    event.tool_server = "github";
    event.input = Some(INPUT);
    event.output = Some(r#"{"count":3,"isError":false}"#);
    let emit = || emitter.emit(&event).map_err(|error| unclear(&error));
    let measure = |events: usize, pause: &dyn Fn(usize)| {
        let mut times = Vec::with_capacity(events);
        for number in 1..=events {
            let began = Instant::now();
            emit()?;
            times.push(began.elapsed().as_nanos() as u64);
            pause(number);
        }
        Latencies::of(times).ok_or_else(|| Failure::Plan("no event was emitted".to_owned()))
    };
    // The first event pays for the connection.
    emit()?;
    let cost = EmitCost {
        busy: measure(2000, &|_| work_for(PAUSE))?,
        asleep: measure(2000, &|_| sleep(PAUSE))?,
        at_once: measure(5000, &|number| {
            if number % BURST == 0 {
                sleep(REST)
            }
        })?,
        bare_write: bare_write().map_err(Failure::system("write to a socket"))?,
    };
    daemon.stop()?;
    Ok(cost)
}

fn bare_write() -> io::Result<Latencies> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    let reader = spawn(move || {
        let mut space = [0; 1 << 16];
        while theirs.read(&mut space).is_ok_and(|count| count > 0) {}
    });
    let bytes = [b'x'; FRAME];
    let mut times = Vec::new();
    for _ in 0..2000 {
        let began = Instant::now();
        ours.write_all(&bytes)?;
        times.push(began.elapsed().as_nanos() as u64);
        work_for(PAUSE);
    }
    drop(ours);
    // It ends with the socket, and holds nothing.
    let _ = reader.join();
    Latencies::of(times).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn work_for(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

const PAUSE: Duration = Duration::from_millis(1);
/// Fewer events than the daemon's queue holds, and the time for the disk to catch up with them.
const BURST: usize = 250;
const REST: Duration = Duration::from_millis(100);
/// About what an event takes on the wire.
const FRAME: usize = 600;
const INPUT: &str = r#"{"owner":"example","page":1,"query":"label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc"}"#;
