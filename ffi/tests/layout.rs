//! What programs were compiled against stays as it is: structs grow at their end, and functions are few and bear the prefix.
#![allow(unsafe_code)]

use std::mem::{offset_of, size_of};

use agent_receipts::{Ack, EmitterConfig, Error, Event, Text, Verdict, VerifierConfig};

const HEADER: &str = include_str!("../include/agent_receipts.h");

/// The functions that the header declares.
fn functions() -> Vec<&'static str> {
    let declares = |line: &'static str| {
        let before = line.split_once('(')?.0;
        let name = before.rsplit([' ', '*']).next()?;
        let is_declaration = line.starts_with(|first: char| first.is_ascii_lowercase())
            && !line.starts_with("static")
            && !line.starts_with("template")
            && !line.starts_with("typedef");
        (is_declaration && before.contains(' ')).then_some(name)
    };
    HEADER.lines().filter_map(declares).collect()
}

#[test]
fn functions_are_at_most_forty_and_bear_the_prefix() {
    let functions = functions();
    assert!(functions.contains(&"ar_emitter_emit") && functions.contains(&"ar_verifier_finish"));
    assert!(functions.len() <= 40, "{} functions: {functions:?}", functions.len());
    assert_eq!(functions.iter().find(|name| !name.starts_with("ar_")), None);
}

#[test]
fn the_limits_are_those_of_the_protocol() {
    assert_eq!(agent_receipts::AR_MAX_FRAME, agent_receipts_ipc::MAX_FRAME);
    // SAFETY: a constant string of the library, ended by NUL.
    let version = unsafe { std::ffi::CStr::from_ptr(agent_receipts::ar_frame_version()) };
    assert_eq!(version.to_str(), Ok(agent_receipts_ipc::FRAME_VERSION));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn what_was_in_the_first_version_is_where_it_was() {
    assert_eq!((size_of::<Text>(), offset_of!(Text, length)), (16, 8));
    assert_eq!(
        (offset_of!(Error, code), offset_of!(Error, error_class), offset_of!(Error, message)),
        (8, 12, 16)
    );
    assert_eq!(size_of::<Error>(), 512);
    let event = [
        (offset_of!(Event, size), 0),
        (offset_of!(Event, channel), 8),
        (offset_of!(Event, input), 8 + 4 * 16),
        (offset_of!(Event, decision), 8 + 7 * 16),
        (offset_of!(Event, operator_name), 8 + 11 * 16),
        (offset_of!(Event, usage), 8 + 17 * 16),
        (offset_of!(Event, target_resource), 8 + 20 * 16),
        (size_of::<Event>(), 8 + 21 * 16),
    ];
    let config = [
        (offset_of!(EmitterConfig, flags), 8),
        (offset_of!(EmitterConfig, write_timeout_ms), 20),
        (offset_of!(EmitterConfig, socket_path), 24),
        (offset_of!(EmitterConfig, operator_name), 24 + 5 * 16),
        (offset_of!(EmitterConfig, drop_folder), 24 + 6 * 16),
    ];
    let ack = [
        (offset_of!(Ack, sequence), 8),
        (offset_of!(Ack, receipt_id), 56),
        (offset_of!(Ack, chain_id), 184),
        (offset_of!(Ack, receipt_hash), 1208),
        (offset_of!(Ack, refusal_code), 1288),
        (offset_of!(Ack, refusal_message), 1352),
    ];
    let verifier = [
        (offset_of!(VerifierConfig, public_key), 16),
        (offset_of!(VerifierConfig, expected_length), 64),
        (offset_of!(Verdict, outcome), 8),
        (offset_of!(Verdict, chains), 16),
        (offset_of!(Verdict, broken_at), 40),
        (offset_of!(Verdict, reason), 48),
        (offset_of!(Verdict, error), 48 + 64 + 1024),
    ];
    for (index, (found, expected)) in event.into_iter().chain(config).chain(ack).chain(verifier).enumerate() {
        assert_eq!(found, expected, "number {index}");
    }
}
