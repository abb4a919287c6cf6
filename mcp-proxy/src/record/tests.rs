//! A daemon that is not there.

use std::os::unix::net::UnixListener;

use agent_receipts_ipc::{Decision, Identity};

use super::{NotRecorded, Note, Recorder, RecorderOptions};

fn recorder(socket: &std::path::Path) -> Recorder {
    let options = RecorderOptions {
        socket: Some(socket.to_owned()),
        server: "srv".to_owned(),
        identity: Identity::default(),
        patience: None,
    };
    Recorder::new(options).unwrap()
}

#[test]
fn only_the_first_event_asks_for_a_daemon_that_does_not_take_any() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(&folder.path().join("nobody"));
    let note = Note::new("t", Decision::Pending);
    assert!(matches!(recorder.note_durably(&note), Err(NotRecorded::Emit(_))));
    // The road is shut from here on: nothing is dialled, and so nothing can be waited for.
    for _ in 0..1000 {
        assert_eq!(recorder.note_durably(&note), Err(NotRecorded::Away));
        recorder.note(&note);
    }
}

#[test]
fn a_daemon_that_is_deaf_shuts_the_road_too() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("deaf");
    let _deaf = UnixListener::bind(&socket).unwrap();
    let recorder = recorder(&socket);
    let long = format!("\"{}\"", "x".repeat(700_000));
    let note = Note { input: Some(&long), ..Note::new("t", Decision::Pending) };
    recorder.note(&note);
    assert_eq!(recorder.note_durably(&note), Err(NotRecorded::Away));
}

#[test]
fn nothing_that_is_in_a_note_makes_it_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let long = "\u{1}".repeat(100_000);
    let payload = format!("\"{}\"", "x".repeat(3_000_000));
    let deep = "[".repeat(20_000);
    for (input, output) in
        [(Some(payload.as_str()), Some(payload.as_str())), (Some(deep.as_str()), Some("1e400")), (None, None)]
    {
        let note = Note {
            input,
            output,
            error: &long,
            key: &long,
            correlation_id: &long,
            target: Some(("mcp", &long)),
            ..Note::new(&long, Decision::Denied)
        };
        // It gets as far as the socket.
        let sent = recorder(&folder.path().join("nobody")).note_durably(&note);
        assert!(matches!(&sent, Err(NotRecorded::Emit(error)) if error.is_transport()), "{sent:?}");
    }
}
