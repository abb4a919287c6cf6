//! The end of the process.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use super::EMITTERS;
use crate::boundary::call;
use crate::code::Err;

/// Closes every emitter of this process, as `ar_emitter_close` does; their tickets are still to be given back.
///
/// C's `exit` calls it by itself. Languages that end without it (Go) call it last.
#[unsafe(no_mangle)]
pub extern "C" fn ar_emitters_close_all() -> Err {
    let body = || {
        // What could not be left in a drop file is lost: nobody is there to be told.
        EMITTERS.for_each(|emitter| drop(emitter.close()));
        Ok(())
    };
    // SAFETY: NULL is allowed.
    unsafe { call(std::ptr::null_mut(), body) }
}

/// Has `exit` close what is open then. A lock or a `Once` would not do: another thread may fork in between.
pub(super) fn close_at_exit() {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    if !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: the handler takes nothing, returns nothing and does not unwind. A library that is unloaded is called then.
        // It fails only without memory; events are then lost as they are by `_exit`.
        let _ = unsafe { libc::atexit(at_exit) };
    }
}

extern "C" fn at_exit() {
    ar_emitters_close_all();
}
