//! What bindings set for languages with deadlines of their own, and without a word at the end of a process.
#![allow(unsafe_code)]

use std::os::unix::net::UnixListener;
use std::ptr::{null, null_mut};

use agent_receipts::{
    AR_BEST_EFFORT, AR_LEAVE_AT_ONCE, EmitterConfig, Err, Text, ar_emitter_dropped,
    ar_emitter_emit_packed_within, ar_emitter_free, ar_emitter_new,
};

fn config(flags: u32, socket: &str) -> EmitterConfig {
    let nothing = Text { data: null(), length: 0 };
    EmitterConfig {
        size: size_of::<EmitterConfig>(),
        flags,
        reserved: 0,
        // An hour: what ends before ended for another reason.
        dial_timeout_ms: 3_600_000,
        write_timeout_ms: 3_600_000,
        socket_path: Text { data: socket.as_ptr().cast(), length: socket.len() },
        session_id: nothing,
        issuer_name: nothing,
        issuer_model: nothing,
        operator_id: nothing,
        operator_name: nothing,
        drop_folder: nothing,
    }
}

fn made(flags: u32, socket: &str) -> std::result::Result<u64, Err> {
    let mut ticket = 0;
    // SAFETY: all pointers are good, here and below.
    match unsafe { ar_emitter_new(&config(flags, socket), &mut ticket, null_mut()) } {
        Err::Ok => Ok(ticket),
        error => std::result::Result::Err(error),
    }
}

/// An event whose input is too large for the buffer of a socket.
fn packed() -> Vec<u8> {
    let input = format!("\"{}\"", "x".repeat(900_000));
    let fields = [Some("sdk"), None, Some("tool"), None, Some(&*input), None, None, Some("allowed")];
    let length = |field: &Option<&str>| field.map_or(u32::MAX, |field| field.len() as u32);
    let mut bytes = (fields.len() as u32).to_ne_bytes().to_vec();
    bytes.extend(fields.iter().flat_map(|field| length(field).to_ne_bytes()));
    fields.iter().flatten().for_each(|field| bytes.extend(field.as_bytes()));
    bytes
}

#[test]
fn an_event_ends_with_its_callers_patience() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let emitter = made(0, socket.to_str().unwrap()).unwrap();
    let event = packed();
    let emit = |ticket, event: &[u8], patience| unsafe {
        ar_emitter_emit_packed_within(ticket, event.as_ptr(), event.len(), patience, null_mut())
    };
    let dropped = || {
        let mut count = 0;
        assert_eq!(unsafe { ar_emitter_dropped(emitter, &mut count, null_mut()) }, Err::Ok);
        count
    };
    // Nobody reads. On a busy machine the time may be over before the connection is made.
    assert!(matches!(emit(emitter, &event, 20), Err::Write | Err::Dial));
    assert_eq!(dropped(), 1);
    assert_eq!(emit(emitter, &event[1..], 20), Err::Packed);
    assert_eq!(emit(emitter + (1 << 40), &event, 20), Err::Handle);
    assert_eq!(unsafe { ar_emitter_emit_packed_within(emitter, null(), 0, 20, null_mut()) }, Err::Null);
    assert_eq!(dropped(), 1);
    // Once somebody reads, the loss is told, and nothing is left behind in the folders of who runs this.
    std::thread::spawn(move || {
        listener
            .incoming()
            .flatten()
            .for_each(|mut caller| drop(std::io::copy(&mut caller, &mut std::io::sink())))
    });
    assert_eq!((emit(emitter, &event, 60_000), dropped()), (Err::Ok, 0));
    assert_eq!(unsafe { ar_emitter_free(emitter, null_mut()) }, Err::Ok);
}

#[test]
fn flags_are_those_that_are_known() {
    for flags in [AR_BEST_EFFORT, AR_LEAVE_AT_ONCE, AR_BEST_EFFORT | AR_LEAVE_AT_ONCE] {
        let emitter = made(flags, "/nowhere/s").unwrap();
        assert_eq!(unsafe { ar_emitter_free(emitter, null_mut()) }, Err::Ok);
    }
    for flags in [8, AR_LEAVE_AT_ONCE | 16, u32::MAX] {
        assert_eq!(made(flags, "/nowhere/s").err(), Some(Err::Flags));
    }
}
