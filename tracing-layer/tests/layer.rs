//! Spans and events of a program against a real listener: what arrives, what does not, and what is counted.

#![allow(clippy::unwrap_used)]

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use agent_receipts_ipc::{
    CallerError, Decision, Emitter, Event, EventFault, Handler, Listener, ListenerOptions, Next, Peer,
    ReplyWriter, Session, ShutdownHandle, Untold,
};
use agent_receipts_tracing::{Recording, Refusal, layer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tracing::field::Empty;
use tracing::{debug_span, error, info, info_span, instrument, span, trace, warn};
use tracing_subscriber::prelude::*;

#[test]
fn a_span_is_recorded_when_it_closes_with_how_long_it_took() {
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|_| {
        let span = info_span!(
            "any",
            tool.name = "read_file",
            tool.server = "fs",
            channel = "agent",
            action_type = "filesystem.file.read",
            target.system = "filesystem",
            target.resource = "/a",
            correlation_id = "c-1",
            idempotency_key = "k-1",
            agent.id = "a-1",
            agent.type = "helper",
            model = "m-1",
            capture_method = "layer",
            error = Empty,
        );
        let inner = span.in_scope(|| info_span!("inner"));
        drop(inner);
        span.record("error", "disk on fire");
    });
    let [heard] = daemon.stop().try_into().unwrap();
    let event = &heard.event;
    assert_eq!((event.tool_name.as_str(), event.channel.as_str()), ("read_file", "agent"));
    assert_eq!((event.session_id.as_str(), event.decision), ("s", Decision::Allowed));
    let texts = [
        (&event.tool_server, "fs"),
        (&event.action_type, "filesystem.file.read"),
        (&event.target_system, "filesystem"),
        (&event.target_resource, "/a"),
        (&event.correlation_id, "c-1"),
        (&event.idempotency_key, "k-1"),
        (&event.agent_id, "a-1"),
        (&event.agent_type, "helper"),
        (&event.model, "m-1"),
        (&event.capture_method, "layer"),
        (&event.error, "disk on fire"),
    ];
    texts.iter().for_each(|(found, expected)| assert_eq!(found.as_deref(), Some(*expected)));
    assert!(heard.json["usage"]["duration_ms"].as_f64().unwrap() >= 0.0, "{}", heard.json);
    assert_eq!((heard.json.get("input"), heard.json.get("output")), (None, None));
}

#[instrument(fields(tool.name = "divide"), err, ret)]
fn divide(dividend: i64, divisor: i64, note: &str) -> Result<i64, String> {
    warn!(error = "not the outcome", "only a word about it");
    if divisor == 0 { Err(format!("{dividend} by nothing")) } else { Ok(dividend / divisor) }
}

#[test]
fn an_instrumented_functions_arguments_result_and_error_are_the_calls() {
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|_| {
        divide(6, 3, "é\"").unwrap();
        divide(6, 0, "").unwrap_err();
    });
    let [well, failed] = daemon.stop().try_into().unwrap();
    assert_eq!(well.json["input"], json!({"dividend": 6, "divisor": 3, "note": "é\""}));
    assert_eq!((&well.json["output"], &well.event.error), (&json!("2"), &None));
    assert_eq!(failed.event.error.as_deref(), Some("6 by nothing"));
    assert_eq!(failed.json.get("output"), None);
    assert!(failed.json["usage"]["duration_ms"].is_number());
}

#[instrument(fields(tool.name = "retry"), err, ret)]
fn retry(attempts: i64) -> Result<i64, String> {
    for attempt in 1..attempts {
        error!(error = "this attempt failed");
        info!("return" = attempt);
    }
    Ok(attempts)
}

#[test]
fn what_a_function_logs_on_its_way_is_not_its_outcome() {
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|_| {
        retry(3).unwrap();
        let span = info_span!("by hand", tool.name = "by_hand").entered();
        error!(error = "not the call's");
        drop(span);
    });
    let [retried, by_hand] = daemon.stop().try_into().unwrap();
    assert_eq!((&retried.event.error, &retried.json["output"]), (&None, &json!("3")));
    assert_eq!((&by_hand.event.error, by_hand.json.get("output")), (&None, None));
}

#[instrument(fields(tool.name = "panics"), ret)]
fn panics(path: &str) -> usize {
    struct Cleans;
    impl Drop for Cleans {
        fn drop(&mut self) {
            drop(info_span!("cleans", tool.name = "cleans_up").entered());
        }
    }
    let _cleaned = Cleans;
    panic!("no `{path}`")
}

#[instrument(fields(tool.name = "panics_later"))]
async fn panics_later(within: &str) {
    panic!("within {within}")
}

#[test]
fn a_call_that_panics_is_a_failure_and_what_its_unwinding_calls_is_none() {
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|_| {
        catch_unwind(|| panics("/a")).unwrap_err();
        let mut later = Box::pin(panics_later("a future"));
        let mut context = Context::from_waker(Waker::noop());
        catch_unwind(AssertUnwindSafe(|| later.as_mut().poll(&mut context))).unwrap_err();
        // As an executor does it: the future goes when its panic was caught.
        drop(later);
        catch_unwind(|| {
            let _never_entered = info_span!("by hand", tool.name = "by_hand", error = "its own word");
            panic!("on purpose");
        })
        .unwrap_err();
    });
    let told: Vec<(String, Option<String>)> =
        daemon.stop().into_iter().map(|heard| (heard.event.tool_name, heard.event.error)).collect();
    let error = |text: &str| Some(text.to_owned());
    let expected = [
        ("cleans_up", None),
        ("panics", error("it panicked")),
        ("panics_later", error("it panicked")),
        ("by_hand", error("its own word")),
    ];
    assert_eq!(told, expected.map(|(name, error)| (name.to_owned(), error)));
}

#[test]
fn an_event_about_a_tool_is_recorded_at_once_and_has_no_duration() {
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|recording| {
        let outer = info_span!("outer", tool.name = "outer").entered();
        info!(tool.name = "delete_file", decision = "denied", path = "/a", "said, not recorded");
        assert_eq!(recording.dropped(), 0);
        drop(outer);
    });
    let heard = daemon.stop();
    let names: Vec<&str> = heard.iter().map(|heard| heard.event.tool_name.as_str()).collect();
    assert_eq!(names, ["delete_file", "outer"]);
    assert_eq!((heard[0].event.decision, heard[0].event.channel.as_str()), (Decision::Denied, "tracing"));
    assert_eq!((&heard[0].json["input"], heard[0].json.get("usage")), (&json!({"path": "/a"}), None));
}

#[test]
fn nothing_else_is_recorded() {
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|recording| {
        let _span = info_span!("work", path = "/a", tool = "x", name = "y").entered();
        info!("a word");
        error!(error = "an error", tool.server = "s");
        trace!(tool_name = "x");
        // Marked, and never named.
        drop(info_span!("unnamed", tool.name = Empty, path = "/a"));
        drop(info_span!("unnamed", tool.name = "", path = "/a"));
        assert_eq!((recording.refused(), recording.dropped()), (0, 0));
    });
    assert_eq!(daemon.stop().len(), 0);
}

#[test]
fn a_name_that_is_known_late_is_a_name() {
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|_| {
        let span = debug_span!("late", tool.name = Empty, output.count = Empty);
        span.record("tool.name", "found_out");
        span.record("output.count", 3);
        let kept = span.clone();
        drop(span);
        kept.record("output.count", 4);
    });
    let [heard] = daemon.stop().try_into().unwrap();
    assert_eq!((heard.event.tool_name.as_str(), &heard.json["output"]), ("found_out", &json!({"count": 4})));
}

#[test]
fn values_keep_their_types_and_what_json_cannot_hold_is_text() {
    struct Point;
    impl fmt::Debug for Point {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("Point { x: \"1\" }")
        }
    }
    let failure: &(dyn std::error::Error + 'static) = &io::Error::other("no luck");
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|_| {
        info!(tool.name = "t", yes = true, count = 3_u8, less = -4_i64, part = 0.5, text = "a\nb");
        info!(tool.name = "t", big = u64::MAX, huge = u128::MAX, nan = f64::NAN, endless = f64::NEG_INFINITY);
        info!(tool.name = "t", shown = %"plain", debugged = ?Point, none = ?None::<u8>, failure);
        info!(tool.name = "t", input = 5, output = false, usage.tokens = 7);
        info!(tool.name = "t", input.json = "{ \"b\":1.50 }", input.path = "passed over", output.a.b = "x");
    });
    let heard = daemon.stop();
    let input = |at: usize| heard[at].json["input"].clone();
    assert_eq!(input(0), json!({"yes": true, "count": 3, "less": -4, "part": 0.5, "text": "a\nb"}));
    let texts =
        json!({"big": u64::MAX.to_string(), "huge": u128::MAX.to_string(), "nan": "NaN", "endless": "-inf"});
    assert_eq!(input(1), texts);
    let debugged = "Point { x: \"1\" }";
    assert_eq!(
        input(2),
        json!({"shown": "plain", "debugged": debugged, "none": "None", "failure": "no luck"})
    );
    assert_eq!((input(3), &heard[3].json["output"]), (json!(5), &json!(false)));
    assert_eq!(heard[3].json["usage"], json!({"tokens": 7}));
    assert!(heard[4].text.contains("\"input\":{ \"b\":1.50 },"), "{}", heard[4].text);
    assert_eq!(heard[4].json["output"], json!({"a.b": "x"}));
}

#[test]
fn what_no_daemon_would_take_is_refused_counted_and_explained() {
    let place = Place::new();
    let daemon = place.daemon();
    let long = "x".repeat(257);
    let huge = "x".repeat(1 << 21);
    place.run(|recording| {
        info!(tool.name = "t", model = long);
        let model = EventFault::TooLong { key: "model", limit: 256, length: 257 };
        assert_eq!(recording.last_refusal(), Some(Refusal::Event(CallerError::Event(model))));
        info!(tool.name = "t", decision = "perhaps");
        assert_eq!(recording.last_refusal(), Some(Refusal::Decision { word: "perhaps".into() }));
        info!(tool.name = "t", target.system = "alone");
        info!(tool.name = "t", agent.id = "a/b");
        for json in ["", "{", "NaN", "1e400", "1 2", "{\"a\":1},\"decision\":\"denied\""] {
            info!(tool.name = "t", input.json = json);
            assert!(matches!(
                recording.last_refusal(),
                Some(Refusal::Event(CallerError::Payload { field: "input", .. }))
            ));
        }
        info!(tool.name = "t", path = huge);
        info!(tool.name = "t", path = ?huge);
        assert!(matches!(recording.last_refusal(), Some(Refusal::Event(CallerError::TooLarge { .. }))));
        assert_eq!((recording.refused(), recording.dropped()), (12, 0));
        info!(tool.name = "well");
    });
    let [heard] = daemon.stop().try_into().unwrap();
    assert_eq!((heard.event.tool_name.as_str(), heard.event.drop_count), ("well", 0));
}

#[test]
fn without_a_daemon_calls_are_counted_and_the_next_recording_tells_them() {
    let place = Place::new();
    place.run(|recording| {
        (0..3).for_each(|_| drop(info_span!("s", tool.name = "lost")));
        info!(tool.name = "lost");
        assert_eq!((recording.dropped(), recording.refused()), (4, 0));
    });
    // The first recording was dropped, and left its count.
    let (second, recording) = layer(place.emitter());
    let daemon = place.daemon();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(second), || {
        info!(tool.name = "first");
        assert_eq!(recording.session_id(), "s");
        assert_eq!(recording.close(), Untold::Nothing);
        info!(tool.name = "too late");
    });
    let heard = daemon.stop();
    let told: Vec<u64> = heard.iter().map(|heard| heard.event.drop_count).collect();
    assert_eq!(told, [4]);
}

#[test]
fn values_that_panic_or_log_when_shown_do_no_harm() {
    struct Panics;
    impl fmt::Debug for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("a value that cannot be shown")
        }
    }
    struct Logs(tracing::Span);
    impl fmt::Debug for Logs {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            // Into the very span whose field is being recorded.
            self.0.record("note", "from within");
            self.0.in_scope(|| info!(error = "from within"));
            out.write_str("logs")
        }
    }
    let place = Place::new();
    let daemon = place.daemon();
    place.run(|_| {
        info!(tool.name = "panics", value = ?Panics);
        let span = info_span!("s", tool.name = "logs", value = Empty, note = Empty);
        span.record("value", tracing::field::debug(Logs(span.clone())));
    });
    let [panics, logs] = daemon.stop().try_into().unwrap();
    assert_eq!(panics.json["input"], json!({"value": "(cannot be shown)"}));
    assert_eq!(logs.json["input"], json!({"value": "logs", "note": "from within"}));
}

#[test]
fn spans_of_many_threads_and_levels_all_arrive() {
    let place = Place::new();
    let daemon = place.daemon();
    let (layer, recording) = layer(place.emitter());
    let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let subscriber = &subscriber;
            scope.spawn(move || {
                tracing::dispatcher::with_default(subscriber, || {
                    for number in 0..50 {
                        let _span =
                            span!(tracing::Level::TRACE, "s", tool.name = "t", thread, number).entered();
                    }
                });
            });
        }
    });
    assert_eq!((recording.dropped(), recording.refused()), (0, 0));
    drop(recording);
    let mut seen: Vec<String> = daemon.stop().iter().map(|heard| heard.json["input"].to_string()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 400);
}

/// A socket's path and a folder for what is left.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("ar").tempdir().unwrap() }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    fn emitter(&self) -> Emitter {
        Emitter::builder()
            .socket_path(self.socket())
            .session_id("s")
            .drop_folder(self.dir.path().join("drops"))
            .dial_timeout(PATIENCE)
            .write_timeout(PATIENCE)
            .build()
            .unwrap()
    }

    /// Runs `program` under a layer of its own, which ends with it.
    fn run(&self, program: impl FnOnce(&Recording)) {
        let (layer, recording) = layer(self.emitter());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || program(&recording));
    }

    fn daemon(&self) -> Daemon {
        Daemon::start(&self.socket())
    }
}

struct Heard {
    event: Event,
    json: Value,
    text: String,
}

#[derive(Default)]
struct Log(Mutex<Vec<Heard>>);

struct Listening(Arc<Log>);

impl Handler for Listening {
    fn connected(&self, _: &Peer, _: ReplyWriter) -> Box<dyn Session> {
        Box::new(Listening(Arc::clone(&self.0)))
    }
}

impl Session for Listening {
    fn frame(&mut self, body: &[u8]) -> Next {
        let heard = Heard {
            event: Event::decode(body).unwrap(),
            json: serde_json::from_slice(body).unwrap(),
            text: String::from_utf8(body.to_vec()).unwrap(),
        };
        self.0.0.lock().unwrap().push(heard);
        Next::Continue
    }
}

struct Daemon {
    log: Arc<Log>,
    stop: ShutdownHandle,
    thread: JoinHandle<agent_receipts_ipc::Stopped>,
}

impl Daemon {
    fn start(path: &Path) -> Self {
        let log = Arc::new(Log::default());
        let listener = Listener::bind(path, ListenerOptions::new(|_| {})).unwrap();
        let (stop, handler) = (listener.shutdown_handle(), Arc::new(Listening(Arc::clone(&log))));
        Self { log, stop, thread: std::thread::spawn(move || listener.run(handler)) }
    }

    fn stop(self) -> Vec<Heard> {
        self.stop.stop();
        assert_eq!(self.thread.join().unwrap().unfinished, 0);
        std::mem::take(&mut self.log.0.lock().unwrap())
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
