//! What one event costs the program that emits it.

use std::path::Path;
use std::thread::sleep;
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
    };
    daemon.stop()?;
    Ok(cost)
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
const INPUT: &str = r#"{"owner":"example","page":1,"query":"label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc"}"#;
