use std::thread;
use std::time::{Duration, Instant};

use agent_receipts_ipc::{Emitter, EventToSend};
use serde_json::{Value, json};

use super::answer::refusal;
use super::event::{event, identity, number};

/// Emits from many threads at once.
pub(super) fn threads(emitter: &Emitter, request: &Value) -> Result<Value, Value> {
    let identity = identity(&request["event"]);
    let event = event(&request["event"], identity.as_ref())?;
    let each = number(request, "each");
    // How many of one thread's events failed; a thread that panicked counts all of them, some of which the receiver has.
    let one = |thread: u64| (0..each).filter(|index| !marked(emitter, &event, thread, *index)).count() as u64;
    let failed: u64 = thread::scope(|scope| {
        let running: Vec<_> =
            (0..number(request, "threads")).map(|thread| scope.spawn(move || one(thread))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(each)).sum()
    });
    Ok(json!({"ok": true, "failed": failed}))
}

/// Whether the event went out that one thread emits as its `index`th.
fn marked(emitter: &Emitter, event: &EventToSend<'_>, thread: u64, index: u64) -> bool {
    let mark = format!("{thread}-{index}");
    emitter.emit(&EventToSend { correlation_id: &mark, ..*event }).is_ok()
}

/// What `emit` costs, the caller at work in between.
pub(super) fn cost(emitter: &Emitter, request: &Value) -> Result<Value, Value> {
    let identity = identity(&request["event"]);
    let event = event(&request["event"], identity.as_ref())?;
    let pause = Duration::from_micros(number(request, "pause_us"));
    // The first one pays for the connection.
    emitter.emit(&event).map_err(|error| refusal(&error))?;
    let mut times = Vec::new();
    for _ in 0..number(request, "events") {
        let began = Instant::now();
        let emitted = emitter.emit(&event);
        times.push(began.elapsed());
        emitted.map_err(|error| refusal(&error))?;
        let rest = Instant::now();
        while rest.elapsed() < pause {
            std::hint::spin_loop();
        }
    }
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get(times.len().saturating_sub(1) * percent / 100);
        time.map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Ok(json!({"microseconds": [at(50), at(90), at(99)]}))
}
