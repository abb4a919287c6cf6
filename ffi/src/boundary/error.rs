//! The words of an error, in memory of the caller.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::c_char;
use std::mem::size_of;

use super::buffer::field;
use super::structs::{Extensible, room_for_struct, write_struct};
use crate::code::Err;
use crate::failure::Failure;

/// The bytes of an error's message, with the NUL that ends it.
pub const AR_MESSAGE: usize = 496;

/// Why a call failed; memory of the caller, written only when a call fails. Start from `AR_ERROR_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Error {
    /// `sizeof(ar_error)`, set by the caller.
    pub size: usize,
    /// The number that the call gave back.
    pub code: i32,
    /// The class of that number, an `ar_class`.
    pub error_class: i32,
    /// The message: UTF-8, ended by NUL, cut if it is longer.
    pub message: [c_char; AR_MESSAGE],
}

// SAFETY: `repr(C)`, `size` first, numbers only.
unsafe impl Extensible for Error {
    const NAME: &'static str = "error";
    const FIRST: usize = size_of::<usize>() + 8 + AR_MESSAGE;
}

impl Error {
    const BLANK: Self = Self { size: size_of::<Self>(), code: 0, error_class: 0, message: [0; AR_MESSAGE] };

    /// No error, as `AR_ERROR_INIT` makes it.
    pub fn new() -> Self {
        Self::BLANK
    }

    /// The message; empty if it is not UTF-8, which the library never writes.
    pub fn message(&self) -> &str {
        // SAFETY: `c_char` and `u8` have the same size and alignment, and every bit pattern is one of both.
        let bytes = unsafe { &*std::ptr::from_ref(&self.message).cast::<[u8; AR_MESSAGE]>() };
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(AR_MESSAGE);
        std::str::from_utf8(&bytes[..end]).unwrap_or_default()
    }

    fn of(failure: &Failure) -> Self {
        let code = failure.code as i32;
        let mut error = Self { code, error_class: crate::code::Class::of(code) as i32, ..Self::BLANK };
        field(&mut error.message, &failure.message);
        error
    }
}

impl Default for Error {
    fn default() -> Self {
        Self::new()
    }
}

thread_local! {
    // Without a destructor, so that it can be used while its thread ends.
    static LAST: RefCell<Error> = const { RefCell::new(Error::BLANK) };
}

/// Tells again of the latest call that failed on this operating-system thread; `AR_OK` with code 0 if none has.
///
/// For C. A language whose threads move between system threads would read another's error: it takes the call's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ar_last_error(error: *mut Error) -> Err {
    // SAFETY: passed on from the caller.
    match unsafe { room_for_struct(error) } {
        Ok(()) => {
            let last = LAST.with_borrow(|last| *last);
            // SAFETY: there is room.
            unsafe { write_struct(error, &last) };
            Err::Ok
        }
        Err(failure) => failure.code,
    }
}

/// Whether an error could be told.
///
/// # Safety
///
/// As [`super::call`].
pub(super) unsafe fn check(error: *mut Error) -> Result<(), Failure> {
    // SAFETY: passed on from the caller.
    if error.is_null() { Ok(()) } else { unsafe { room_for_struct(error) } }
}

/// Tells `failure` to the caller and to [`ar_last_error`].
///
/// # Safety
///
/// [`check`] has found `error` good.
pub(super) unsafe fn tell(error: *mut Error, failure: &Failure) -> Err {
    if !error.is_null() {
        // SAFETY: `check` has found that there is room.
        unsafe { write_struct(error, &Error::of(failure)) };
    }
    remember(failure)
}

/// Tells `failure` to [`ar_last_error`] alone.
pub(super) fn remember(failure: &Failure) -> Err {
    LAST.with_borrow_mut(|last| *last = Error::of(failure));
    failure.code
}
