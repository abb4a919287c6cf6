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
    /// A millisecond apart, as an agent that now and then calls a tool.
    pub now_and_then: Latencies,
    /// One after the other, the daemon keeping up or holding back.
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
    let measure = |events: usize, pause: Option<Duration>| {
        let mut times = Vec::with_capacity(events);
        for _ in 0..events {
            let began = Instant::now();
            emit()?;
            times.push(began.elapsed().as_nanos() as u64);
            pause.into_iter().for_each(sleep);
        }
        Latencies::of(times).ok_or_else(|| Failure::Plan("no event was emitted".to_owned()))
    };
    // The first event pays for the connection.
    emit()?;
    let cost = EmitCost {
        now_and_then: measure(2000, Some(Duration::from_millis(1)))?,
        at_once: measure(20_000, None)?,
    };
    daemon.stop()?;
    Ok(cost)
}

const INPUT: &str = r#"{"owner":"example","page":1,"query":"label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc label:receipts is:open sort:updated-desc"}"#;
