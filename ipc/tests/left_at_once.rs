//! Counts of lost events that are left as soon as they are lost, for processes that end without a word; and events with a deadline
//! of their caller's.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, File};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agent_receipts_ipc::{
    Decision, EmitError, Emitter, EmitterBuilder, Event, EventToSend, Limits, Listener, Untold,
};
use common::{PATIENCE, Recorder, RecorderHandler, options};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

/// A socket's path and a folder for drop files, both still missing.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(common::dir())
    }

    fn socket(&self) -> PathBuf {
        self.0.path().join("s")
    }

    fn builder(&self) -> EmitterBuilder {
        Emitter::builder()
            .socket_path(self.socket())
            .session_id("s")
            .drop_folder(self.0.path().join("drops"))
            .dial_timeout(PATIENCE)
            .write_timeout(PATIENCE)
            .leave_drops_at_once(true)
    }

    /// An emitter that has lost `count` events.
    fn loser(&self, count: u64) -> Emitter {
        let emitter = self.builder().build().unwrap();
        lose(&emitter, count);
        emitter
    }

    /// What was told with each event that `emit` sends to a daemon.
    fn told(&self, emit: impl FnOnce()) -> Vec<u64> {
        let recorder = Arc::new(Recorder::default());
        let listener = Listener::bind(&self.socket(), options(Limits::default(), &recorder)).unwrap();
        let stop = listener.shutdown_handle();
        let handler = Arc::new(RecorderHandler(Arc::clone(&recorder)));
        let thread = std::thread::spawn(move || listener.run(handler));
        emit();
        stop.stop();
        assert_eq!(thread.join().unwrap().unfinished, 0);
        recorder.seen().frames.iter().map(|frame| Event::decode(frame).unwrap().drop_count).collect()
    }
}

fn event() -> EventToSend<'static> {
    EventToSend::new("sdk", "tool", Decision::Allowed)
}

fn lose(emitter: &Emitter, count: u64) {
    (0..count).for_each(|_| drop(emitter.emit(&event()).unwrap_err()));
}

#[test]
fn what_was_lost_is_told_by_the_next_emitter_of_a_process_that_ended_without_a_word() {
    let place = Place::new();
    // Neither closed nor dropped: what another process would see of one that is gone.
    let gone = place.loser(3);
    assert_eq!((gone.left_behind(), gone.dropped()), (Ok(3), 3));
    let next = place.builder().build().unwrap();
    assert_eq!(place.told(|| (0..2).for_each(|_| next.emit(&event()).unwrap())), [3, 0]);
    assert_eq!(next.left_behind(), Ok(0));
    // It finds out when it looks: nothing is told twice.
    assert_eq!(place.told(|| gone.emit(&event()).unwrap()), [0]);
    assert_eq!((gone.dropped(), gone.close()), (0, Untold::Nothing));
}

#[test]
fn its_own_next_event_tells_them_once() {
    let place = Place::new();
    let emitter = place.loser(2);
    assert_eq!(place.told(|| (0..2).for_each(|_| emitter.emit(&event()).unwrap())), [2, 0]);
    assert_eq!((emitter.dropped(), emitter.left_behind()), (0, Ok(0)));
    lose(&emitter, 4);
    assert_eq!((emitter.dropped(), emitter.left_behind()), (4, Ok(4)));
    assert_eq!(place.told(|| emitter.emit(&event()).unwrap()), [4]);
    assert_eq!((emitter.dropped(), emitter.close()), (0, Untold::Nothing));
}

#[test]
fn after_close_only_what_could_not_be_left_counts() {
    let place = Place::new();
    let emitter = place.loser(2);
    assert_eq!((emitter.close(), emitter.dropped(), emitter.left_behind()), (Untold::Nothing, 0, Ok(2)));
    let nowhere = place.builder().drop_folder("/proc/nowhere/drops").build().unwrap();
    lose(&nowhere, 3);
    assert!(matches!(nowhere.close(), Untold::Lost { count: 3, .. }));
    assert_eq!(nowhere.dropped(), 3);
}

#[test]
fn they_are_kept_when_the_event_that_tells_them_is_lost_too() {
    let place = Place::new();
    let emitter = place.builder().write_timeout(Duration::from_millis(50)).build().unwrap();
    lose(&emitter, 2);
    let deaf = UnixListener::bind(place.socket()).unwrap();
    let big = format!("\"{}\"", "x".repeat(1_000_000));
    emitter.emit(&EventToSend { input: Some(&big), ..event() }).unwrap_err();
    assert_eq!((emitter.dropped(), emitter.left_behind()), (3, Ok(3)));
    // And where nobody knows whether they were told, they are rather told twice than never.
    let patience = Duration::from_secs(1);
    emitter.emit_acknowledged(&event(), patience).unwrap_err();
    assert_eq!((emitter.dropped(), emitter.left_behind()), (3, Ok(3)));
    drop(deaf);
}

#[test]
fn what_cannot_be_left_stays_counted() {
    let place = Place::new();
    let taken = place.0.path().join("drops");
    fs::write(&taken, "a file where the folder should be").unwrap();
    let emitter = place.loser(2);
    assert_eq!(emitter.dropped(), 2);
    fs::remove_file(&taken).unwrap();
    lose(&emitter, 1);
    assert_eq!((emitter.dropped(), emitter.left_behind()), (3, Ok(3)));
}

#[test]
fn a_file_that_somebody_holds_is_not_waited_for() {
    let place = Place::new();
    let emitter = place.loser(1);
    let holder = File::open(place.0.path().join("drops/s")).unwrap();
    flock(&holder, FlockOperation::LockExclusive).unwrap();
    lose(&emitter, 2);
    assert_eq!(emitter.dropped(), 3);
    drop(holder);
    assert_eq!(place.told(|| emitter.emit(&event()).unwrap()), [3]);
}

#[test]
fn an_event_ends_with_its_callers_patience() {
    let place = Place::new();
    let _deaf = UnixListener::bind(place.socket()).unwrap();
    // On its own it would wait for as long as the test may take, twice.
    let emitter = place.builder().build().unwrap();
    let big = format!("\"{}\"", "x".repeat(1_000_000));
    let big = EventToSend { input: Some(&big), ..event() };
    for (patience, count) in [(Duration::from_millis(20), 1), (Duration::ZERO, 2)] {
        let error = emitter.emit_within(&big, patience).unwrap_err();
        assert!(matches!(error, EmitError::Transport(_)), "{error}");
        assert_eq!(emitter.dropped(), count);
    }
    let error = emitter.emit_within(&EventToSend { channel: "", ..event() }, Duration::ZERO).unwrap_err();
    assert!(matches!(error, EmitError::Caller(_)), "{error}");
    assert_eq!(emitter.dropped(), 2);
}
