//! Making, using and freeing emitters.
#![allow(unsafe_code)]

use std::time::Duration;

use agent_receipts_ipc::{Emitter, EventToSend};

use super::config::EmitterConfig;
use super::event::Event;
use super::fields::{Fields, with_event};
use super::{Ack, EMITTERS, EmitterHandle, exit, packed};
use crate::about::AR_MAX_FRAME;
use crate::boundary::{Error, bytes, call, read_struct, room_for_struct, value_out, write_struct};
use crate::code::Err;
use crate::failure::Failure;

/// Makes an emitter; touches neither the socket nor a file. `config` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_new(
    config: *const EmitterConfig,
    emitter: *mut EmitterHandle,
    error: *mut Error,
) -> Err {
    let body = || {
        // Zero is never a ticket: a failure that nobody looked at stays a failure.
        // SAFETY: passed on from the caller, here and below.
        unsafe { value_out(0, emitter, "emitter") }?;
        let builder = match config.is_null() {
            true => Emitter::builder(),
            false => {
                let config = unsafe { read_struct(config) }?;
                unsafe { config.builder() }?
            }
        };
        let ticket = EMITTERS.insert(builder.build()?)?;
        exit::close_at_exit();
        unsafe { value_out(ticket, emitter, "emitter") }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Sends one event. `AR_OK` means that the kernel has it; with `AR_BEST_EFFORT` also that it was lost and counted.
///
/// Takes at most the dial and the write time-out together.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_emit(
    emitter: EmitterHandle,
    event: *const Event,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller.
        let event = unsafe { read_struct(event) }?;
        // SAFETY: as above.
        emit(emitter, &unsafe { event.fields() }?, None)
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Sends one event and waits at most `patience_ms` in all for the daemon to say what became of it.
///
/// `AR_OK`: the receipt is on disk, and `ack` names it. `AR_ERR_REFUSED`: there is none, and `ack` says why. `AR_ERR_NO_REPLY`,
/// `AR_ERR_BAD_REPLY`: nobody knows. A commit takes as long as the daemon decides: `patience_ms` should be seconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_emit_acknowledged(
    emitter: EmitterHandle,
    event: *const Event,
    patience_ms: u32,
    ack: *mut Ack,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller, here and below.
        unsafe { room_for_struct(ack) }?;
        let event = unsafe { read_struct(event) }?;
        unsafe { emit_acknowledged(emitter, &event.fields()?, patience_ms, ack) }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// `ar_emitter_emit` with a packed event (contract, section 4): `length` bytes at `event`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_emit_packed(
    emitter: EmitterHandle,
    event: *const u8,
    length: usize,
    error: *mut Error,
) -> Err {
    // SAFETY: passed on from the caller, twice.
    unsafe { call(error, || emit(emitter, &unpack(event, length)?, None)) }
}

/// `ar_emitter_emit_packed`, taking at most `patience_ms` as well: for callers that have a deadline of their own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_emit_packed_within(
    emitter: EmitterHandle,
    event: *const u8,
    length: usize,
    patience_ms: u32,
    error: *mut Error,
) -> Err {
    // SAFETY: passed on from the caller, twice.
    unsafe { call(error, || emit(emitter, &unpack(event, length)?, Some(patience_ms))) }
}

/// `ar_emitter_emit_acknowledged` with a packed event: `length` bytes at `event`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_emit_packed_acknowledged(
    emitter: EmitterHandle,
    event: *const u8,
    length: usize,
    patience_ms: u32,
    ack: *mut Ack,
    error: *mut Error,
) -> Err {
    let body = || {
        // SAFETY: passed on from the caller, here and below.
        unsafe { room_for_struct(ack) }?;
        let fields = unsafe { unpack(event, length) }?;
        unsafe { emit_acknowledged(emitter, &fields, patience_ms, ack) }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Hangs up and keeps the ticket: further events are `AR_ERR_CLOSED`. Closing again is `AR_OK`.
///
/// Leaves the count of lost events that the daemon was not told for the next emitter of the same session and user, waiting for its
/// file at most for a quarter of a second a folder. What cannot be left is what `ar_emitter_dropped` still counts afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_close(emitter: EmitterHandle, error: *mut Error) -> Err {
    let body = || {
        EMITTERS.enter(emitter)?.close();
        Ok(())
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// Closes the emitter and takes its ticket back. Calls of other threads that are under way end as they would have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_free(emitter: EmitterHandle, error: *mut Error) -> Err {
    let body = || {
        // What others are using is closed now and dropped later. A poisoned one cannot be closed, and is dropped.
        if let Ok(open) = EMITTERS.enter(emitter) {
            open.close();
        }
        EMITTERS.remove(emitter)
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

fn emit(emitter: EmitterHandle, fields: &Fields<'_>, patience_ms: Option<u32>) -> Result<(), Failure> {
    let emitter = EMITTERS.enter(emitter)?;
    let patience = patience_ms.map(|patience| Duration::from_millis(patience.into()));
    with_event(fields, |event: &EventToSend<'_>| match patience {
        Some(patience) => Ok(emitter.emit_within(event, patience)?),
        None => Ok(emitter.emit(event)?),
    })
}

/// # Safety
///
/// `room_for_struct` has found `ack` good.
unsafe fn emit_acknowledged(
    emitter: EmitterHandle,
    fields: &Fields<'_>,
    patience_ms: u32,
    ack: *mut Ack,
) -> Result<(), Failure> {
    let emitter = EMITTERS.enter(emitter)?;
    let patience = Duration::from_millis(patience_ms.into());
    let answer = with_event(fields, |event| Ok(emitter.emit_acknowledged(event, patience)?))?;
    let (told, outcome) = Ack::of(&answer);
    // SAFETY: passed on from the caller.
    unsafe { write_struct(ack, &told) };
    outcome
}

/// # Safety
///
/// `event` is NULL or has `length` bytes that stay as they are while the result is used.
unsafe fn unpack<'a>(event: *const u8, length: usize) -> Result<Fields<'a>, Failure> {
    // Lengths come before the fields: an event that fits into a frame must not be refused for them.
    const ROOM_FOR_LENGTHS: usize = 4096 + 4;
    // SAFETY: passed on from the caller.
    let bytes = unsafe { bytes(event, length, AR_MAX_FRAME + ROOM_FOR_LENGTHS, "event") }?;
    packed::fields(bytes.ok_or_else(|| Failure::null("event"))?)
}
