//! What an emitter says of itself.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::os::unix::ffi::OsStrExt;

use agent_receipts_ipc::socket_path_here;

use super::{EMITTERS, EmitterHandle};
use crate::boundary::{Error, call, text_out, value_out};
use crate::code::Err;
use crate::failure::Failure;

/// The session that all events of the emitter belong to, for as long as it exists.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_session_id(
    emitter: EmitterHandle,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut Error,
) -> Err {
    let body = || {
        let emitter = EMITTERS.enter(emitter)?;
        // SAFETY: passed on from the caller.
        unsafe { text_out(emitter.session_id().as_bytes(), buffer, capacity, length) }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// The daemon's socket that the emitter sends to; bytes as the system has them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_socket_path(
    emitter: EmitterHandle,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut Error,
) -> Err {
    let body = || {
        let emitter = EMITTERS.enter(emitter)?;
        let path = emitter.socket_path().as_os_str().as_bytes();
        // SAFETY: passed on from the caller.
        unsafe { text_out(path, buffer, capacity, length) }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// How many events of this emitter were lost, in this process, and neither told to the daemon yet nor left for the next emitter. After
/// `ar_emitter_close`: how many nobody will ever tell.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_emitter_dropped(
    emitter: EmitterHandle,
    dropped: *mut u64,
    error: *mut Error,
) -> Err {
    let body = || {
        let emitter = EMITTERS.enter(emitter)?;
        // SAFETY: passed on from the caller.
        unsafe { value_out(emitter.dropped(), dropped, "dropped") }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}

/// The socket's path that the daemon and emitters use when none is named: from `AGENTRECEIPTS_SOCKET`, `XDG_RUNTIME_DIR`, or on
/// macOS `XDG_DATA_HOME` and `HOME`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_default_socket_path(
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut Error,
) -> Err {
    let body = || {
        let path = socket_path_here().map_err(|error| Failure::new(Err::NoSocketPath, error.to_string()))?;
        // SAFETY: passed on from the caller.
        unsafe { text_out(path.as_os_str().as_bytes(), buffer, capacity, length) }
    };
    // SAFETY: passed on from the caller.
    unsafe { call(error, body) }
}
